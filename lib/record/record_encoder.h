// Writes one record in Kafka's format: the only encoder of records there is, shared by everything that builds batches.
//
// Threads: plain functions.   Ownership: borrows both sides.
// Failure: none; the caller made sure that the bytes fit (RecordSizeBound).   Source: Kafka record format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "moldau/record.h"
#include "moldau/record/layout.h"
#include "moldau/record/varint.h"

namespace moldau::record {

// PutRecord may touch this many bytes behind the record that it writes, because it stores whole words.
inline constexpr size_t kEncodeSlack = 1;

namespace internal {

inline int32_t LengthOrNull(const std::optional<std::string_view>& bytes) noexcept {
  return bytes ? static_cast<int32_t>(bytes->size()) : -1;
}

inline size_t SizeOrZero(const std::optional<std::string_view>& bytes) noexcept { return bytes ? bytes->size() : 0; }

// memcpy, inline for the sizes that records have: a call costs as much as copying a hundred bytes.
[[gnu::always_inline]] inline void CopyBytes(std::byte* out, const char* from, size_t size) noexcept {
  if (size >= 16 && size <= 256) {
    for (size_t at = 0; at + 16 <= size; at += 16) std::memcpy(out + at, from + at, 16);
    std::memcpy(out + size - 16, from + size - 16, 16);  // the tail, overlapping what is already there
  } else if (size != 0) {
    std::memcpy(out, from, size);
  }
}

// Small varints side by side in a register, stored at once.
class VarintWord {
 public:
  // `bits` below 2^14: one or two bytes, without a branch.
  [[gnu::always_inline]] void Add(uint32_t bits) noexcept {
    const uint32_t is_long = bits >= 0x80 ? 1 : 0;
    const uint64_t form = (bits & 0x7f) | (is_long << 7) | ((bits & 0x3f80) << 1);
    word_ |= form << (size_ * 8);
    size_ += 1 + is_long;
  }
  [[gnu::always_inline]] void AddZeroByte() noexcept { size_ += 1; }
  [[gnu::always_inline]] std::byte* Store(std::byte* out) const noexcept {
    std::memcpy(out, &word_, sizeof(word_));
    return out + size_;
  }

 private:
  uint64_t word_ = 0;
  uint32_t size_ = 0;
};

inline std::byte* PutHeaders(std::byte* out, std::span<const Header> headers) noexcept {
  out = PutVarint(out, static_cast<int32_t>(headers.size()));
  for (const Header& header : headers) {
    out = PutVarint(out, static_cast<int32_t>(header.key.size()));
    CopyBytes(out, header.key.data(), header.key.size());
    out += header.key.size();
    out = PutVarint(out, LengthOrNull(header.value));
    if (header.value) CopyBytes(out, header.value->data(), header.value->size());
    out += SizeOrZero(header.value);
  }
  return out;
}

// Everything before the key: length, attributes, timestamp delta, offset delta, key length.
[[gnu::always_inline]] inline std::byte* PutPrefix(std::byte* out, uint32_t length, uint64_t timestamp_delta,
                                                   uint32_t offset_delta, uint32_t key_length) noexcept {
  if ((length | timestamp_delta | offset_delta) < (1 << 14) && key_length < (1 << 7)) [[likely]] {
    VarintWord word;  // at most 2 + 1 + 2 + 2 + 1 bytes
    word.Add(length);
    word.AddZeroByte();
    word.Add(static_cast<uint32_t>(timestamp_delta));
    word.Add(offset_delta);
    word.Add(key_length);
    return word.Store(out);
  }
  out = PutBits(out, length);
  *out++ = std::byte{0};
  out = PutBits(out, timestamp_delta);
  out = PutBits(out, offset_delta);
  return PutBits(out, key_length);
}

}  // namespace internal

// `timestamp` relative to `base`; wraps instead of overflowing, and decoding wraps back.
[[nodiscard]] inline int64_t TimestampDelta(int64_t timestamp, int64_t base) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(timestamp) - static_cast<uint64_t>(base));
}

