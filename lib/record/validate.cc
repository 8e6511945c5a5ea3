#include "record/validate.h"

#include <algorithm>

#include "base/status_builder.h"
#include "moldau/record/verify.h"

namespace moldau::record {
namespace {

using absl::StatusCode;

constexpr int64_t kNoTimestampMs = kNoTimestamp.time_since_epoch().count();

template <typename... Args>
absl::Status InvalidRecord(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return WithErrorCode(absl::InvalidArgumentError(absl::StrFormat(format, args...)), ErrorCode::kInvalidRecord);
}

// The code that Kafka's leader answers for bytes that do not hold together.
ErrorCode CodeOf(BatchError error) {
  switch (error) {
    case BatchError::kTruncated:
    case BatchError::kBadLength:
    case BatchError::kBadCrc:
      return ErrorCode::kCorruptMessage;
    default:
      return ErrorCode::kInvalidRecord;
  }
}

// What lies where a batch should be: one batch, whole, and nothing behind it.
absl::StatusOr<BatchView> CheckFrame(std::span<const std::byte> bytes, const ValidationRules& rules) {
  if (bytes.empty()) return InvalidRecord("batch: empty, exactly one batch is expected");
  if (bytes.size() > rules.max_batch_bytes) {
    return base::Error(StatusCode::kInvalidArgument, ErrorCode::kMessageTooLarge,
                       "batch of %d bytes: larger than max.message.bytes, %d", bytes.size(), rules.max_batch_bytes);
  }
  const ParsedBatch parsed = BatchView::Parse(bytes);
  if (!parsed.ok()) {
    return base::Error(StatusCode::kInvalidArgument, CodeOf(parsed.error), "batch of %d bytes: %s", bytes.size(),
                       BatchErrorText(parsed.error));
  }
  if (parsed.batch.size_in_bytes() != bytes.size()) {
    return InvalidRecord("batch of %d bytes: %d more bytes follow it, exactly one batch is expected",
                         parsed.batch.size_in_bytes(), bytes.size() - parsed.batch.size_in_bytes());
  }
  if (!HasValidCrc(parsed.batch)) {
    return base::Error(StatusCode::kInvalidArgument, ErrorCode::kCorruptMessage,
                       "batch of %d bytes: bad crc, the header says %08x", bytes.size(), parsed.batch.crc());
  }
  return parsed.batch;
}

absl::Status CheckOffsets(const BatchView& batch) {
  if (batch.base_offset() != 0) return InvalidRecord("batch: base offset is %d, must be 0", batch.base_offset());
  if (batch.record_count() == 0) return InvalidRecord("batch: holds no records");
  if (int64_t{batch.last_offset_delta()} + 1 != batch.record_count()) {
    return InvalidRecord("batch: %d records, but last offset delta %d", batch.record_count(),
                         batch.last_offset_delta());
  }
  return absl::OkStatus();
}

absl::Status CheckProducer(const BatchView& batch) {
  if (batch.is_control()) return InvalidRecord("batch: control batches are written by brokers only");
  if (batch.has_delete_horizon()) return InvalidRecord("batch: a delete horizon is set by compaction only");
  if (batch.producer_id() < -1) return InvalidRecord("batch: producer id %d is below -1", batch.producer_id());
  if (batch.has_producer_id() && (batch.base_sequence() < 0 || batch.producer_epoch() < 0)) {
    return InvalidRecord("batch: producer id %d with epoch %d and sequence %d, both must be at least 0",
                         batch.producer_id(), batch.producer_epoch(), batch.base_sequence());
  }
  if (batch.is_transactional() && !batch.has_producer_id()) {
    return InvalidRecord("batch: transactional, but without a producer id");
  }
  // Kafka lets it pass in a corner case (a CreateTime topic and records with timestamps), where it means nothing.
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    return base::Error(StatusCode::kInvalidArgument, ErrorCode::kInvalidTimestamp,
                       "batch: timestamp type is LogAppendTime, which only a broker sets");
  }
  return absl::OkStatus();
}

absl::Status CheckTimestamp(int64_t timestamp, int32_t index, const ValidationRules& rules, int64_t now) {
  if (timestamp == kNoTimestampMs || rules.timestamp_type == TimestampType::kLogAppendTime) return absl::OkStatus();
  // A sum or difference past 64 bits is as far away as can be, on either side.
  int64_t behind = 0;
  int64_t ahead = 0;
  const bool too_far =
      __builtin_sub_overflow(now, timestamp, &behind) || __builtin_sub_overflow(timestamp, now, &ahead);
  if (!too_far && behind <= rules.timestamp_before_max.count() && ahead <= rules.timestamp_after_max.count()) {
    return absl::OkStatus();
  }
  return base::Error(StatusCode::kInvalidArgument, ErrorCode::kInvalidTimestamp,
                     "record %d: timestamp %d is outside [now - %d ms, now + %d ms], now being %d", index, timestamp,
                     rules.timestamp_before_max.count(), rules.timestamp_after_max.count(), now);
}

absl::Status CheckRecord(const RecordView& record, int32_t index, const ValidationRules& rules, int64_t now) {
  if (record.offset() != index) {
    return InvalidRecord("record %d: offset delta is %d, must be %d", index, record.offset(), index);
  }
  if (rules.keys_required && !record.has_key())
    return InvalidRecord("record %d: no key, but the topic is compacted", index);
  return CheckTimestamp(record.timestamp().time_since_epoch().count(), index, rules, now);
}

// Goes through the records once and returns the latest timestamp.
absl::StatusOr<Timestamp> CheckRecords(const BatchView& batch, std::span<const std::byte> payload,
                                       const ValidationRules& rules, Timestamp now) {
  CheckedRecordReader reader(payload, batch.record_count(), batch.last_offset_delta(), batch.record_base());
  Timestamp latest = kNoTimestamp;
  for (int32_t index = 0; reader.Next(); ++index) {
    MOLDAU_RETURN_IF_ERROR(CheckRecord(reader.record(), index, rules, now.time_since_epoch().count()));
    latest = std::max(latest, reader.record().timestamp());
  }
  if (reader.error() == BatchError::kNone) return latest;
  return InvalidRecord("record %d of %d: %s", batch.record_count() - reader.left(), batch.record_count(),
                       BatchErrorText(reader.error()));
}

}  // namespace

absl::StatusOr<ValidatedBatch> ValidateBatch(std::span<const std::byte> bytes, const ValidationRules& rules,
                                             Timestamp now, Buffer& scratch) {
  MOLDAU_ASSIGN_OR_RETURN(const BatchView batch, CheckFrame(bytes, rules));
  MOLDAU_RETURN_IF_ERROR(CheckOffsets(batch));
  MOLDAU_RETURN_IF_ERROR(CheckProducer(batch));
  std::span<const std::byte> payload = batch.payload();
  if (batch.is_compressed()) {
    scratch.Clear();
    MOLDAU_RETURN_IF_ERROR(Decompress(batch.compression(), payload, rules.decompress, scratch));
    payload = scratch.bytes();
  }
  MOLDAU_ASSIGN_OR_RETURN(const Timestamp latest, CheckRecords(batch, payload, rules, now));
  return ValidatedBatch{batch, latest};
}

}  // namespace moldau::record
