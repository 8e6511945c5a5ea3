#include "storage/posix_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "storage/io_error.h"
#include "storage/posix_descriptor.h"
#include "storage/posix_open.h"

namespace moldau::storage {
namespace {

constexpr size_t kMaxPidText = 32;

int SetLock(int fd, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return Uninterrupted([&] { return fcntl(fd, F_OFD_SETLK, &lock); });
}

// The process id in the lock file, 0 if there is none.
pid_t Holder(int fd) {
  char text[kMaxPidText];
  const ssize_t size = Uninterrupted([&] { return pread(fd, text, sizeof(text), 0); });
  int pid = 0;
  if (size <= 0 || !absl::SimpleAtoi(std::string(text, static_cast<size_t>(size)), &pid)) return 0;
  return pid;
}

// The id only serves messages: a full disk must not keep anybody from locking. A wrong id would be worse than none.
void WriteHolder(int fd) {
  const std::string text = absl::StrFormat("%d\n", getpid());
  const auto size = static_cast<ssize_t>(text.size());
  const bool written = Uninterrupted([&] { return pwrite(fd, text.data(), text.size(), 0); }) == size;
  Uninterrupted([&] { return ftruncate(fd, written ? size : 0); });
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)), owner_(getpid()) {}

  ~PosixLock() override {
    // A forked child shares the lock; only the process that took it gives it back. It does so by name rather than by
    // closing, since a child may still hold a copy of the descriptor.
    if (getpid() != owner_) return;
    Uninterrupted([&] { return ftruncate(descriptor_.get(), 0); });
    SetLock(descriptor_.get(), F_UNLCK);
  }

 private:
  const Descriptor descriptor_;
  const pid_t owner_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) {
  MOLDAU_ASSIGN_OR_RETURN(Descriptor descriptor, OpenRegular(path, O_RDWR | O_CREAT));
  if (SetLock(descriptor.get(), F_WRLCK) != 0) {
    const int error = errno;
    if (error != EAGAIN && error != EACCES) return IoError(error, path, "lock");
    return LockedError(path, Holder(descriptor.get()));
  }
  WriteHolder(descriptor.get());
  return std::make_unique<PosixLock>(std::move(descriptor));
}

}  // namespace moldau::storage
