// Checks a whole batch of foreign bytes: header, crc, and every record of an uncompressed one. What passes may be
// iterated with BatchView::records(). Reads a segment file without a broker and without linking anything:
//
//   for (record::BatchCursor cursor(bytes); cursor.Next();)
//     for (const record::RecordView& r : cursor.batch().records()) Use(r.key(), r.value());
//
// Threads: one thread at a time.   Ownership: borrows the bytes.
// Failure: a BatchError; the bytes are never read past their end.   Source: Kafka record batch v2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "moldau/base/crc32c.h"
#include "moldau/record/batch_view.h"
#include "moldau/record/checked_reader.h"
#include "moldau/record/error.h"

namespace moldau::record {

// True if the batch's bytes are those that its crc was computed of.
[[nodiscard]] inline bool HasValidCrc(const BatchView& batch) noexcept {
  const auto covered = batch.bytes().subspan(layout::kCrcStart);
  return base::Crc32c(covered.data(), covered.size()) == batch.crc();
}

// Checks every record of an uncompressed batch without looking at the crc. kNone for a compressed batch: its records
// can only be seen after decompression (DecodedBatch).
[[nodiscard]] inline BatchError VerifyRecords(const BatchView& batch) noexcept {
  if (batch.is_compressed()) return BatchError::kNone;
  CheckedRecordReader reader(batch.payload(), batch.record_count(), batch.last_offset_delta(), batch.record_base());
  while (reader.Next()) {
  }
  return reader.error();
}

// The batch at the beginning of `bytes` (which may hold more), checked in full.
[[nodiscard]] inline ParsedBatch VerifyBatch(std::span<const std::byte> bytes) noexcept {
  ParsedBatch parsed = BatchView::Parse(bytes);
  if (!parsed.ok()) return parsed;
  if (!HasValidCrc(parsed.batch)) return {{}, BatchError::kBadCrc};
  if (const BatchError error = VerifyRecords(parsed.batch); error != BatchError::kNone) return {{}, error};
  return parsed;
}

// Goes through batches that lie one behind the other, as in a segment file, and verifies each.
class BatchCursor {
 public:
  explicit BatchCursor(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  // Moves to the next batch. False at the end of the bytes and at the first batch that does not verify.
  [[nodiscard]] bool Next() noexcept {
    if (error_ != BatchError::kNone) return false;
    position_ += batch_.empty() ? 0 : batch_.size_in_bytes();
    batch_ = {};
    if (position_ == bytes_.size()) return false;
    const ParsedBatch parsed = VerifyBatch(bytes_.subspan(position_));
    batch_ = parsed.batch;
    error_ = parsed.error;
    return parsed.ok();
  }

  // The batch that Next() moved to.
  [[nodiscard]] const BatchView& batch() const noexcept { return batch_; }
  // Where that batch, or the bad one, begins; after the last batch the size of the bytes.
  [[nodiscard]] size_t position() const noexcept { return position_; }
  [[nodiscard]] BatchError error() const noexcept { return error_; }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  BatchView batch_;
  BatchError error_ = BatchError::kNone;
};

}  // namespace moldau::record
