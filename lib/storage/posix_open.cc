#include "storage/posix_open.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "storage/io_error.h"

namespace moldau::storage {
namespace {

constexpr mode_t kFilePermissions = 0640;

}  // namespace

absl::Status CheckPath(const std::string& path) {
  if (path.find('\0') == std::string::npos) return absl::OkStatus();
  return StorageError(absl::StatusCode::kInvalidArgument, "%s: a path cannot hold a zero byte", path.c_str());
}

absl::StatusOr<Descriptor> OpenRegular(const std::string& path, int flags) {
  MOLDAU_RETURN_IF_ERROR(CheckPath(path));
  // Without O_NONBLOCK opening a pipe would wait for its other end; on a plain file it means nothing.
  constexpr int kAlways = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Descriptor descriptor(Uninterrupted([&] { return open(path.c_str(), flags | kAlways, kFilePermissions); }));
  if (!descriptor.ok()) return IoError(errno, path, (flags & O_CREAT) != 0 ? "create" : "open");
  struct stat info;
  if (fstat(descriptor.get(), &info) != 0) return IoError(errno, path, "open");
  if (S_ISDIR(info.st_mode)) return IoError(EISDIR, path, "open");
  if (!S_ISREG(info.st_mode)) {
    return StorageError(absl::StatusCode::kFailedPrecondition, "%s: open: not a plain file", path);
  }
  return descriptor;
}

}  // namespace moldau::storage
