#include "storage/posix_mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "storage/io_error.h"
#include "storage/posix_descriptor.h"
#include "storage/raw_bytes.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace moldau::storage {
namespace {

const size_t kSystemPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// The whole pages around a range of a mapping.
struct Pages {
  Pages(std::byte* mapping, size_t offset, size_t length)
      : start(mapping + offset / kSystemPage * kSystemPage), size(length + offset % kSystemPage) {}
  std::byte* start;
  size_t size;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Mapping>> PosixMapping::Create(int fd, const std::string& path, size_t size,
                                                              MapMode mode) {
  const int protection = mode == MapMode::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  void* data = mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return IoError(errno, path, absl::StrFormat("map %d bytes", size));
  // Cannot fail on a mapping that was just made.
  madvise(data, size, MADV_DONTFORK);
  return std::unique_ptr<Mapping>(new PosixMapping(static_cast<std::byte*>(data), size, path, mode));
}

PosixMapping::~PosixMapping() { munmap(data(), size()); }

absl::Status PosixMapping::Populate(size_t offset, size_t length) {
  const std::string action = absl::StrFormat("populate %d bytes at %d", length, offset);
  if (mode_ == MapMode::kRead) return ReadOnlyError(path_, action);
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, length, size()));
  if (length == 0) return absl::OkStatus();
  const Pages pages(data(), offset, length);
  if (Uninterrupted([&] { return madvise(pages.start, pages.size, MADV_POPULATE_WRITE); }) == 0)
    return absl::OkStatus();
  if (errno == EINVAL) {  // kernels before 5.14
    for (size_t at = 0; at < pages.size; at += kSystemPage) TouchForWriting(pages.start + at);
    return absl::OkStatus();
  }
  // The kernel's answer where a store would raise SIGBUS.
  return IoError(errno == EFAULT ? ENOSPC : errno, path_, action);
}

absl::Status PosixMapping::Flush(size_t offset, size_t length) {
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, length, size()));
  if (length == 0) return absl::OkStatus();
  const Pages pages(data(), offset, length);
  if (Uninterrupted([&] { return msync(pages.start, pages.size, MS_SYNC); }) == 0) return absl::OkStatus();
  return IoError(errno, path_, absl::StrFormat("flush %d mapped bytes at %d", length, offset));
}

void PosixMapping::Advise(Advice advice) {
  switch (advice) {
    case Advice::kNormal:
      madvise(data(), size(), MADV_NORMAL);
      break;
    case Advice::kRandom:
      madvise(data(), size(), MADV_RANDOM);
      break;
    case Advice::kSequential:
      madvise(data(), size(), MADV_SEQUENTIAL);
      break;
  }
}

}  // namespace moldau::storage
