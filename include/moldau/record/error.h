// What can be wrong with the bytes of a record batch. An enum of its own, so that reading links nothing.
//
// Threads: plain values.   Ownership: none.   Failure: none.
#pragma once

#include <cstdint>

namespace moldau::record {

enum class BatchError : uint8_t {
  kNone = 0,
  kTruncated,           // the bytes end before the batch does: also what a torn write looks like
  kBadLength,           // the length field is smaller than a batch header
  kBadMagic,            // not format version 2
  kBadCrc,              // bytes differ from what was written
  kBadBaseOffset,       // negative, or base offset plus delta passes the largest offset
  kBadLeaderEpoch,      // below -1
  kBadCompression,      // a codec number that Kafka does not know
  kBadLastOffsetDelta,  // negative
  kBadRecordCount,      // negative, more records than offsets, or more than the bytes could hold
  kBadVarint,           // cut off, or longer than its type allows
  kBadRecordLength,     // a record passes the end of the batch, or its fields do not fill its length
  kBadRecordOffset,     // offset deltas do not rise within the batch's range
  kBadKey,              // key length below -1 or past the end of the record
  kBadValue,            // value length below -1 or past the end of the record
  kBadHeader,           // header count or a header's lengths do not fit the record
  kTrailingBytes,       // bytes are left after the last record
};

// The enumerator as text, such as "bad_crc".
[[nodiscard]] constexpr const char* BatchErrorName(BatchError error) noexcept {
  switch (error) {
    case BatchError::kNone:
      return "none";
    case BatchError::kTruncated:
      return "truncated";
    case BatchError::kBadLength:
      return "bad_length";
    case BatchError::kBadMagic:
      return "bad_magic";
    case BatchError::kBadCrc:
      return "bad_crc";
    case BatchError::kBadBaseOffset:
      return "bad_base_offset";
    case BatchError::kBadLeaderEpoch:
      return "bad_leader_epoch";
    case BatchError::kBadCompression:
      return "bad_compression";
    case BatchError::kBadLastOffsetDelta:
      return "bad_last_offset_delta";
    case BatchError::kBadRecordCount:
      return "bad_record_count";
    case BatchError::kBadVarint:
      return "bad_varint";
    case BatchError::kBadRecordLength:
      return "bad_record_length";
    case BatchError::kBadRecordOffset:
      return "bad_record_offset";
    case BatchError::kBadKey:
      return "bad_key";
    case BatchError::kBadValue:
      return "bad_value";
    case BatchError::kBadHeader:
      return "bad_header";
    case BatchError::kTrailingBytes:
      return "trailing_bytes";
  }
  return "unknown";
}

// What the error means, as the middle of a sentence: "batch at byte 4096: <explanation>".
[[nodiscard]] constexpr const char* BatchErrorText(BatchError error) noexcept {
  switch (error) {
    case BatchError::kNone:
      return "no error";
    case BatchError::kTruncated:
      return "the bytes end before the batch does";
    case BatchError::kBadLength:
      return "the batch length is smaller than a batch header";
    case BatchError::kBadMagic:
      return "the format version is not 2";
    case BatchError::kBadCrc:
      return "the crc does not match the bytes";
    case BatchError::kBadBaseOffset:
      return "the base offset is negative or too large";
    case BatchError::kBadLeaderEpoch:
      return "the leader epoch is below -1";
    case BatchError::kBadCompression:
      return "the compression codec is unknown";
    case BatchError::kBadLastOffsetDelta:
      return "the last offset delta is negative";
    case BatchError::kBadRecordCount:
      return "the record count is negative or more than the batch can hold";
    case BatchError::kBadVarint:
      return "a varint is cut off or too long";
    case BatchError::kBadRecordLength:
      return "a record's length does not match its fields or the batch";
    case BatchError::kBadRecordOffset:
      return "a record's offset delta does not rise within the batch's range";
    case BatchError::kBadKey:
      return "a key's length does not fit its record";
    case BatchError::kBadValue:
      return "a value's length does not fit its record";
    case BatchError::kBadHeader:
      return "a record's headers do not fit it";
    case BatchError::kTrailingBytes:
      return "bytes are left after the last record";
  }
  return "unknown error";
}

}  // namespace moldau::record
