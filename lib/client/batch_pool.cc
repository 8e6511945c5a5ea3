#include "client/batch_pool.h"

#include <utility>

#include "base/status_builder.h"
#include "client/producer_core.h"

namespace moldau::client {
namespace {

// What lies idle is kept for the next burst up to this much; the rest goes back.
constexpr size_t kIdleBuffers = 64;
constexpr size_t kIdleBatches = 1024;

}  // namespace

BatchPool::~BatchPool() {
  while (free_batches_ != nullptr) delete std::exchange(free_batches_, free_batches_->next);
}

bool BatchPool::HasRoomFor(size_t bytes) const noexcept {
  const size_t used = used_.load(std::memory_order_seq_cst);
  return used == 0 || used + bytes <= limits_.total_bytes;
}

absl::Status BatchPool::Charge(size_t bytes) {
  const size_t used = used_.fetch_add(bytes, std::memory_order_relaxed);
  if (used == 0 || used + bytes <= limits_.total_bytes) return absl::OkStatus();
  TakeBackCharge(bytes);
  return base::Error(absl::StatusCode::kResourceExhausted,
                     "producer: %d of %d bytes of buffer memory are in use, %d more are needed", used,
                     limits_.total_bytes, bytes);
}

absl::StatusOr<ProducerBatch*> BatchPool::Take(size_t bytes) {
  absl::StatusOr<std::unique_ptr<BatchBuffer>> buffer = TakeBuffer(bytes);
  if (!buffer.ok()) {
    TakeBackCharge(bytes);
    return std::move(buffer).status();
  }
  ProducerBatch* const batch = TakeBatch();
  batch->Begin(*std::move(buffer), core_.shared_from_this());
  return batch;
}

absl::StatusOr<std::unique_ptr<BatchBuffer>> BatchPool::TakeBuffer(size_t bytes) {
  if (bytes == limits_.buffer_bytes) {
    const base::SpinMutexLock lock(mutex_);
    if (!free_buffers_.empty()) {
      std::unique_ptr<BatchBuffer> buffer = std::move(free_buffers_.back());
      free_buffers_.pop_back();
      return buffer;
    }
  }
  MOLDAU_ASSIGN_OR_RETURN(base::MemoryBudget::Reservation reservation, budget_->TryReserve(bytes, "producer batch"));
  return std::make_unique<BatchBuffer>(bytes, std::move(reservation));
}

ProducerBatch* BatchPool::TakeBatch() {
  {
    const base::SpinMutexLock lock(mutex_);
    if (free_batches_ != nullptr) {
      --free_batch_count_;
      return std::exchange(free_batches_, free_batches_->next);
    }
  }
  return new ProducerBatch(core_);
}

void BatchPool::TakeBackBuffer(ProducerBatch* batch) {
  std::unique_ptr<BatchBuffer> buffer = batch->TakeBuffer();
  if (buffer->capacity != limits_.buffer_bytes) return;
  buffer->builder.Clear();
  const base::SpinMutexLock lock(mutex_);
  if (free_buffers_.size() < kIdleBuffers) free_buffers_.push_back(std::move(buffer));
}

void BatchPool::TakeBackCharge(size_t bytes) noexcept {
  used_.fetch_sub(bytes, std::memory_order_seq_cst);
  event_->Notify();
}

void BatchPool::Recycle(ProducerBatch* batch) noexcept {
  // Let go of last: it may own this pool.
  const std::shared_ptr<const void> keep_alive = batch->End();
  {
    const base::SpinMutexLock lock(mutex_);
    if (free_batch_count_ < kIdleBatches) {
      batch->next = std::exchange(free_batches_, batch);
      ++free_batch_count_;
      return;
    }
  }
  delete batch;
}

}  // namespace moldau::client
