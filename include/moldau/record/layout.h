// The layout of Kafka's record batch v2 on disk and on the wire: the only place that knows these numbers.
//
//   0         8         12        16     17       21          23            27              35
//   +---------+---------+---------+------+--------+-----------+-------------+---------------+
//   | base    | batch   | leader  | mag- | crc-   | attri-    | last offset | base          |
//   | offset  | length  | epoch   | ic=2 | 32c    | butes     | delta       | timestamp     |
//   +---------+---------+---------+------+--------+-----------+-------------+---------------+
//                       ^ batch length counts from here       ^ crc covers from attributes to the end
//   35          43          51         53          57         61
//   +-----------+-----------+----------+-----------+----------+---------------------------------+
//   | max       | producer  | producer | base      | record   | records: one after the other,   |
//   | timestamp | id        | epoch    | sequence  | count    | or one compressed stream of them|
//   +-----------+-----------+----------+-----------+----------+---------------------------------+
//
// A record: length varint | attributes int8 | timestamp delta varlong | offset delta varint | key length varint | key |
//           value length varint | value | header count varint | headers, each: key length, key, value length, value.
// Fixed fields are big-endian; varints are zigzag; a length of -1 is null. Base offset, batch length, leader epoch and
// magic are outside the crc, so that a leader can set offset and epoch without touching the rest.
//
// Threads: plain functions.   Ownership: none.   Failure: none; callers check sizes first.
// Source: Kafka record batch format, magic 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace moldau::record::layout {

inline constexpr size_t kBaseOffset = 0;        // int64
inline constexpr size_t kBatchLength = 8;       // int32, bytes that follow it
inline constexpr size_t kLeaderEpoch = 12;      // int32
inline constexpr size_t kMagic = 16;            // int8
inline constexpr size_t kCrc = 17;              // uint32
inline constexpr size_t kAttributes = 21;       // int16
inline constexpr size_t kLastOffsetDelta = 23;  // int32
inline constexpr size_t kBaseTimestamp = 27;    // int64
inline constexpr size_t kMaxTimestamp = 35;     // int64
inline constexpr size_t kProducerId = 43;       // int64
inline constexpr size_t kProducerEpoch = 51;    // int16
inline constexpr size_t kBaseSequence = 53;     // int32
inline constexpr size_t kRecordCount = 57;      // int32
inline constexpr size_t kRecords = 61;

inline constexpr size_t kHeaderSize = kRecords;
inline constexpr size_t kLogOverhead = kLeaderEpoch;  // base offset and length: what batch length does not count
inline constexpr size_t kCrcStart = kAttributes;      // the crc covers [kCrcStart, end of batch)
inline constexpr int8_t kMagicV2 = 2;

// Bits of the attributes. Bits 7 to 15 are unused and ignored.
inline constexpr int16_t kCompressionMask = 0x07;
inline constexpr int16_t kLogAppendTimeBit = 0x08;
inline constexpr int16_t kTransactionalBit = 0x10;
inline constexpr int16_t kControlBit = 0x20;
inline constexpr int16_t kDeleteHorizonBit = 0x40;

// The smallest record: no key, no value, no headers, every varint in one byte.
inline constexpr size_t kMinRecordSize = 7;
inline constexpr size_t kMaxVarintSize = 5;    // 32 bits
inline constexpr size_t kMaxVarlongSize = 10;  // 64 bits
// Most that a record takes besides the bytes of its key, value and headers: length, attributes, timestamp delta,
// offset delta, key length, value length and header count, each at its longest.
inline constexpr size_t kMaxRecordOverhead = 5 * kMaxVarintSize + kMaxVarlongSize + 1;
// The same for one header: key length and value length.
inline constexpr size_t kMaxHeaderOverhead = 2 * kMaxVarintSize;

namespace internal {

template <typename U>
[[nodiscard]] constexpr U ByteSwap(U value) noexcept {
  if constexpr (sizeof(U) == 1) {
    return value;
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

}  // namespace internal

// The big-endian integer at `at`, which need not be aligned.
template <typename T>
[[nodiscard]] inline T LoadBig(const std::byte* at) noexcept {
  static_assert(std::is_integral_v<T>);
  std::make_unsigned_t<T> value;
  std::memcpy(&value, at, sizeof(value));
  return static_cast<T>(internal::ByteSwap(value));
}

// Writes `value` big-endian at `at`, which need not be aligned.
template <typename T>
inline void StoreBig(std::byte* at, T value) noexcept {
  static_assert(std::is_integral_v<T>);
  const auto swapped = internal::ByteSwap(static_cast<std::make_unsigned_t<T>>(value));
  std::memcpy(at, &swapped, sizeof(swapped));
}

}  // namespace moldau::record::layout
