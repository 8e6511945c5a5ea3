// Collects records one by one and makes a batch of them: the producer's side of batching. Records are encoded as they
// come; finishing costs the header, the crc and, if asked for, the compression.
//
// Threads: one thread at a time.   Ownership: owns its buffer, or borrows the caller's for its lifetime.
// Failure: a record that does not fit is refused by TryAppend; Finish fails only if compression does.
// Source: Kafka record batch v2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "moldau/record.h"
#include "moldau/types.h"
#include "record/batch_encoder.h"
#include "record/buffer.h"
#include "record/record_encoder.h"

namespace moldau::record {

class BatchBuilder {
 public:
  // Room for a batch of `capacity` bytes, header included, before compression.
  explicit BatchBuilder(size_t capacity);
  explicit BatchBuilder(std::span<std::byte> buffer) noexcept;
  BatchBuilder(BatchBuilder&&) noexcept = default;
  BatchBuilder& operator=(BatchBuilder&&) noexcept = default;

  // True if the record surely fits. Cheap; may say no to a record that would just fit.
  [[nodiscard]] bool HasRoomFor(const Record& record) const noexcept {
    return RecordSizeBound(record) <= static_cast<size_t>(limit_ - at_);
  }

  // Adds `record`, for which HasRoomFor said yes. `now` is its timestamp if it brings none. Copies; allocates nothing.
  void Append(const Record& record, Timestamp now) noexcept {
    const int64_t timestamp = Stamp(record.timestamp == kNoTimestamp ? now : record.timestamp);
    const int32_t offset_delta = record_count_++;
    at_ = PutRecord(at_, record, TimestampDelta(timestamp, base_timestamp_ms_), offset_delta);
  }

  // Adds `record` if HasRoomFor it.
  [[nodiscard]] bool TryAppend(const Record& record, Timestamp now) noexcept {
    if (!HasRoomFor(record)) return false;
    Append(record, now);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return record_count_ == 0; }
  [[nodiscard]] int32_t record_count() const noexcept { return record_count_; }
  // What the batch takes so far without compression, header included.
  [[nodiscard]] size_t size_in_bytes() const noexcept { return static_cast<size_t>(at_ - begin_); }

  // The batch of the records added, of which there is at least one, valid until the next call on this builder.
  // `fields.now` counts only with kLogAppendTime. The records stay: finishing again with other fields is allowed.
  [[nodiscard]] absl::StatusOr<std::span<std::byte>> Finish(const BatchFields& fields,
                                                            Compression codec = Compression::kNone);

  // Forgets the records and keeps the memory.
  void Clear() noexcept;

 private:
  // Notes the time of the next record and returns it in milliseconds.
  int64_t Stamp(Timestamp time) noexcept {
    const int64_t ms = time.time_since_epoch().count();
    if (record_count_ == 0) [[unlikely]] {
      base_timestamp_ms_ = ms;
      max_timestamp_ms_ = ms;
    }
    if (ms > max_timestamp_ms_) max_timestamp_ms_ = ms;
    return ms;
  }

  Buffer owned_;
  Buffer compressed_;
  std::byte* begin_;
  std::byte* at_;
  std::byte* limit_;
  int64_t base_timestamp_ms_ = -1;
  int64_t max_timestamp_ms_ = -1;
  int32_t record_count_ = 0;
};

}  // namespace moldau::record
