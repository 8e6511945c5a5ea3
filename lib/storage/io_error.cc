#include "storage/io_error.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace moldau::storage {
namespace {

absl::StatusCode Classify(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOLCK:
      return absl::StatusCode::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EXDEV:
    case ELOOP:
    case EBUSY:
    case ETXTBSY:
      return absl::StatusCode::kFailedPrecondition;
    case EINVAL:
    case ENAMETOOLONG:
      return absl::StatusCode::kInvalidArgument;
    case EIO:
    case EBADMSG:
    case EUCLEAN:
    case EHWPOISON:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string Description(int error) {
  const char* text = strerrordesc_np(error);
  if (text == nullptr) return absl::StrFormat("error %d", error);
  std::string description = text;
  description[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(description[0])));
  return description;
}

std::string ResourceLimit(const char* name, int resource) {
  rlimit limit;
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return "";
  if (limit.rlim_cur == RLIM_INFINITY) return absl::StrFormat(" (%s is unlimited)", name);
  return absl::StrFormat(" (%s is %d)", name, limit.rlim_cur);
}

std::string KernelLimit(const char* name, const char* file) {
  std::string value;
  if (!(std::ifstream(file) >> value)) return "";
  return absl::StrFormat(" (%s is %s)", name, value);
}

std::string LimitBehind(int error) {
  switch (error) {
    case EMFILE:
      return ResourceLimit("RLIMIT_NOFILE", RLIMIT_NOFILE);
    case EFBIG:
      return ResourceLimit("RLIMIT_FSIZE", RLIMIT_FSIZE);
    case ENFILE:
      return KernelLimit("fs.file-max", "/proc/sys/fs/file-max");
    case ENOMEM:
      return KernelLimit("vm.max_map_count", "/proc/sys/vm/max_map_count");
    default:
      return "";
  }
}

}  // namespace

absl::Status IoError(int error, std::string_view path, std::string_view action) {
  return StorageError(Classify(error), "%s: %s: %s%s", path, action, Description(error), LimitBehind(error));
}

absl::Status ReadOnlyError(std::string_view path, std::string_view action) {
  return StorageError(absl::StatusCode::kFailedPrecondition, "%s: %s: it is open for reading only", path, action);
}

absl::Status LockedError(std::string_view path, pid_t holder) {
  const std::string who = holder == 0          ? std::string("a process that left no id")
                          : holder == getpid() ? absl::StrFormat("this process (%d)", holder)
                                               : absl::StrFormat("process %d", holder);
  return StorageError(absl::StatusCode::kFailedPrecondition, "%s: locked by %s", path, who);
}

absl::Status CheckRange(std::string_view path, uint64_t offset, uint64_t length, uint64_t size) {
  if (offset <= size && length <= size - offset) return absl::OkStatus();
  return StorageError(absl::StatusCode::kInvalidArgument, "%s: %d bytes at %d end behind %d", path, length, offset,
                      size);
}

}  // namespace moldau::storage
