// The memory of a producer: batches and their buffers, used again and again, under two limits. The producer's own
// counts a batch from its opening until its outcome is known; the broker's budget counts the buffers themselves.
//
// Threads: all members may be called from any thread.   Ownership: batches that are out keep alive what owns the pool.
// Failure: ResourceExhausted naming the limit and the numbers; nothing was taken.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "base/spin_mutex.h"
#include "client/producer_batch.h"
#include "moldau/base/event_count.h"

namespace moldau::client {

class BatchPool {
 public:
  struct Limits {
    size_t buffer_bytes = 0;  // of a usual batch, whose buffers are used again
    size_t total_bytes = 0;
  };

  BatchPool(ProducerCore& core, Limits limits, std::shared_ptr<base::MemoryBudget> budget)
      : core_(core), limits_(limits), budget_(std::move(budget)) {}
  ~BatchPool();
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;

  // Accounts `bytes` to the producer. A batch larger than all the memory there is gets it alone.
  absl::Status Charge(size_t bytes);
  // An empty batch with room for the `bytes` that were charged for it; if there is none the charge is taken back.
  absl::StatusOr<ProducerBatch*> Take(size_t bytes);

  // The batch's bytes have been copied elsewhere.
  void TakeBackBuffer(ProducerBatch* batch);
  // The batch's outcome is known: it does not count any more.
  void TakeBackCharge(size_t bytes) noexcept;
  // Nobody refers to the batch any more.
  void Recycle(ProducerBatch* batch) noexcept;

  // Notified when there may be room again. Shared with callbacks that may outlive the pool.
  [[nodiscard]] const std::shared_ptr<base::EventCount>& event() const noexcept { return event_; }
  [[nodiscard]] bool HasRoomFor(size_t bytes) const noexcept;

 private:
  absl::StatusOr<std::unique_ptr<BatchBuffer>> TakeBuffer(size_t bytes);
  ProducerBatch* TakeBatch();

  ProducerCore& core_;
  const Limits limits_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  const std::shared_ptr<base::EventCount> event_ = std::make_shared<base::EventCount>();
  std::atomic<size_t> used_{0};

  base::SpinMutex mutex_;
  ProducerBatch* free_batches_ ABSL_GUARDED_BY(mutex_) = nullptr;
  size_t free_batch_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<BatchBuffer>> free_buffers_ ABSL_GUARDED_BY(mutex_);  // the one used last comes first
};

}  // namespace moldau::client