// No record takes more bytes than this, whatever its offset and timestamp.
[[nodiscard]] inline size_t RecordSizeBound(const Record& record) noexcept {
  size_t size = layout::kMaxRecordOverhead + internal::SizeOrZero(record.key) + internal::SizeOrZero(record.value);
  for (const Header& header : record.headers) {
    size += layout::kMaxHeaderOverhead + header.key.size() + internal::SizeOrZero(header.value);
  }
  return size;
}

// The bytes of a record that follow its length field, its value being of `value_length` bytes (-1: null).
[[nodiscard]] inline size_t RecordLength(const Record& record, int32_t value_length, int64_t timestamp_delta,
                                         int32_t offset_delta) noexcept {
  size_t size = 1 + VarintSize(timestamp_delta) + VarintSize(offset_delta);
  size += VarintSize(internal::LengthOrNull(record.key)) + internal::SizeOrZero(record.key);
  size += VarintSize(value_length) + static_cast<size_t>(value_length > 0 ? value_length : 0);
  size += VarintSize(static_cast<int64_t>(record.headers.size()));
  for (const Header& header : record.headers) {
    size += VarintSize(static_cast<int64_t>(header.key.size())) + header.key.size();
    size += VarintSize(internal::LengthOrNull(header.value)) + internal::SizeOrZero(header.value);
  }
  return size;
}

// All bytes of a record.
[[nodiscard]] inline size_t RecordSize(const Record& record, int64_t timestamp_delta, int32_t offset_delta) noexcept {
  const size_t length = RecordLength(record, internal::LengthOrNull(record.value), timestamp_delta, offset_delta);
  return VarintSize(static_cast<int64_t>(length)) + length;
}

namespace internal {

// Up to and including the length of the value.
[[gnu::always_inline]] inline std::byte* PutBeforeValue(std::byte* out, const Record& record, int32_t value_length,
                                                        int64_t timestamp_delta, int32_t offset_delta) noexcept {
  const int32_t key_length = LengthOrNull(record.key);
  const auto length = static_cast<int32_t>(RecordLength(record, value_length, timestamp_delta, offset_delta));
  out = PutPrefix(out, ZigZag(length), ZigZag(timestamp_delta), ZigZag(offset_delta), ZigZag(key_length));
  if (key_length > 0) {
    CopyBytes(out, record.key->data(), record.key->size());
    out += key_length;
  }
  return PutVarint(out, value_length);
}

[[gnu::always_inline]] inline std::byte* PutAfterValue(std::byte* out, const Record& record) noexcept {
  if (!record.headers.empty()) [[unlikely]]
    return PutHeaders(out, record.headers);
  *out++ = std::byte{0};
  return out;
}

}  // namespace internal

// Writes `record` at `out` and returns the byte after it. Needs RecordSize plus kEncodeSlack bytes, at most 2 GiB.
[[gnu::always_inline]] inline std::byte* PutRecord(std::byte* out, const Record& record, int64_t timestamp_delta,
                                                   int32_t offset_delta) noexcept {
  const int32_t value_length = internal::LengthOrNull(record.value);
  out = internal::PutBeforeValue(out, record, value_length, timestamp_delta, offset_delta);
  if (value_length > 0) {
    internal::CopyBytes(out, record.value->data(), record.value->size());
    out += value_length;
  }
  return internal::PutAfterValue(out, record);
}

// A record without its value: where that goes, and where the record ends.
struct RecordHole {
  std::byte* value;
  std::byte* end;
};

// PutRecord for a value of `value_size` bytes that the caller fills in afterwards; record.value is not looked at.
inline RecordHole PutRecordWithHole(std::byte* out, const Record& record, size_t value_size, int64_t timestamp_delta,
                                    int32_t offset_delta) noexcept {
  const auto value_length = static_cast<int32_t>(value_size);
  std::byte* const value = internal::PutBeforeValue(out, record, value_length, timestamp_delta, offset_delta);
  return {value, internal::PutAfterValue(value + value_size, record)};
}

}  // namespace moldau::record
