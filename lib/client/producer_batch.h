// A batch on its way into a log, and what its receipts refer to. It is filled while open, closed once, and then either
// appended (from then on its receipts ask the log's own receipt) or failed.
//
//     open --(full, lingered, waited for)--> closed --> appended --(the log's receipt)--> durable or failed
//                                                  \--> failed
//
// References are counted from a bias: while the batch is open each record's receipt takes one of kBias references
// without an atomic operation, and the sender gives back at the end those that it did not hand out. The last one
// recycles the batch.
//
// Threads: filling, closing and settling belong to the batch's PartitionSender; ReceiptSource from any thread.
// Ownership: its pool's; it keeps the ProducerCore alive while it is out.   Failure: the status of the append.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "base/spin_mutex.h"
#include "client/batch_stamp.h"
#include "moldau/base/event_count.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "record/batch_builder.h"

namespace moldau::client {

class PartitionSender;
class ProducerCore;

// Memory for the records of one batch, taken from the broker's budget.
struct BatchBuffer {
  BatchBuffer(size_t bytes, base::MemoryBudget::Reservation taken)
      : capacity(bytes), reservation(std::move(taken)), builder(bytes) {}

  const size_t capacity;
  base::MemoryBudget::Reservation reservation;
  record::BatchBuilder builder;
};

class ProducerBatch final : public internal::ReceiptSource {
 public:
  using Callback = absl::AnyInvocable<void(const absl::Status&) &&>;

  explicit ProducerBatch(ProducerCore& core) noexcept : core_(core) {}

  ProducerBatch* next = nullptr;  // in the list of whoever holds it

  // --- the pool ---

  // Begins a life with this memory; `keep_alive` is what must not go away before it ends.
  void Begin(std::unique_ptr<BatchBuffer> buffer, std::shared_ptr<const void> keep_alive) noexcept;
  // Ends it; returns what was kept alive.
  [[nodiscard]] std::shared_ptr<const void> End() noexcept;
  [[nodiscard]] std::unique_ptr<BatchBuffer> TakeBuffer() noexcept { return std::move(buffer_); }
  // What it counts for in the producer's buffer memory until its outcome is known.
  [[nodiscard]] size_t charge() const noexcept { return charge_; }

  // --- the sender ---

  void Open(PartitionSender& sender) noexcept { sender_ = &sender; }
  [[nodiscard]] bool HasRoomFor(const Record& record) const noexcept { return buffer_->builder.HasRoomFor(record); }
  // HasRoomFor said yes.
  [[nodiscard]] Receipt Append(const Record& record, Timestamp now) noexcept {
    const int64_t index = buffer_->builder.record_count();
    buffer_->builder.Append(record, now);
    return Receipt(this, index);
  }
  [[nodiscard]] bool empty() const noexcept { return buffer_->builder.empty(); }
  void Close(const BatchStamp& stamp) noexcept {
    record_count_ = buffer_->builder.record_count();
    stamp_ = stamp;
  }
  [[nodiscard]] int32_t record_count() const noexcept { return record_count_; }

  // Makes the bytes that are appended; by the thread that closed it.
  void Seal(Compression codec);
  bool sealed = false;  // guarded by the sender's lock
  // Puts another stamp on the sealed batch.
  void Restamp(const BatchStamp& stamp) noexcept;
  [[nodiscard]] const absl::StatusOr<std::span<std::byte>>& bytes() const noexcept { return bytes_; }

  // One of these ends its way: what the log answered, or why it got no further.
  void SettleAppended(int64_t base_offset, Receipt log_receipt);
  void SettleFailed(const absl::Status& status);
  // The log's own receipt, once appended.
  [[nodiscard]] const Receipt& log_receipt() const noexcept { return log_receipt_; }
  // Gives back the references that no receipt got; the batch may be gone afterwards.
  void DropSenderReferences() noexcept { DropReferences(kBias - record_count_); }

  // --- receipts; the token is the record's index in the batch ---

  [[nodiscard]] int64_t OffsetOf(int64_t token) const override;
  [[nodiscard]] int32_t PartitionOf(int64_t token) const override;
  [[nodiscard]] bool IsDone(int64_t token) const override;
  [[nodiscard]] absl::Status StatusOf(int64_t token) const override;
  absl::Status Wait(int64_t token, std::chrono::nanoseconds timeout) override;
  void OnDone(int64_t token, Callback callback) override;
  void AddReference() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void DropReference() noexcept override { DropReferences(1); }

 private:
  enum class Stage : uint8_t { kUnsettled, kAppended, kFailed };
  static constexpr int64_t kBias = int64_t{1} << 40;

  [[nodiscard]] Stage stage() const noexcept { return stage_.load(std::memory_order_seq_cst); }
  void Settle(Stage stage);
  void DropReferences(int64_t count) noexcept;
  [[nodiscard]] absl::Status WaitSettled(MonoTime deadline);

  std::unique_ptr<BatchBuffer> buffer_;
  PartitionSender* sender_ = nullptr;
  std::atomic<int64_t> references_{0};
  std::atomic<Stage> stage_{Stage::kUnsettled};

  ProducerCore& core_;
  std::shared_ptr<const void> keep_alive_;
  size_t charge_ = 0;
  int32_t record_count_ = 0;
  BatchStamp stamp_;
  absl::StatusOr<std::span<std::byte>> bytes_;
  base::EventCount settled_;

  // Written before the stage that makes them readable.
  int64_t base_offset_ = -1;
  Receipt log_receipt_;
  absl::Status failure_;

  base::SpinMutex callbacks_mutex_;
  std::vector<Callback> callbacks_ ABSL_GUARDED_BY(callbacks_mutex_);
};

// Batches in the order in which they were put in, linked through themselves.
class BatchQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] ProducerBatch* front() const noexcept { return first_; }
  [[nodiscard]] ProducerBatch* back() const noexcept { return last_; }
  void Push(ProducerBatch* batch) noexcept {
    batch->next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = batch;
    last_ = batch;
  }
  ProducerBatch* Pop() noexcept {
    ProducerBatch* const batch = first_;
    first_ = batch->next;
    if (first_ == nullptr) last_ = nullptr;
    return batch;
  }

 private:
  ProducerBatch* first_ = nullptr;
  ProducerBatch* last_ = nullptr;
};

}  // namespace moldau::client
