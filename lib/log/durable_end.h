// How far a log is durable, apart from the log itself, so that receipts can outlive it. A batch becomes durable as a
// whole: the receipt of a batch is done once the durable end is above its first offset.
//
// Threads: all members may be called from any thread.   Ownership: counted; the log holds one reference, each
// receipt another.
// Failure: after Fail every open receipt is done with that status.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "base/mutex.h"
#include "moldau/base/event_count.h"
#include "moldau/receipt.h"

namespace moldau::log {

// What can move the durable end: the log.
class FlushDriver {
 public:
  // Blocks until `end` is above `offset`, flushing on this thread if nobody else does.
  virtual absl::Status AwaitDurable(int64_t offset, std::chrono::nanoseconds timeout) = 0;
  // Sees to it that a flush begins soon in the background.
  virtual void RequestFlush() = 0;
  // Runs `task`, which calls the host's callbacks, on the executor or when the broker closes.
  virtual void PostCallbacks(absl::AnyInvocable<void()> task) = 0;

 protected:
  ~FlushDriver() = default;
};

class DurableEnd final : public internal::ReceiptSource {
 public:
  using Callback = absl::AnyInvocable<void(const absl::Status&) &&>;

  DurableEnd(FlushDriver& driver, int32_t partition) : driver_(&driver), partition_(partition) {}

  [[nodiscard]] int64_t offset() const noexcept { return end_.load(std::memory_order_acquire); }
  [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  [[nodiscard]] absl::Status failure() const;
  [[nodiscard]] base::EventCount& event() noexcept { return event_; }

  // Everything below `end` is durable. Wakes waiters; callbacks run on the executor. Called by the driver.
  void Advance(int64_t end);
  // Only for a log that was cut: the end may go back.
  void Reset(int64_t end) noexcept { end_.store(end, std::memory_order_seq_cst); }
  // Nothing more will become durable. The first failure stays.
  void Fail(absl::Status status);
  // The log is gone; it is not called any more after this returns.
  void Detach();

  // --- ReceiptSource; the token is the offset of the first record of the batch ---
  int64_t OffsetOf(int64_t token) const override { return token; }
  int32_t PartitionOf(int64_t) const override { return partition_; }
  bool IsDone(int64_t token) const override;
  absl::Status StatusOf(int64_t token) const override;
  absl::Status Wait(int64_t token, std::chrono::nanoseconds timeout) override;
  void OnDone(int64_t token, Callback callback) override;
  void AddReference() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void DropReference() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  ~DurableEnd() = default;
  void PostDueCallbacks();
  void RunDueCallbacks();
  // Runs `use` with the driver while it cannot go away. False if it is gone.
  bool WithDriver(absl::FunctionRef<void(FlushDriver&)> use);

  std::atomic<int64_t> end_{0};
  std::atomic<bool> failed_{false};
  std::atomic<int64_t> references_{1};
  std::atomic<int> callback_count_{0};
  base::EventCount event_;

  mutable base::Mutex mutex_;
  FlushDriver* driver_ ABSL_GUARDED_BY(mutex_);
  int driver_users_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::multimap<int64_t, Callback> callbacks_ ABSL_GUARDED_BY(mutex_);
  const int32_t partition_;
};

}  // namespace moldau::log
