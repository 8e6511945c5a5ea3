#include "base/spin_mutex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpu_relax.h"

namespace moldau::base {
namespace {

// About a microsecond: the copy of a batch, not a time slice of the scheduler.
constexpr int kSpins = 40;

}  // namespace

void SpinMutex::LockSlow() noexcept {
  for (int i = 0; i < kSpins; ++i) {
    if (word_.load(std::memory_order_relaxed) == kFree && TryLock()) return;
    CpuRelax();
  }
  // From here on the word says that somebody sleeps, also once we hold it: others may, and Unlock must look.
  while (word_.exchange(kTakenWithSleepers, std::memory_order_acquire) != kFree) {
    syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, kTakenWithSleepers, nullptr, nullptr, 0);
    for (int i = 0; i < kSpins && word_.load(std::memory_order_relaxed) != kFree; ++i) CpuRelax();
  }
}

void SpinMutex::WakeOne() noexcept { syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

}  // namespace moldau::base
