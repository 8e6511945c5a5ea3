// The unit in which the disk in memory loses or keeps data: immutable pages, shared between the live contents, the
// platter and crash images, so that an image of a clean file copies pointers only.
//
// Threads: pages are immutable.   Ownership: shared.   Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace moldau::storage {

inline constexpr size_t kPageSize = 4096;   // whatever the machine's is
inline constexpr size_t kSectorSize = 512;  // what a disk writes as a whole

struct alignas(64) Page {
  std::byte bytes[kPageSize];
};

using PageRef = std::shared_ptr<const Page>;  // null: all zeros

[[nodiscard]] inline uint64_t PagesFor(uint64_t bytes) noexcept {
  return bytes / kPageSize + (bytes % kPageSize != 0 ? 1 : 0);
}

// The bytes of a page, also of the one that is null.
[[nodiscard]] const std::byte* BytesOf(const PageRef& page) noexcept;

// A page with these contents; null if they are zeros. The bytes may be changing meanwhile.
[[nodiscard]] PageRef MakePage(const std::byte* bytes);

[[nodiscard]] bool SamePage(const PageRef& page, const std::byte* bytes) noexcept;
[[nodiscard]] bool SamePage(const PageRef& a, const PageRef& b) noexcept;

// `page` with zeros from `size` on.
[[nodiscard]] PageRef WithZeroTail(const PageRef& page, size_t size);

// `under` with its first `sectors` sectors taken from `over`.
[[nodiscard]] PageRef Torn(const PageRef& under, const PageRef& over, size_t sectors);

// The pages of a file from its start; those behind the last one stored are zeros.
class PageLayer {
 public:
  [[nodiscard]] PageRef Get(uint64_t page) const { return page < pages_.size() ? pages_[page] : nullptr; }

  void Set(uint64_t page, PageRef ref) {
    if (page >= pages_.size()) {
      if (ref == nullptr) return;
      pages_.resize(page + 1);
    }
    pages_[page] = std::move(ref);
  }

  // Makes all pages from `first` on zeros.
  void Drop(uint64_t first) {
    if (first < pages_.size()) pages_.resize(first);
  }

  // All pages from here on are zeros.
  [[nodiscard]] uint64_t end() const { return pages_.size(); }

 private:
  std::vector<PageRef> pages_;
};

}  // namespace moldau::storage
