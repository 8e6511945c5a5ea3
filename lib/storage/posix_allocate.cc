#include "storage/posix_allocate.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "storage/posix_descriptor.h"

namespace moldau::storage {
namespace {

int WriteZeros(int fd, uint64_t from, uint64_t to) {
  static constexpr std::array<std::byte, 65536> kZeros{};
  while (from < to) {
    const size_t chunk = std::min<uint64_t>(kZeros.size(), to - from);
    const ssize_t written = Uninterrupted([&] { return pwrite(fd, kZeros.data(), chunk, static_cast<off_t>(from)); });
    if (written < 0) return errno;
    from += static_cast<uint64_t>(written);
  }
  return 0;
}

// Writes zeros wherever the file has no space below `size`.
int FillHoles(int fd, uint64_t old_size, uint64_t size) {
  uint64_t at = 0;
  while (at < old_size) {
    const off_t hole = lseek(fd, static_cast<off_t>(at), SEEK_HOLE);
    if (hole < 0 || static_cast<uint64_t>(hole) >= old_size) break;
    const off_t data = lseek(fd, hole, SEEK_DATA);
    const uint64_t end = data < 0 ? old_size : std::min(static_cast<uint64_t>(data), old_size);
    if (const int error = WriteZeros(fd, static_cast<uint64_t>(hole), end); error != 0) return error;
    at = end;
  }
  return WriteZeros(fd, old_size, size);
}

}  // namespace

int ReserveSpace(int fd, uint64_t old_size, uint64_t size) {
  int error = 0;
  if (Uninterrupted([&] { return fallocate(fd, 0, 0, static_cast<off_t>(size)); }) != 0) error = errno;
  if (error == EOPNOTSUPP || error == ENOSYS) error = FillHoles(fd, old_size, size);
  // Truncating gives back blocks beyond the end even where the size did not grow.
  if (error != 0 && Uninterrupted([&] { return ftruncate(fd, static_cast<off_t>(old_size)); }) != 0) return errno;
  return error;
}

}  // namespace moldau::storage
