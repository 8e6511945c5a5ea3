#include "moldau/partitioner.h"

#include <cstddef>
#include <cstring>

namespace moldau {
namespace {

constexpr uint32_t kSeed = 0x9747b28c;
constexpr uint32_t kMultiplier = 0x5bd1e995;

// The 0 to 3 bytes behind the last whole word, little-endian.
uint32_t LoadTail(const char* at, size_t size) noexcept {
  uint32_t tail = 0;
  for (size_t i = 0; i < size; ++i) tail |= uint32_t{static_cast<unsigned char>(at[i])} << (8 * i);
  return tail;
}

}  // namespace

int32_t Murmur2(std::string_view key) noexcept {
  uint32_t hash = kSeed ^ static_cast<uint32_t>(key.size());
  const char* at = key.data();
  size_t left = key.size();
  for (; left >= 4; at += 4, left -= 4) {
    uint32_t word;
    std::memcpy(&word, at, sizeof(word));
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (left != 0) {
    hash ^= LoadTail(at, left);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<int32_t>(hash);
}

int32_t PartitionForKey(std::string_view key, int32_t partition_count) noexcept {
  // Java's toPositive clears the sign; it does not take the absolute value.
  return (Murmur2(key) & 0x7fffffff) % partition_count;
}

}  // namespace moldau
