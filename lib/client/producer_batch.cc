#include "client/producer_batch.h"

#include <algorithm>

#include "base/status_builder.h"
#include "client/partition_sender.h"
#include "client/producer_core.h"

namespace moldau::client {

void ProducerBatch::Begin(std::unique_ptr<BatchBuffer> buffer, std::shared_ptr<const void> keep_alive) noexcept {
  buffer_ = std::move(buffer);
  charge_ = buffer_->capacity;
  keep_alive_ = std::move(keep_alive);
  sealed = false;
  base_offset_ = -1;
  record_count_ = 0;
  stage_.store(Stage::kUnsettled, std::memory_order_relaxed);
  references_.store(kBias, std::memory_order_relaxed);
}

std::shared_ptr<const void> ProducerBatch::End() noexcept {
  log_receipt_ = Receipt();
  failure_ = absl::OkStatus();
  return std::move(keep_alive_);
}

void ProducerBatch::Seal(Compression codec) {
  bytes_ = buffer_->builder.Finish({.producer_id = stamp_.producer_id,
                                    .producer_epoch = stamp_.producer_epoch,
                                    .base_sequence = stamp_.base_sequence},
                                   codec);
}

void ProducerBatch::Restamp(const BatchStamp& stamp) noexcept {
  if (stamp == stamp_) return;
  stamp_ = stamp;
  record::SetProducer(bytes_->data(), stamp.producer_id, stamp.producer_epoch, stamp.base_sequence);
}

void ProducerBatch::SettleAppended(int64_t base_offset, Receipt log_receipt) {
  base_offset_ = base_offset;
  log_receipt_ = std::move(log_receipt);
  Settle(Stage::kAppended);
}

void ProducerBatch::SettleFailed(const absl::Status& status) {
  failure_ = status;
  Settle(Stage::kFailed);
}

void ProducerBatch::Settle(Stage stage) {
  std::vector<Callback> callbacks;
  {
    const base::SpinMutexLock lock(callbacks_mutex_);
    stage_.store(stage, std::memory_order_seq_cst);
    callbacks.swap(callbacks_);
  }
  settled_.Notify();
  if (callbacks.empty()) return;
  AddReference();
  core_.PostCallbacks(Receipt(this, 0), std::move(callbacks));
}

void ProducerBatch::DropReferences(int64_t count) noexcept {
  if (references_.fetch_sub(count, std::memory_order_acq_rel) == count) core_.pool().Recycle(this);
}

int64_t ProducerBatch::OffsetOf(int64_t token) const { return stage() == Stage::kAppended ? base_offset_ + token : -1; }

int32_t ProducerBatch::PartitionOf(int64_t) const { return sender_->partition(); }

bool ProducerBatch::IsDone(int64_t) const {
  const Stage now = stage();
  return now == Stage::kFailed || (now == Stage::kAppended && log_receipt_.done());
}

absl::Status ProducerBatch::StatusOf(int64_t) const {
  return stage() == Stage::kFailed ? failure_ : log_receipt_.status();
}

absl::Status ProducerBatch::Wait(int64_t, std::chrono::nanoseconds timeout) {
  const MonoTime deadline = DeadlineAfter(core_.executor().clock(), timeout);
  MOLDAU_RETURN_IF_ERROR(WaitSettled(deadline));
  if (stage() == Stage::kFailed) return failure_;
  if (deadline == kForever) return log_receipt_.Wait(kForever);
  return log_receipt_.Wait(std::max(deadline - core_.executor().clock().Now(), std::chrono::nanoseconds(0)));
}

absl::Status ProducerBatch::WaitSettled(MonoTime deadline) {
  const auto settled = [this] { return stage() != Stage::kUnsettled; };
  if (settled()) return absl::OkStatus();
  sender_->Push(this);
  if (core_.executor().WaitUntil(settled_, settled, deadline)) return absl::OkStatus();
  return absl::DeadlineExceededError("receipt: the batch was not appended within the timeout");
}

void ProducerBatch::OnDone(int64_t, Callback callback) {
  {
    const base::SpinMutexLock lock(callbacks_mutex_);
    if (stage() == Stage::kUnsettled) return callbacks_.push_back(std::move(callback));
  }
  if (stage() == Stage::kFailed) return std::move(callback)(failure_);
  log_receipt_.OnDone(std::move(callback));
}

}  // namespace moldau::client
