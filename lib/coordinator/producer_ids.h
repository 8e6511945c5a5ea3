// Hands out the ids of idempotent producers, each once in the life of the data directory. They come in blocks: a block
// is taken by a record of the metadata log, durable before its first id is given away, and what a stop leaves of it is
// never used.
//
// Threads: all members may be called from any thread.   Ownership: values.
// Failure: that of taking a block; the next call tries again.   Source: Kafka's InitProducerId, KIP-730.
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"

namespace moldau::coordinator {

inline constexpr int64_t kProducerIdBlock = 1000;

class ProducerIds {
 public:
  // Makes kProducerIdBlock more ids nobody else's, durably, and returns the first of them.
  using TakeBlock = absl::AnyInvocable<absl::StatusOr<int64_t>()>;

  explicit ProducerIds(TakeBlock take_block) : take_block_(std::move(take_block)) {}

  // The id of a new producer, whose epoch is 0.
  [[nodiscard]] absl::StatusOr<int64_t> Next();

 private:
  base::Mutex mutex_;
  TakeBlock take_block_ ABSL_GUARDED_BY(mutex_);
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t block_end_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace moldau::coordinator
