#include "storage/memory_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <vector>

#include "storage/io_error.h"
#include "storage/memory_page.h"
#include "storage/posix_descriptor.h"

namespace moldau::storage {
namespace {

constexpr uint64_t kMinReserved = uint64_t{64} << 20;
constexpr uint64_t kRoomToGrow = 4;                // times the size at the first mapping
constexpr uint64_t kFewPages = 64;                 // for which asking the kernel costs more than looking at all of them
constexpr uint64_t kInMemory = uint64_t{3} << 62;  // of a pagemap entry: present or swapped

uint64_t SystemPage() {
  static const auto size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

uint64_t RoundUp(uint64_t bytes) { return (bytes + SystemPage() - 1) / SystemPage() * SystemPage(); }

// One entry per system page of [data, data + size); empty if the kernel does not say.
std::vector<uint64_t> PageMap(const std::byte* data, uint64_t size) {
  const Descriptor file(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return {};
  std::vector<uint64_t> entries(size / SystemPage());
  const auto first = reinterpret_cast<uintptr_t>(data) / SystemPage();
  const size_t bytes = entries.size() * sizeof(uint64_t);
  const ssize_t got = Uninterrupted(
      [&] { return pread(file.get(), entries.data(), bytes, static_cast<off_t>(first * sizeof(uint64_t))); });
  if (got != static_cast<ssize_t>(bytes)) return {};
  return entries;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MemoryRegion>> MemoryRegion::Reserve(const std::string& path, uint64_t size) {
  if (size > kMaxFileSize / kRoomToGrow / 2) return IoError(ENOMEM, path, absl::StrFormat("map %d bytes", size));
  const uint64_t capacity = std::max(kMinReserved, std::bit_ceil(size) * kRoomToGrow);
  void* data = mmap(nullptr, capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return IoError(errno, path, absl::StrFormat("map %d bytes", size));
  return std::unique_ptr<MemoryRegion>(new MemoryRegion(static_cast<std::byte*>(data), capacity));
}

MemoryRegion::~MemoryRegion() { munmap(data_, capacity_); }

absl::Status MemoryRegion::SetSize(const std::string& path, uint64_t size) {
  if (size > capacity_) {
    return StorageError(absl::StatusCode::kResourceExhausted,
                        "%s: grow to %d bytes: a file in memory cannot outgrow %d bytes while it is mapped", path, size,
                        capacity_);
  }
  const uint64_t open = RoundUp(size);
  if (open > open_ && mprotect(data_ + open_, open - open_, PROT_READ | PROT_WRITE) != 0) {
    return IoError(errno, path, absl::StrFormat("grow to %d bytes", size));
  }
  if (open < open_) {
    madvise(data_ + open, open_ - open, MADV_DONTNEED);
    mprotect(data_ + open, open_ - open, PROT_NONE);
  }
  open_ = open;
  return absl::OkStatus();
}

void MemoryRegion::ForEachTouchedPage(absl::FunctionRef<void(uint64_t page)> visit) const {
  const uint64_t pages = open_ / kPageSize;
  std::vector<uint64_t> entries;
  if (pages > kFewPages) entries = PageMap(data_, open_);
  const uint64_t per_entry = SystemPage() / kPageSize;
  for (uint64_t page = 0; page < pages; ++page) {
    if (entries.empty() || (entries[page / per_entry] & kInMemory) != 0) visit(page);
  }
}

}  // namespace moldau::storage
