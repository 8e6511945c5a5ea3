// Hands out the ids of idempotent producers, each with an epoch once in the life of the data directory. They come in
// blocks: a block is taken by a record of the metadata log, durable before its first id is given away, and what a stop
// leaves of it is never used. An id that is given back goes out again in its next epoch, which a partition takes in the
// place of the last: what partitions remember is bounded by the producers that live at a time, not by all there were.
//
// The price: the first producer of a process waits for a flushed record of some 90 bytes, which stays in the metadata
// log for good.
//
// Threads: all members may be called from any thread.   Ownership: values.
// Failure: that of taking a block; the next call tries again.   Source: Kafka's InitProducerId, KIP-730.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"

namespace moldau::coordinator {

inline constexpr int64_t kProducerIdBlock = 1000;

// What a producer's batches say of it. -1: it is not idempotent.
struct ProducerIdentity {
  int64_t id = -1;
  int16_t epoch = -1;

  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

class ProducerIds {
 public:
  // Makes kProducerIdBlock more ids nobody else's, durably, and returns the first of them.
  using TakeBlock = absl::AnyInvocable<absl::StatusOr<int64_t>()>;

  explicit ProducerIds(TakeBlock take_block) : take_block_(std::move(take_block)) {}

  // That of a new producer.
  [[nodiscard]] absl::StatusOr<ProducerIdentity> Next();
  // Its producer has gone, and no batch of it can come any more. Waits for nobody.
  void GiveBack(ProducerIdentity producer);

 private:
  base::Mutex mutex_;
  TakeBlock take_block_ ABSL_GUARDED_BY(mutex_);
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t block_end_ ABSL_GUARDED_BY(mutex_) = 0;

  base::Mutex given_back_mutex_;  // not the one that is held while a block is taken
  std::vector<ProducerIdentity> given_back_ ABSL_GUARDED_BY(given_back_mutex_);
};

}  // namespace moldau::coordinator
