// Bytes as the kernel handles them: copied, compared and touched while a thread may be storing to them through a mapping. A
// disk does not care, so ThreadSanitizer must not either; what a program does with the bytes it is still told about.
//
// Threads: safe in this sense only: a copy taken during a store holds any mixture.   Ownership: none.   Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>

#define MOLDAU_LIKE_THE_KERNEL __attribute__((no_sanitize("thread"), noinline))

namespace moldau::storage {

inline constexpr size_t kPageSize = 4096;    // of the disk in memory, whatever the machine's
inline constexpr size_t kSectorSize = 512;   // what a disk writes as a whole

// Makes the page of this byte writable and dirty without changing it.
MOLDAU_LIKE_THE_KERNEL inline void TouchForWriting(std::byte* byte) noexcept {
  __atomic_fetch_or(reinterpret_cast<unsigned char*>(byte), 0, __ATOMIC_RELAXED);
}

}  // namespace moldau::storage
