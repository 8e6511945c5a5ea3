// The answer to an append or a send: where the record went, and when it is as durable as its topic promises. Appending
// and durable are separate moments; a receipt can be waited for, polled, or given a callback, or simply dropped.
//
// Partition::Append's receipt knows its offset at once. Producer::Send's learns it when its batch has been appended.
//
// Threads: one receipt is used by one thread at a time; copies may be used by others.   Ownership: independent; it
// may outlive the producer, the partition and the broker, and then reports Cancelled if the outcome was still open.
// Failure: the status says why the record was not stored or can no longer become durable; it never changes once done.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "moldau/base/clock.h"

namespace moldau {

namespace internal {

// What a receipt refers to while its outcome is open: a producer's batch or the unflushed end of a log. Counted by
// hand, so that a receipt is two words and a send need not allocate.
class ReceiptSource {
 public:
  virtual int64_t OffsetOf(int64_t token) const = 0;     // -1: not known
  virtual int32_t PartitionOf(int64_t token) const = 0;  // -1: not known
  virtual bool IsDone(int64_t token) const = 0;
  virtual absl::Status StatusOf(int64_t token) const = 0;  // of what is done
  virtual absl::Status Wait(int64_t token, std::chrono::nanoseconds timeout) = 0;
  virtual void OnDone(int64_t token, absl::AnyInvocable<void(const absl::Status&) &&> callback) = 0;
  virtual void AddReference() noexcept = 0;
  virtual void DropReference() noexcept = 0;

 protected:
  ~ReceiptSource() = default;
};

}  // namespace internal

class [[nodiscard]] Receipt {
 public:
  // Of nothing: done, OK, offset -1.
  Receipt() noexcept = default;

  // Of a record that is already as durable as it will be.
  Receipt(int32_t partition, int64_t offset) noexcept : token_(offset), partition_(partition) {}

  // Of an open outcome; takes over one reference to `source`.
  Receipt(internal::ReceiptSource* source, int64_t token) noexcept : source_(source), token_(token) {}

  Receipt(Receipt&& other) noexcept
      : source_(std::exchange(other.source_, nullptr)), token_(other.token_), partition_(other.partition_) {}
  Receipt(const Receipt& other) noexcept : source_(other.source_), token_(other.token_), partition_(other.partition_) {
    if (source_ != nullptr) source_->AddReference();
  }
  Receipt& operator=(Receipt other) noexcept {
    std::swap(source_, other.source_);
    std::swap(token_, other.token_);
    std::swap(partition_, other.partition_);
    return *this;
  }
  ~Receipt() {
    if (source_ != nullptr) source_->DropReference();
  }

  // Of the record, or of the first record of a batch; -1 while it is not known.
  [[nodiscard]] int64_t offset() const { return source_ == nullptr ? token_ : source_->OffsetOf(token_); }

  // -1 while it is not known.
  [[nodiscard]] int32_t partition() const { return source_ == nullptr ? partition_ : source_->PartitionOf(token_); }

  // True once the outcome is known: durable as the topic promises, or failed.
  [[nodiscard]] bool done() const { return source_ == nullptr || source_->IsDone(token_); }

  // The outcome; Unavailable while it is open.
  [[nodiscard]] absl::Status status() const;

  // Blocks until done; DeadlineExceeded after `timeout`, which changes nothing. The waiting thread may do the flush
  // itself, and drives the executor where the host does.
  absl::Status Wait(std::chrono::nanoseconds timeout = kForever) const;

  // Calls `callback` once with the outcome: at once on this thread if it is done, else on a thread of the executor, or
  // on the one that closes a broker whose executor is the host's. It may do anything, but what it throws goes no
  // further than standard error.
  void OnDone(absl::AnyInvocable<void(const absl::Status&) &&> callback) const;

 private:
  internal::ReceiptSource* source_ = nullptr;
  int64_t token_ = -1;
  int32_t partition_ = -1;
};

}  // namespace moldau
