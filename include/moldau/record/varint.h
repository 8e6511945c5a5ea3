// Zigzag varints, in which Kafka writes the fields of a record: small numbers of either sign take one byte.
// Three sizes of trust: Get* reads bytes that were validated before, Read* reads foreign bytes and cannot pass their
// end, Put* writes.
//
// Threads: plain functions.   Ownership: none.
// Failure: Read* returns nullptr for a varint that is cut off or longer than its type allows. Like Kafka's reader it
// accepts needlessly long forms and drops the bits that its type cannot hold.   Source: Kafka record format.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "moldau/record/layout.h"

namespace moldau::record {

[[nodiscard]] constexpr uint32_t ZigZag(int32_t value) noexcept {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
[[nodiscard]] constexpr uint64_t ZigZag(int64_t value) noexcept {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
[[nodiscard]] constexpr int32_t UnZigZag(uint32_t value) noexcept {
  return static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
}
[[nodiscard]] constexpr int64_t UnZigZag(uint64_t value) noexcept {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Bytes that `value` takes as a zigzag varint: 1 to 5, or 1 to 10 for 64 bits.
[[nodiscard]] constexpr size_t VarintSize(int64_t value) noexcept {
  const uint64_t bits = ZigZag(value);
  if (bits < (1U << 7)) return 1;
  if (bits < (1U << 14)) return 2;
  return (static_cast<size_t>(std::bit_width(bits)) + 6) / 7;
}

namespace internal {

template <typename U>
inline constexpr size_t kMaxBytes = sizeof(U) == 4 ? layout::kMaxVarintSize : layout::kMaxVarlongSize;

// The general loop, kept out of line so that the short forms stay small where they are inlined.
template <typename U>
[[gnu::noinline]] inline const std::byte* GetLongForm(const std::byte* at, U& bits) noexcept {
  U value = 0;
  unsigned shift = 0;
  for (size_t i = 0; i < kMaxBytes<U>; ++i, shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    value |= static_cast<U>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  bits = value;
  return at;
}

template <typename U>
[[gnu::always_inline]] inline const std::byte* GetBits(const std::byte* at, U& bits) noexcept {
  const auto first = static_cast<uint8_t>(at[0]);
  if (first < 0x80) [[likely]] {
    bits = first;
    return at + 1;
  }
  const auto second = static_cast<uint8_t>(at[1]);
  if (second < 0x80) [[likely]] {
    bits = static_cast<U>((first & 0x7fU) | (static_cast<unsigned>(second) << 7));
    return at + 2;
  }
  return GetLongForm<U>(at, bits);
}

template <typename U>
inline const std::byte* ReadBits(const std::byte* at, const std::byte* end, U& bits) noexcept {
  U value = 0;
  unsigned shift = 0;
  for (size_t i = 0; i < kMaxBytes<U>; ++i, shift += 7) {
    if (at == end) return nullptr;
    const auto byte = static_cast<uint8_t>(*at++);
    value |= static_cast<U>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      bits = value;
      return at;
    }
  }
  return nullptr;
}

template <typename U>
inline std::byte* PutBits(std::byte* out, U bits) noexcept {
  while (bits >= 0x80) {
    *out++ = static_cast<std::byte>(bits | 0x80);
    bits >>= 7;
  }
  *out++ = static_cast<std::byte>(bits);
  return out;
}

}  // namespace internal

// Reads a validated varint at `at` and returns the byte after it.
[[gnu::always_inline]] inline const std::byte* GetVarint(const std::byte* at, int32_t& value) noexcept {
  uint32_t bits;
  at = internal::GetBits(at, bits);
  value = UnZigZag(bits);
  return at;
}
[[gnu::always_inline]] inline const std::byte* GetVarlong(const std::byte* at, int64_t& value) noexcept {
  uint64_t bits;
  at = internal::GetBits(at, bits);
  value = UnZigZag(bits);
  return at;
}

// Reads a varint from foreign bytes in [at, end). Returns the byte after it, or nullptr and leaves `value` alone.
[[nodiscard]] inline const std::byte* ReadVarint(const std::byte* at, const std::byte* end, int32_t& value) noexcept {
  uint32_t bits;
  at = internal::ReadBits(at, end, bits);
  if (at != nullptr) value = UnZigZag(bits);
  return at;
}
[[nodiscard]] inline const std::byte* ReadVarlong(const std::byte* at, const std::byte* end, int64_t& value) noexcept {
  uint64_t bits;
  at = internal::ReadBits(at, end, bits);
  if (at != nullptr) value = UnZigZag(bits);
  return at;
}

// Writes `value` in its shortest form and returns the byte after it. Needs VarintSize(value) bytes at `out`.
inline std::byte* PutVarint(std::byte* out, int32_t value) noexcept { return internal::PutBits(out, ZigZag(value)); }
inline std::byte* PutVarlong(std::byte* out, int64_t value) noexcept { return internal::PutBits(out, ZigZag(value)); }

}  // namespace moldau::record
