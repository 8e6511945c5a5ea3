#include "storage/memory_page.h"

#include <algorithm>
#include <cstring>

#include "storage/raw_bytes.h"

namespace moldau::storage {
namespace {

constexpr Page kZeros{};

}  // namespace

const std::byte* BytesOf(const PageRef& page) noexcept { return page == nullptr ? kZeros.bytes : page->bytes; }

PageRef MakePage(const std::byte* bytes) {
  auto page = std::make_shared<Page>();
  RawCopy(page->bytes, bytes, kPageSize);
  return SamePage(nullptr, page->bytes) ? nullptr : PageRef(std::move(page));
}

bool SamePage(const PageRef& page, const std::byte* bytes) noexcept {
  return RawEqual(BytesOf(page), bytes, kPageSize);
}

bool SamePage(const PageRef& a, const PageRef& b) noexcept { return a == b || SamePage(a, BytesOf(b)); }

PageRef WithZeroTail(const PageRef& page, size_t size) {
  if (page == nullptr ||
      std::all_of(page->bytes + size, page->bytes + kPageSize, [](std::byte b) { return b == std::byte{0}; })) {
    return page;
  }
  Page cut{};
  std::memcpy(cut.bytes, page->bytes, size);
  return MakePage(cut.bytes);
}

PageRef Torn(const PageRef& under, const PageRef& over, size_t sectors) {
  Page mixed;
  std::memcpy(mixed.bytes, BytesOf(under), kPageSize);
  std::memcpy(mixed.bytes, BytesOf(over), std::min(sectors * kSectorSize, kPageSize));
  return MakePage(mixed.bytes);
}

}  // namespace moldau::storage
