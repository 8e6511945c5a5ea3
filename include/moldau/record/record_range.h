// Iterates the records of an uncompressed batch payload that was validated before: the fast way to read a log.
//
// Threads: plain values.   Ownership: borrows the payload.
// Failure: none; on bytes that were not validated the behaviour is undefined. Foreign bytes go through
// CheckedRecordReader (checked_reader.h) once.   Source: Kafka record format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "moldau/record/record_view.h"
#include "moldau/record/varint.h"

namespace moldau::record {

// What the records of a batch are relative to.
struct RecordBase {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  bool fixed_timestamp = false;  // every record has timestamp_ms itself (LogAppendTime); their deltas do not count

  [[nodiscard]] int64_t TimestampOf(int64_t delta) const noexcept {
    if (fixed_timestamp) return timestamp_ms;
    return static_cast<int64_t>(static_cast<uint64_t>(timestamp_ms) + static_cast<uint64_t>(delta));
  }
};

namespace internal {

// The length field of a validated record, and the byte after it. As short as possible: it is what the next record waits
// for.
[[gnu::always_inline]] inline const std::byte* GetRecordLength(const std::byte* at, int32_t& length) noexcept {
  uint16_t word;
  std::memcpy(&word, at, sizeof(word));  // no record is shorter
  if ((word & 0x8080U) == 0x80U) [[likely]] {
    length = static_cast<int32_t>(((word >> 1) & 0x3fU) | ((word >> 2) & 0x1fc0U));
    return at + 2;
  }
  return GetVarint(at, length);
}

}  // namespace internal

// Decodes the validated record at `at` and returns the byte after it.
[[gnu::always_inline]] inline const std::byte* DecodeRecord(const std::byte* at, const RecordBase& base,
                                                            RecordView::Parts& parts) noexcept {
  int32_t length;
  at = internal::GetRecordLength(at, length);
  const std::byte* const next = at + length;
  at += 1;  // attributes of a record: unused
  int64_t timestamp_delta;
  at = GetVarlong(at, timestamp_delta);
  int32_t offset_delta;
  at = GetVarint(at, offset_delta);
  parts.timestamp_ms = base.TimestampOf(timestamp_delta);
  parts.offset = base.offset + offset_delta;
  at = GetVarint(at, parts.key_size);
  parts.key = at;
  at += parts.key_size > 0 ? parts.key_size : 0;
  at = GetVarint(at, parts.value_size);
  parts.value = at;
  parts.headers = at + (parts.value_size > 0 ? parts.value_size : 0);
  return next;
}

class RecordRange {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = RecordView;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = RecordView;

    Iterator() noexcept = default;
    Iterator(const std::byte* at, int32_t left, const RecordBase& base) noexcept : next_(at), left_(left), base_(base) {
      Decode();
    }

    reference operator*() const noexcept { return RecordView(parts_); }
    Iterator& operator++() noexcept {
      --left_;
      Decode();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.left_ == b.left_; }

   private:
    [[gnu::always_inline]] void Decode() noexcept {
      if (left_ != 0) next_ = DecodeRecord(next_, base_, parts_);
    }

    const std::byte* next_ = nullptr;
    int32_t left_ = 0;
    RecordBase base_;
    RecordView::Parts parts_;
  };

  RecordRange() noexcept = default;
  RecordRange(const std::byte* records, int32_t count, const RecordBase& base) noexcept
      : records_(records), count_(count), base_(base) {}

  [[nodiscard]] Iterator begin() const noexcept { return {records_, count_, base_}; }
  [[nodiscard]] Iterator end() const noexcept { return {}; }
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(count_); }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

 private:
  const std::byte* records_ = nullptr;
  int32_t count_ = 0;
  RecordBase base_;
};

}  // namespace moldau::record
