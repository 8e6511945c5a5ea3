// Reads the records of foreign bytes one by one and trusts nothing: every varint, length and offset is checked against
// the bytes that are left. Bytes that passed once may be iterated by RecordRange from then on.
//
// Threads: one thread at a time.   Ownership: borrows the payload.
// Failure: error() says what is wrong; the reader then stays at its end.   Source: Kafka record format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "moldau/record/error.h"
#include "moldau/record/record_range.h"
#include "moldau/record/record_view.h"
#include "moldau/record/varint.h"

namespace moldau::record {

class CheckedRecordReader {
 public:
  // `payload` holds `count` records and nothing else; offset deltas must rise within [0, last_offset_delta].
  CheckedRecordReader(std::span<const std::byte> payload, int32_t count, int32_t last_offset_delta,
                      const RecordBase& base) noexcept
      : at_(payload.data()),
        end_(payload.data() + payload.size()),
        left_(count),
        last_offset_delta_(last_offset_delta),
        base_(base) {}

  // Moves to the next record. False at the end and at the first error.
  [[nodiscard]] bool Next() noexcept;

  // The record that Next() moved to.
  [[nodiscard]] const RecordView& record() const noexcept { return record_; }
  [[nodiscard]] BatchError error() const noexcept { return error_; }
  // Records left: 0 after a whole pass without error.
  [[nodiscard]] int32_t left() const noexcept { return left_; }

 private:
  bool Fail(BatchError error) noexcept {
    error_ = error;
    return false;
  }
  [[nodiscard]] BatchError CheckRecord(const std::byte* end) noexcept;
  [[nodiscard]] BatchError CheckHeaders(const std::byte* end) noexcept;
  // Reads a length of at least `least` and steps over as many bytes of [at_, end).
  [[nodiscard]] bool Skip(const std::byte* end, int32_t least, int32_t& size, const std::byte*& bytes) noexcept;

  const std::byte* at_;
  const std::byte* end_;
  int32_t left_;
  int32_t last_offset_delta_;
  int32_t previous_delta_ = -1;
  RecordBase base_;
  RecordView record_;
  BatchError error_ = BatchError::kNone;
};

inline bool CheckedRecordReader::Next() noexcept {
  if (error_ != BatchError::kNone) return false;
  if (left_ == 0) return at_ == end_ ? false : Fail(BatchError::kTrailingBytes);
  int32_t length;
  const std::byte* const body = ReadVarint(at_, end_, length);
  if (body == nullptr) return Fail(BatchError::kBadVarint);
  if (length < 0 || length > end_ - body) return Fail(BatchError::kBadRecordLength);
  at_ = body;
  const std::byte* const end = body + length;
  if (const BatchError error = CheckRecord(end); error != BatchError::kNone) return Fail(error);
  if (at_ != end) return Fail(BatchError::kBadRecordLength);
  --left_;
  return true;
}

inline BatchError CheckedRecordReader::CheckRecord(const std::byte* end) noexcept {
  if (at_ == end) return BatchError::kBadRecordLength;
  ++at_;  // attributes: unused
  int64_t timestamp_delta;
  at_ = ReadVarlong(at_, end, timestamp_delta);
  if (at_ == nullptr) return BatchError::kBadVarint;
  int32_t offset_delta;
  at_ = ReadVarint(at_, end, offset_delta);
  if (at_ == nullptr) return BatchError::kBadVarint;
  if (offset_delta <= previous_delta_ || offset_delta > last_offset_delta_) return BatchError::kBadRecordOffset;
  previous_delta_ = offset_delta;

  RecordView::Parts parts;
  parts.offset = base_.offset + offset_delta;
  parts.timestamp_ms = base_.TimestampOf(timestamp_delta);
  if (!Skip(end, -1, parts.key_size, parts.key)) return BatchError::kBadKey;
  if (!Skip(end, -1, parts.value_size, parts.value)) return BatchError::kBadValue;
  parts.headers = at_;
  record_ = RecordView(parts);
  return CheckHeaders(end);
}

inline BatchError CheckedRecordReader::CheckHeaders(const std::byte* end) noexcept {
  int32_t count;
  at_ = ReadVarint(at_, end, count);
  if (at_ == nullptr) return BatchError::kBadVarint;
  // A header takes two bytes at least, so a lying count ends here and not in a long loop.
  if (count < 0 || count > (end - at_) / 2) return BatchError::kBadHeader;
  for (int32_t i = 0; i < count; ++i) {
    int32_t size;
    const std::byte* bytes;
    if (!Skip(end, 0, size, bytes) || !Skip(end, -1, size, bytes)) return BatchError::kBadHeader;
  }
  return BatchError::kNone;
}

inline bool CheckedRecordReader::Skip(const std::byte* end, int32_t least, int32_t& size,
                                      const std::byte*& bytes) noexcept {
  const std::byte* const after = ReadVarint(at_, end, size);
  if (after == nullptr || size < least || size > end - after) return false;
  bytes = after;
  at_ = after + (size > 0 ? size : 0);
  return true;
}

}  // namespace moldau::record
