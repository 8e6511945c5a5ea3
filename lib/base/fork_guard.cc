#include "base/fork_guard.h"

#include <sys/mman.h>
#include <unistd.h>

namespace moldau::base {
namespace {

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

ForkGuard::ForkGuard() : pid_(getpid()) {
  void* page = mmap(nullptr, PageSize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (madvise(page, PageSize(), MADV_WIPEONFORK) != 0) {
    munmap(page, PageSize());
    return;
  }
  *static_cast<uint8_t*>(page) = 1;
  page_ = static_cast<uint8_t*>(page);
}

ForkGuard::~ForkGuard() {
  if (page_ != nullptr) munmap(const_cast<uint8_t*>(page_), PageSize());
}

bool ForkGuard::PidDiffers() const noexcept { return getpid() != pid_; }

}  // namespace moldau::base
