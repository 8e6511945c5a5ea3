// The live side: what Read, Write and mappings see, and the space it takes. The platter is in memory_content_crash.cc.
#include "storage/memory_content.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "storage/io_error.h"

namespace moldau::storage {
namespace {

constexpr int kBitsPerByte = 8;

// The part of [offset, offset + size) that lies in one page.
struct Piece {
  uint64_t page;
  size_t in_page;
  size_t size;
};

Piece FirstPiece(uint64_t offset, size_t size) {
  const size_t in_page = offset % kPageSize;
  return {offset / kPageSize, in_page, std::min(size, kPageSize - in_page)};
}

absl::Status FullError(const std::string& path, const std::string& action, const MemorySpace& space) {
  const uint64_t used = space.used_bytes();
  const uint64_t capacity = space.capacity_bytes();
  return IoError(ENOSPC, path, absl::StrFormat("%s (%d bytes free)", action, capacity > used ? capacity - used : 0));
}

}  // namespace

MemoryContent::~MemoryContent() { ReleaseSpace(); }

void MemoryContent::ReleaseSpace() {
  const base::MutexLock lock(mutex_);
  space_.Give(taken_);
  taken_ = 0;
  allocated_.clear();
}

uint64_t MemoryContent::size() const {
  const base::MutexLock lock(mutex_);
  return size_;
}

size_t MemoryContent::Read(uint64_t offset, std::span<std::byte> out) const {
  const base::MutexLock lock(mutex_);
  if (offset >= size_) return 0;
  out = out.first(std::min<uint64_t>(out.size(), size_ - offset));
  const size_t total = out.size();
  if (region_ != nullptr && total != 0) {
    std::memcpy(out.data(), region_->data() + offset, total);
    return total;
  }
  while (!out.empty()) {
    const Piece piece = FirstPiece(offset, out.size());
    std::memcpy(out.data(), BytesOf(live_.Get(piece.page)) + piece.in_page, piece.size);
    offset += piece.size;
    out = out.subspan(piece.size);
  }
  return total;
}

absl::Status MemoryContent::Write(const std::string& path, uint64_t offset, std::span<const std::byte> data) {
  const base::MutexLock lock(mutex_);
  // As a disk does: what fits is written.
  size_t fits = 0;
  while (fits < data.size()) {
    const Piece piece = FirstPiece(offset + fits, data.size() - fits);
    if (UnallocatedPages(piece.page, piece.page + 1) != 0) {
      if (!space_.TryTake(1)) break;
      MarkAllocated(piece.page, piece.page + 1);
    }
    fits += piece.size;
  }
  if (fits != 0) {
    if (offset + fits > size_) MOLDAU_RETURN_IF_ERROR(SetLiveSize(path, offset + fits));
    StoreLive(offset, data.first(fits));
  }
  if (fits == data.size()) return absl::OkStatus();
  return FullError(path, absl::StrFormat("write %d bytes at %d", data.size(), offset), space_);
}

absl::Status MemoryContent::Allocate(const std::string& path, uint64_t size) {
  const base::MutexLock lock(mutex_);
  const uint64_t target = std::max(size, size_);
  const uint64_t missing = UnallocatedPages(0, PagesFor(target));
  if (!space_.TryTake(missing)) return FullError(path, absl::StrFormat("allocate %d bytes", size), space_);
  if (absl::Status status = SetLiveSize(path, target); !status.ok()) {
    space_.Give(missing);
    return status;
  }
  MarkAllocated(0, PagesFor(target));
  return absl::OkStatus();
}

absl::Status MemoryContent::Truncate(const std::string& path, uint64_t size) {
  const base::MutexLock lock(mutex_);
  return SetLiveSize(path, size);
}

absl::Status MemoryContent::Populate(const std::string& path, uint64_t offset, uint64_t length) {
  const base::MutexLock lock(mutex_);
  const uint64_t first = offset / kPageSize;
  const uint64_t end = PagesFor(offset + length);
  const uint64_t missing = UnallocatedPages(first, end);
  // Behind the end a store would raise SIGBUS, which the kernel's answer does not tell from a full disk.
  if (end > PagesFor(size_) || !space_.TryTake(missing)) {
    return FullError(path, absl::StrFormat("populate %d bytes at %d", length, offset), space_);
  }
  MarkAllocated(first, end);
  return absl::OkStatus();
}

absl::StatusOr<std::byte*> MemoryContent::Map(const std::string& path, uint64_t size) {
  const base::MutexLock lock(mutex_);
  if (region_ == nullptr) {
    MOLDAU_ASSIGN_OR_RETURN(std::unique_ptr<MemoryRegion> region, MemoryRegion::Reserve(path, std::max(size, size_)));
    MOLDAU_RETURN_IF_ERROR(region->SetSize(path, size_));
    for (uint64_t page = 0; page < live_.end(); ++page) {
      const PageRef ref = live_.Get(page);
      if (ref != nullptr) std::memcpy(region->data() + page * kPageSize, ref->bytes, kPageSize);
    }
    live_ = PageLayer();
    region_ = std::move(region);
  }
  if (size > region_->capacity()) {
    return StorageError(absl::StatusCode::kResourceExhausted,
                        "%s: map %d bytes: a file in memory cannot outgrow %d bytes while it is mapped", path, size,
                        region_->capacity());
  }
  ++mappings_;
  return region_->data();
}

void MemoryContent::Unmap() {
  const base::MutexLock lock(mutex_);
  if (--mappings_ > 0) return;
  PageLayer live;
  region_->ForEachTouchedPage([&](uint64_t page) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const PageRef durable = durable_.Get(page);
    live.Set(page, LiveIs(page, durable) ? durable : LivePage(page));
  });
  live_ = std::move(live);
  region_ = nullptr;
}

