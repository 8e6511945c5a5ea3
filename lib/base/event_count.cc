#include "moldau/base/event_count.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace moldau::base {
namespace {

// FUTEX_WAIT_BITSET takes an absolute deadline, so a sleep that is cut short by a signal does not start over.
long FutexWaitUntil(std::atomic<uint32_t>& word, uint32_t expected, const timespec* deadline) noexcept {
  return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
}

// The moment `timeout` from now on the monotonic clock; false if it lies beyond what a timespec holds.
bool DeadlineIn(std::chrono::nanoseconds timeout, timespec& deadline) noexcept {
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t nanos = now.tv_nsec + timeout.count() % kNanosPerSecond;
  deadline.tv_nsec = nanos % kNanosPerSecond;
  return !__builtin_add_overflow(now.tv_sec, timeout.count() / kNanosPerSecond + nanos / kNanosPerSecond,
                                 &deadline.tv_sec);
}

}  // namespace

void EventCount::Wake() noexcept {
  count_.fetch_add(1, std::memory_order_seq_cst);
  syscall(SYS_futex, &count_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

bool EventCount::Sleep(uint32_t key, std::optional<std::chrono::nanoseconds> timeout) noexcept {
  static_assert(sizeof(count_) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  if (count_.load(std::memory_order_seq_cst) != key) return true;
  if (timeout && timeout->count() <= 0) return false;
  timespec deadline;
  const timespec* until = timeout && DeadlineIn(*timeout, deadline) ? &deadline : nullptr;
  while (count_.load(std::memory_order_seq_cst) == key) {
    if (FutexWaitUntil(count_, key, until) != 0 && errno == ETIMEDOUT) {
      return count_.load(std::memory_order_seq_cst) != key;
    }
  }
  return true;
}

}  // namespace moldau::base
