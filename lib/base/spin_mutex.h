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
    if (word_.exchange(kFree, std::memory_order_acq_rel) == kTakenWithSleepers) WakeOne();
  }

  [[nodiscard]] bool TryLock() noexcept ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    uint32_t expected = kFree;
    return word_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire, std::memory_order_relaxed);
  }

  // Orders the caller against all sections without waiting for any: of each, either the caller sees what it did, or
  // whoever unlocks at its end sees what the caller did before. For those who register something that is looked at
  // after Unlock.
  void Synchronize() noexcept {
    uint32_t word = word_.load(std::memory_order_relaxed);
    // A section that runs is told by the word, which its Unlock takes back.
    while (!word_.compare_exchange_weak(word, word == kFree ? kFree : kTakenWithSleepers, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
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
