// Knows whether this process is a forked child of the one that made it. A child has none of the threads and mappings of
// its parent, so everything that needs them refuses to work there. The check is one load: the kernel wipes the guard's
// page in every child.
//
// Threads: in_child() may be called from any thread.   Ownership: none.
// Failure: where the kernel cannot wipe pages the check asks for the process id, a system call.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace moldau::base {

class ForkGuard {
 public:
  ForkGuard();
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  [[nodiscard]] bool in_child() const noexcept { return page_ != nullptr ? *page_ == 0 : PidDiffers(); }

 private:
  [[nodiscard]] bool PidDiffers() const noexcept;

  const volatile uint8_t* page_ = nullptr;  // 1 in the process that made it; null if the kernel cannot wipe pages
  pid_t pid_;
};

}  // namespace moldau::base
