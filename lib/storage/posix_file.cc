#include "storage/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/io_error.h"
#include "storage/posix_allocate.h"
#include "storage/posix_mapping.h"

namespace moldau::storage {
namespace {

// What is left on the device, for the message of a full disk.
std::string FreeSpace(int fd) {
  struct statvfs device;
  if (fstatvfs(fd, &device) != 0) return "";
  return absl::StrFormat(" (%d bytes free)", uint64_t{device.f_bavail} * device.f_frsize);
}

}  // namespace

absl::StatusOr<size_t> PosixFile::Read(uint64_t offset, std::span<std::byte> out) const {
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, out.size(), kMaxFileSize));
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = Uninterrupted(
        [&] { return pread(fd(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done)); });
    if (got < 0) return IoError(errno, path_, absl::StrFormat("read %d bytes at %d", out.size(), offset));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::Status PosixFile::Write(uint64_t offset, std::span<const std::byte> data) {
  const auto action = [&] { return absl::StrFormat("write %d bytes at %d", data.size(), offset); };
  if (!writable_) return ReadOnlyError(path_, action());
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, data.size(), kMaxFileSize));
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = Uninterrupted(
        [&] { return pwrite(fd(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done)); });
    if (written < 0) {
      const int error = errno;
      return IoError(error, path_, error == ENOSPC ? action() + FreeSpace(fd()) : action());
    }
    done += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status PosixFile::Allocate(uint64_t size) {
  const auto action = [&] { return absl::StrFormat("allocate %d bytes", size); };
  if (!writable_) return ReadOnlyError(path_, action());
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, size, 0, kMaxFileSize));
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t old_size, Size());
  const uint64_t target = std::max(size, old_size);
  if (target == 0) return absl::OkStatus();
  const int error = ReserveSpace(fd(), old_size, target);
  if (error == 0) return absl::OkStatus();
  return IoError(error, path_, error == ENOSPC ? action() + FreeSpace(fd()) : action());
}

absl::Status PosixFile::Truncate(uint64_t size) {
  const auto action = [&] { return absl::StrFormat("truncate to %d bytes", size); };
  if (!writable_) return ReadOnlyError(path_, action());
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, size, 0, kMaxFileSize));
  if (Uninterrupted([&] { return ftruncate(fd(), static_cast<off_t>(size)); }) == 0) return absl::OkStatus();
  return IoError(errno, path_, action());
}

absl::StatusOr<uint64_t> PosixFile::Size() const {
  struct stat info;
  if (fstat(fd(), &info) != 0) return IoError(errno, path_, "read its size");
  return static_cast<uint64_t>(info.st_size);
}

absl::Status PosixFile::Flush() {
  if (Uninterrupted([&] { return fdatasync(fd()); }) == 0) return absl::OkStatus();
  return IoError(errno, path_, "flush");
}

absl::Status PosixFile::StartWriteback(uint64_t offset, uint64_t length) {
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, length, kMaxFileSize));
  if (length == 0) return absl::OkStatus();  // which the system call takes for "to the end"
  const int result = Uninterrupted([&] {
    return sync_file_range(fd(), static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
  });
  if (result == 0 || errno == ENOSYS) return absl::OkStatus();
  return IoError(errno, path_, absl::StrFormat("write back %d bytes at %d", length, offset));
}

absl::StatusOr<std::unique_ptr<Mapping>> PosixFile::Map(size_t size, MapMode mode) {
  if (mode == MapMode::kReadWrite && !writable_) return ReadOnlyError(path_, "map for writing");
  if (size == 0 || size > kMaxFileSize) {
    return StorageError(absl::StatusCode::kInvalidArgument, "%s: a mapping of %d bytes is impossible", path_, size);
  }
  return PosixMapping::Create(fd(), path_, size, mode);
}

}  // namespace moldau::storage
