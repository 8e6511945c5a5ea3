// A lock for sections of nanoseconds to microseconds that many threads enter: taking it free is one compare-and-swap,
// giving it back one exchange. A thread that finds it taken spins for about a microsecond, then sleeps in the kernel,
// so that a preempted holder costs nobody a core.
//
// The lock is not handed over: whoever is awake takes it first. A sleeper that was woken spins again, which gives it a
// share under load; there is no queue that could stall behind a preempted thread.
//
// Threads: that is what it is for.   Ownership: none.   Failure: none.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"

namespace moldau::base {

class ABSL_LOCKABLE SpinMutex {
 public:
  SpinMutex() = default;
  SpinMutex(const SpinMutex&) = delete;
  SpinMutex& operator=(const SpinMutex&) = delete;

  void Lock() noexcept ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    uint32_t expected = kFree;
    if (!word_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire, std::memory_order_relaxed))
      LockSlow();
  }

  void Unlock() noexcept ABSL_UNLOCK_FUNCTION() {
    if (word_.exchange(kFree, std::memory_order_release) == kTakenWithSleepers) WakeOne();
  }

  [[nodiscard]] bool TryLock() noexcept ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    uint32_t expected = kFree;
    return word_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire, std::memory_order_relaxed);
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kTaken = 1;
  static constexpr uint32_t kTakenWithSleepers = 2;

  void LockSlow() noexcept ABSL_NO_THREAD_SAFETY_ANALYSIS;  // it is Lock that is said to take it
  void WakeOne() noexcept;

  std::atomic<uint32_t> word_{kFree};
};

class ABSL_SCOPED_LOCKABLE SpinMutexLock {
 public:
  explicit SpinMutexLock(SpinMutex& mutex) noexcept ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~SpinMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  SpinMutexLock(const SpinMutexLock&) = delete;
  SpinMutexLock& operator=(const SpinMutexLock&) = delete;

 private:
  SpinMutex& mutex_;
};

}  // namespace moldau::base
