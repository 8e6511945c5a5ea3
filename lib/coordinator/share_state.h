// How far a queue has come with a partition, as it is kept on disk: where its records in flight begin, and what has
// happened to those behind. An offset that no batch names has never been handed out.
//
//     all done   start     available, delivered twice          acknowledged             never handed out
//     - - - - - - |======================================|==========================|- - - - - - - - - -
//                         batch {first, last, state, count}           batch
//
// Threads: plain values.   Ownership: none.   Failure: none.
// Source: KIP-932, share-partition state.
#pragma once

#include <cstdint>
#include <vector>

namespace moldau::coordinator {

// Kafka's numbers. Acquired is never written: a lock does not outlive its process.
enum class DeliveryState : int8_t {
  kAvailable = 0,
  kAcquired = 1,
  kAcknowledged = 2,
  kArchiving = 3,  // given up, but its dead letter is not known to be safe
  kArchived = 4,   // given up
};

[[nodiscard]] constexpr bool IsDone(DeliveryState state) noexcept {
  return state == DeliveryState::kAcknowledged || state == DeliveryState::kArchived;
}

// Offsets `first` to `last` that have the same state and have been handed out equally often.
struct StateBatch {
  int64_t first = 0;
  int64_t last = 0;
  DeliveryState state = DeliveryState::kAvailable;
  int16_t delivery_count = 0;

  friend bool operator==(const StateBatch&, const StateBatch&) = default;
};

// Appends `next` to `batches`, as a part of the last one if it goes on where that ends.
void AppendBatch(std::vector<StateBatch>& batches, const StateBatch& next);

struct ShareState {
  int64_t start_offset = 0;
  std::vector<StateBatch> batches;  // ascending, none overlaps another

  // What an update says: each change replaces what was known of its offsets, and all below `start` is done.
  void Apply(int64_t start, const std::vector<StateBatch>& changes);

  // Forgets all at and above `end`, where the log ends. False if nothing was known of it.
  bool Truncate(int64_t end);

  friend bool operator==(const ShareState&, const ShareState&) = default;
};

}  // namespace moldau::coordinator
