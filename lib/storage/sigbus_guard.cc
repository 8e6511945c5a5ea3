#include "storage/sigbus_guard.h"

#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>

#include "base/mutex.h"
#include "storage/io_error.h"

namespace moldau::storage {
namespace {

// A guarded access that is going on; they nest.
struct Region {
  Region(std::span<const std::byte> guarded, Region* around) : range(guarded), outer(around) {}

  // The kernel may name only the page that failed.
  [[nodiscard]] bool Holds(const void* address, uintptr_t page_size) const {
    const auto at = reinterpret_cast<uintptr_t>(address) / page_size;
    const auto first = reinterpret_cast<uintptr_t>(range.data());
    return !range.empty() && at >= first / page_size && at <= (first + range.size() - 1) / page_size;
  }

  const std::span<const std::byte> range;
  Region* const outer;
  sigjmp_buf back;
};

constinit thread_local Region* innermost = nullptr;

std::atomic<bool> installed{false};
struct sigaction previous;  // this and the next are written before the handler is in place
uintptr_t system_page = 4096;

void PassOn(int signal, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // Back in the failing instruction, the same signal ends the process as it would have without us.
    sigaction(SIGBUS, &previous, nullptr);
  }
}

void OnSigbus(int signal, siginfo_t* info, void* context) {
  for (Region* region = innermost; region != nullptr; region = region->outer) {
    if (!region->Holds(info->si_addr, system_page)) continue;
    innermost = region->outer;
    // The jump restores no mask, and leaves the handler for good.
    pthread_sigmask(SIG_SETMASK, &static_cast<const ucontext_t*>(context)->uc_sigmask, nullptr);
    siglongjmp(region->back, 1);
  }
  PassOn(signal, info, context);
}

}  // namespace

absl::Status InstallSigbusGuard() {
  static base::Mutex mutex;
  const base::MutexLock lock(mutex);
  if (installed.load(std::memory_order_relaxed)) return absl::OkStatus();
  system_page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = OnSigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  if (sigaction(SIGBUS, nullptr, &previous) != 0 || sigaction(SIGBUS, &action, nullptr) != 0) {
    return IoError(errno, "sigbus guard", "install the handler");
  }
  installed.store(true, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status WithSigbusGuard(std::string_view path, std::span<const std::byte> range,
                             absl::FunctionRef<void()> access) {
  if (!installed.load(std::memory_order_acquire)) {
    access();
    return absl::OkStatus();
  }
  Region region(range, innermost);
  if (sigsetjmp(region.back, 0) == 0) {
    innermost = &region;
    access();
    innermost = region.outer;
    return absl::OkStatus();
  }
  return StorageError(absl::StatusCode::kDataLoss, "%s: a page of %d mapped bytes cannot be read", path, range.size());
}

}  // namespace moldau::storage
