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

// Copies the first and the last kHalf bytes of `size`, which is between kHalf and twice that: they overlap.
template <size_t kHalf>
[[gnu::always_inline]] inline void CopyEnds(std::byte* out, const char* from, size_t size) noexcept {
  std::memcpy(out, from, kHalf);
  std::memcpy(out + size - kHalf, from + size - kHalf, kHalf);
}

// Out of line, because gcc would turn a memcpy whose size it knows the range of into `rep movs`, at half the speed.
[[gnu::noinline]] inline void CopyLong(std::byte* out, const char* from, size_t size) noexcept {
  std::memcpy(out, from, size);
}

// memcpy, inline for the sizes that records have: a call costs as much as copying a hundred bytes.
[[gnu::always_inline]] inline void CopyBytes(std::byte* out, const char* from, size_t size) noexcept {
  if (size >= 32 && size <= 128) {
    if (size > 64) return CopyEnds<64>(out, from, size);
    return CopyEnds<32>(out, from, size);
  }
  if (size >= 8 && size < 32) {
    if (size >= 16) return CopyEnds<16>(out, from, size);
    return CopyEnds<8>(out, from, size);
  }
  if (size != 0) CopyLong(out, from, size);
}

// The forms below are for `bits` below this: a varint of one or two bytes.
inline constexpr uint32_t kShortVarints = 1 << 14;

// 1 if the varint of `bits` takes two bytes.
[[gnu::always_inline]] inline uint32_t IsLong(uint32_t bits) noexcept { return bits >= 0x80 ? 1 : 0; }

// The two bytes of a varint as they lie in memory.
[[gnu::always_inline]] inline uint16_t TwoByteVarint(uint32_t bits) noexcept {
  return static_cast<uint16_t>((bits & 0x7f) | 0x80 | ((bits & 0x3f80) << 1));
}

// Varints side by side in a register, stored at once. Branches beat shifts by computed widths here: the records of a
// batch are much alike.
class VarintWord {
 public:
  [[gnu::always_inline]] void Add(uint32_t bits) noexcept {
    if (IsLong(bits) == 0) return AddByte(bits);
    word_ |= uint64_t{TwoByteVarint(bits)} << shift_;
    shift_ += 16;
  }
  [[gnu::always_inline]] void AddByte(uint32_t byte) noexcept {
    word_ |= uint64_t{byte} << shift_;
    shift_ += 8;
  }
  [[gnu::always_inline]] void AddZeroByte() noexcept { shift_ += 8; }
  [[gnu::always_inline]] std::byte* Store(std::byte* out) const noexcept {
    std::memcpy(out, &word_, sizeof(word_));
    return out + size();
  }
  [[nodiscard]] size_t size() const noexcept { return shift_ / 8; }

 private:
  uint64_t word_ = 0;
  uint32_t shift_ = 0;
};

[[gnu::always_inline]] inline std::byte* PutShortVarint(std::byte* out, uint32_t bits) noexcept {
  if (IsLong(bits) == 0) {
    *out = static_cast<std::byte>(bits);
    return out + 1;
  }
  const uint16_t form = TwoByteVarint(bits);
  std::memcpy(out, &form, sizeof(form));
  return out + 2;
}

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

// A record whose value is still to be filled in: where that goes, and where the record ends.
struct RecordHole {
  std::byte* value;
  std::byte* end;
};

// Writes `record` but for its value, for which it leaves `value_length` bytes (-1: the value is null); record.value is
// not looked at. The general form: any sizes, any headers, varint by varint. Needs what PutRecord needs.
inline RecordHole PutRecordWithHole(std::byte* out, const Record& record, int32_t value_length, int64_t timestamp_delta,
                                    int32_t offset_delta) noexcept {
  const size_t length = RecordLength(record, value_length, timestamp_delta, offset_delta);
  out = PutVarint(out, static_cast<int32_t>(length));
  *out++ = std::byte{0};
  out = PutVarlong(out, timestamp_delta);
  out = PutVarint(out, offset_delta);
  out = PutVarint(out, internal::LengthOrNull(record.key));
  const size_t key_size = internal::SizeOrZero(record.key);
  if (key_size != 0) std::memcpy(out, record.key->data(), key_size);
  std::byte* const value = PutVarint(out + key_size, value_length);
  return {value, internal::PutHeaders(value + (value_length > 0 ? value_length : 0), record.headers)};
}

namespace internal {

[[gnu::noinline]] inline std::byte* PutRecordSlow(std::byte* out, const Record& record, int64_t timestamp_delta,
                                                  int32_t offset_delta) noexcept {
  const RecordHole hole = PutRecordWithHole(out, record, LengthOrNull(record.value), timestamp_delta, offset_delta);
  if (SizeOrZero(record.value) != 0) std::memcpy(hole.value, record.value->data(), record.value->size());
  return hole.end;
}

}  // namespace internal

// Writes `record` at `out` and returns the byte after it. Needs RecordSize plus kEncodeSlack bytes, at most 2 GiB.
//
// Nearly every record has a short key, a value below 8 kB and no headers: then all that stands before the key fits a
// register, and nothing needs to be measured first.
[[gnu::always_inline]] inline std::byte* PutRecord(std::byte* out, const Record& record, int64_t timestamp_delta,
                                                   int32_t offset_delta) noexcept {
  // Read before the first store, which might alias the record for all the compiler knows.
  const char* const key = record.key ? record.key->data() : nullptr;
  const char* const value = record.value ? record.value->data() : nullptr;
  const size_t key_size = internal::SizeOrZero(record.key);
  const size_t value_size = internal::SizeOrZero(record.value);
  const uint64_t timestamp = ZigZag(timestamp_delta);
  const uint32_t offset = ZigZag(offset_delta);
  if (key_size > 63 || value_size > 8000 || (timestamp | offset) >= internal::kShortVarints || !record.headers.empty())
      [[unlikely]] {
    return internal::PutRecordSlow(out, record, timestamp_delta, offset_delta);
  }
  const uint32_t key_length = record.key ? static_cast<uint32_t>(key_size << 1) : 1;
  const uint32_t value_length = record.value ? static_cast<uint32_t>(value_size << 1) : 1;
  const auto short_timestamp = static_cast<uint32_t>(timestamp);
  // Attributes, key length and header count take a byte each, the other three one or two.
  const uint32_t length = 6 + internal::IsLong(short_timestamp) + internal::IsLong(offset) +
                          internal::IsLong(value_length) + static_cast<uint32_t>(key_size + value_size);
  internal::VarintWord prefix;  // at most 2 + 1 + 2 + 2 + 1 bytes
  prefix.Add(length << 1);
  prefix.AddZeroByte();
  prefix.Add(short_timestamp);
  prefix.Add(offset);
  prefix.AddByte(key_length);
  out = prefix.Store(out);
  if (key_size != 0) internal::CopyBytes(out, key, key_size);
  out = internal::PutShortVarint(out + key_size, value_length);
  if (value_size != 0) internal::CopyBytes(out, value, value_size);
  out += value_size;
  *out = std::byte{0};  // no headers
  return out + 1;
}

}  // namespace moldau::record
