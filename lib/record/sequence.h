// The numbers by which an idempotent producer counts the records that it sends to one partition: 0 to 2^31 - 1, then 0
// again.
//
// Threads: pure functions.   Ownership: none.   Failure: none.   Source: Kafka's DefaultRecordBatch (KIP-98).
#pragma once

#include <cstdint>
#include <limits>

namespace moldau::record {

inline constexpr int32_t kMaxSequence = std::numeric_limits<int32_t>::max();

// `sequence` and `count` are not negative.
[[nodiscard]] constexpr int32_t SequenceAfter(int32_t sequence, int32_t count) noexcept {
  return sequence > kMaxSequence - count ? count - (kMaxSequence - sequence) - 1 : sequence + count;
}
[[nodiscard]] constexpr int32_t SequenceBefore(int32_t sequence, int32_t count) noexcept {
  return sequence < count ? kMaxSequence - (count - sequence) + 1 : sequence - count;
}

}  // namespace moldau::record
