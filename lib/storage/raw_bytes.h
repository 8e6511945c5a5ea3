// Bytes as the kernel handles them: copied, compared and touched while a thread may be storing to them through a
// mapping. A disk does not care, so ThreadSanitizer must not either; what a program does with the bytes it is still
// told about.
//
// Threads: safe in this sense only: a copy taken during a store holds any mixture.   Ownership: none.   Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>

#define MOLDAU_LIKE_THE_KERNEL __attribute__((no_sanitize("thread"), noinline))

namespace moldau::storage {

// Makes the page of this byte writable and dirty without changing it.
MOLDAU_LIKE_THE_KERNEL inline void TouchForWriting(std::byte* byte) noexcept {
  __atomic_fetch_or(reinterpret_cast<unsigned char*>(byte), static_cast<unsigned char>(0), __ATOMIC_RELAXED);
}

// The loops below are volatile so that no compiler turns them into calls that a sanitizer intercepts. All sizes are
// multiples of eight, all pointers aligned to it.
MOLDAU_LIKE_THE_KERNEL inline void RawCopy(std::byte* to, const std::byte* from, size_t size) noexcept {
  const auto* in = reinterpret_cast<const volatile uint64_t*>(from);
  auto* out = reinterpret_cast<volatile uint64_t*>(to);
  for (size_t i = 0; i < size / sizeof(uint64_t); ++i) out[i] = in[i];
}

[[nodiscard]] MOLDAU_LIKE_THE_KERNEL inline bool RawEqual(const std::byte* a, const std::byte* b,
                                                          size_t size) noexcept {
  const auto* left = reinterpret_cast<const volatile uint64_t*>(a);
  const auto* right = reinterpret_cast<const volatile uint64_t*>(b);
  for (size_t i = 0; i < size / sizeof(uint64_t); ++i) {
    if (left[i] != right[i]) return false;
  }
  return true;
}

}  // namespace moldau::storage