absl::Status MemoryContent::FlipBit(const std::string& path, uint64_t bit) {
  const base::MutexLock lock(mutex_);
  const uint64_t at = bit / kBitsPerByte;
  if (at >= size_) {
    return StorageError(absl::StatusCode::kOutOfRange, "%s: bit %d lies behind the end at %d bytes", path, bit, size_);
  }
  const uint64_t page = at / kPageSize;
  const auto flip = [&](const PageRef& ref) {
    auto flipped = std::make_shared<Page>();
    std::memcpy(flipped->bytes, BytesOf(ref), kPageSize);
    flipped->bytes[at % kPageSize] ^= static_cast<std::byte>(1u << bit % kBitsPerByte);
    return PageRef(std::move(flipped));
  };
  if (region_ != nullptr) {
    region_->data()[at] ^= static_cast<std::byte>(1u << bit % kBitsPerByte);
  } else {
    live_.Set(page, flip(live_.Get(page)));
  }
  durable_.Set(page, flip(durable_.Get(page)));
  const auto lost = lost_.find(page);
  if (lost != lost_.end()) lost->second = flip(lost->second);
  return absl::OkStatus();
}

PageRef MemoryContent::LivePage(uint64_t page) const {
  return region_ != nullptr ? MakePage(region_->data() + page * kPageSize) : live_.Get(page);
}

bool MemoryContent::LiveIs(uint64_t page, const PageRef& ref) const {
  return region_ != nullptr ? SamePage(ref, region_->data() + page * kPageSize) : SamePage(live_.Get(page), ref);
}

void MemoryContent::StoreLive(uint64_t offset, std::span<const std::byte> data) {
  for (uint64_t page = offset / kPageSize; page < PagesFor(offset + data.size()); ++page) lost_.erase(page);
  if (region_ != nullptr) {
    std::memcpy(region_->data() + offset, data.data(), data.size());
    return;
  }
  while (!data.empty()) {
    const Piece piece = FirstPiece(offset, data.size());
    auto page = std::make_shared<Page>();
    std::memcpy(page->bytes, BytesOf(live_.Get(piece.page)), kPageSize);
    std::memcpy(page->bytes + piece.in_page, data.data(), piece.size);
    live_.Set(piece.page, std::move(page));
    offset += piece.size;
    data = data.subspan(piece.size);
  }
}

void MemoryContent::ForEachLivePage(absl::FunctionRef<void(uint64_t page)> visit) const {
  if (region_ != nullptr) {
    region_->ForEachTouchedPage(visit);
    return;
  }
  const uint64_t end = std::min(std::max(live_.end(), durable_.end()), PagesFor(size_));
  for (uint64_t page = 0; page < end; ++page) visit(page);
}

absl::Status MemoryContent::SetLiveSize(const std::string& path, uint64_t size) {
  if (size == size_) return absl::OkStatus();
  if (region_ != nullptr) MOLDAU_RETURN_IF_ERROR(region_->SetSize(path, size));
  AddSizeChange(size);
  const uint64_t old_size = size_;
  size_ = size;
  if (size > old_size) return absl::OkStatus();

  const uint64_t pages = PagesFor(size);
  const size_t tail = size % kPageSize;
  if (region_ != nullptr) {
    if (tail != 0) std::memset(region_->data() + size, 0, kPageSize - tail);
  } else {
    live_.Drop(pages);
    if (tail != 0) live_.Set(size / kPageSize, WithZeroTail(live_.Get(size / kPageSize), tail));
  }
  lost_.erase(lost_.lower_bound(pages), lost_.end());
  if (pages < allocated_.size()) {
    const auto cut = allocated_.begin() + static_cast<ptrdiff_t>(pages);
    const auto freed = static_cast<uint64_t>(std::count(cut, allocated_.end(), true));
    allocated_.erase(cut, allocated_.end());
    space_.Give(freed);
    taken_ -= freed;
  }
  return absl::OkStatus();
}

uint64_t MemoryContent::UnallocatedPages(uint64_t first, uint64_t end) const {
  uint64_t missing = 0;
  for (uint64_t page = first; page < end; ++page) {
    if (page >= allocated_.size()) return missing + (end - page);
    if (!allocated_[page]) ++missing;
  }
  return missing;
}

void MemoryContent::MarkAllocated(uint64_t first, uint64_t end) {
  taken_ += UnallocatedPages(first, end);
  if (end > allocated_.size()) allocated_.resize(end);
  std::fill(allocated_.begin() + static_cast<ptrdiff_t>(first), allocated_.begin() + static_cast<ptrdiff_t>(end), true);
}

}  // namespace moldau::storage
