// One record batch as it lies in memory. Parse checks what can be seen from the header alone; VerifyBatch
// (verify.h) checks everything.
//
// Threads: plain values; the bytes beneath do not change.   Ownership: borrows the bytes.
// Failure: Parse reports a BatchError; accessors cannot fail.   Source: Kafka record batch v2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "moldau/record/error.h"
#include "moldau/record/layout.h"
#include "moldau/record/record_range.h"
#include "moldau/types.h"

namespace moldau::record {

class BatchView;

// A batch, or why there is none.
struct ParsedBatch;

class BatchView {
 public:
  // An empty view; only empty() may be asked of it.
  BatchView() noexcept = default;
  // A view of a batch that was parsed before, at `batch`.
  explicit BatchView(const std::byte* batch) noexcept : at_(batch) {}

  // The batch at the beginning of `bytes`, which may hold more after it. Checks that all of its bytes are there, its
  // format version, and that offsets, epoch, codec and record count make sense together. Does not look at the crc or at
  // the records. Reads the header only.
  [[nodiscard]] static ParsedBatch Parse(std::span<const std::byte> bytes) noexcept;

  [[nodiscard]] bool empty() const noexcept { return at_ == nullptr; }
  [[nodiscard]] const std::byte* data() const noexcept { return at_; }
  // All bytes of the batch, header included.
  [[nodiscard]] size_t size_in_bytes() const noexcept {
    return static_cast<size_t>(Get<int32_t>(layout::kBatchLength)) + layout::kLogOverhead;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {at_, size_in_bytes()}; }
  // What follows the header: records, or one compressed stream of them.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return bytes().subspan(layout::kHeaderSize); }

  [[nodiscard]] int64_t base_offset() const noexcept { return Get<int64_t>(layout::kBaseOffset); }
  [[nodiscard]] int32_t last_offset_delta() const noexcept { return Get<int32_t>(layout::kLastOffsetDelta); }
  [[nodiscard]] int64_t last_offset() const noexcept { return base_offset() + last_offset_delta(); }
  // The offset that a batch right behind this one begins with.
  [[nodiscard]] int64_t next_offset() const noexcept { return last_offset() + 1; }
  [[nodiscard]] int32_t record_count() const noexcept { return Get<int32_t>(layout::kRecordCount); }
  [[nodiscard]] int32_t leader_epoch() const noexcept { return Get<int32_t>(layout::kLeaderEpoch); }
  [[nodiscard]] int8_t magic() const noexcept { return Get<int8_t>(layout::kMagic); }
  [[nodiscard]] uint32_t crc() const noexcept { return Get<uint32_t>(layout::kCrc); }

  [[nodiscard]] int16_t attributes() const noexcept { return Get<int16_t>(layout::kAttributes); }
  [[nodiscard]] Compression compression() const noexcept {
    return static_cast<Compression>(attributes() & layout::kCompressionMask);
  }
  [[nodiscard]] bool is_compressed() const noexcept { return (attributes() & layout::kCompressionMask) != 0; }
  [[nodiscard]] TimestampType timestamp_type() const noexcept {
    return (attributes() & layout::kLogAppendTimeBit) != 0 ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  }
  [[nodiscard]] bool is_transactional() const noexcept { return (attributes() & layout::kTransactionalBit) != 0; }
  [[nodiscard]] bool is_control() const noexcept { return (attributes() & layout::kControlBit) != 0; }
  // The base timestamp is then the time after which compaction may drop the batch's tombstones.
  [[nodiscard]] bool has_delete_horizon() const noexcept { return (attributes() & layout::kDeleteHorizonBit) != 0; }

  [[nodiscard]] int64_t base_timestamp_ms() const noexcept { return Get<int64_t>(layout::kBaseTimestamp); }
  [[nodiscard]] int64_t max_timestamp_ms() const noexcept { return Get<int64_t>(layout::kMaxTimestamp); }
  [[nodiscard]] Timestamp base_timestamp() const noexcept { return ToTimestamp(base_timestamp_ms()); }
  // The latest record's time; with LogAppendTime the time of every record.
  [[nodiscard]] Timestamp max_timestamp() const noexcept { return ToTimestamp(max_timestamp_ms()); }

  // -1 if the producer was not idempotent; the same for epoch and sequence.
  [[nodiscard]] int64_t producer_id() const noexcept { return Get<int64_t>(layout::kProducerId); }
  [[nodiscard]] int16_t producer_epoch() const noexcept { return Get<int16_t>(layout::kProducerEpoch); }
  [[nodiscard]] int32_t base_sequence() const noexcept { return Get<int32_t>(layout::kBaseSequence); }
  [[nodiscard]] bool has_producer_id() const noexcept { return producer_id() >= 0; }

  // What offsets and timestamps of the records are relative to.
  [[nodiscard]] RecordBase record_base() const noexcept {
    const bool fixed = timestamp_type() == TimestampType::kLogAppendTime;
    return {base_offset(), fixed ? max_timestamp_ms() : base_timestamp_ms(), fixed};
  }
  // The records. The batch must have been verified (by VerifyBatch, or by whoever wrote it) and be uncompressed; the
  // range of a compressed batch is empty, see DecodedBatch.
  [[nodiscard]] RecordRange records() const noexcept {
    return {at_ + layout::kRecords, is_compressed() ? 0 : record_count(), record_base()};
  }

 private:
  template <typename T>
  [[nodiscard]] T Get(size_t field) const noexcept {
    return layout::LoadBig<T>(at_ + field);
  }
  [[nodiscard]] static Timestamp ToTimestamp(int64_t ms) noexcept { return Timestamp(std::chrono::milliseconds(ms)); }
  [[nodiscard]] BatchError CheckHeader() const noexcept;

  const std::byte* at_ = nullptr;
};

struct ParsedBatch {
  BatchView batch;  // empty if there is an error
  BatchError error = BatchError::kNone;

  [[nodiscard]] bool ok() const noexcept { return error == BatchError::kNone; }
};

inline ParsedBatch BatchView::Parse(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < layout::kHeaderSize) return {{}, BatchError::kTruncated};
  const BatchView batch(bytes.data());
  if (batch.magic() != layout::kMagicV2) return {{}, BatchError::kBadMagic};
  const auto length = batch.Get<int32_t>(layout::kBatchLength);
  if (length < static_cast<int32_t>(layout::kHeaderSize - layout::kLogOverhead)) return {{}, BatchError::kBadLength};
  if (batch.size_in_bytes() > bytes.size()) return {{}, BatchError::kTruncated};
  if (const BatchError error = batch.CheckHeader(); error != BatchError::kNone) return {{}, error};
  return {batch, BatchError::kNone};
}

inline BatchError BatchView::CheckHeader() const noexcept {
  const int32_t delta = last_offset_delta();
  if (delta < 0) return BatchError::kBadLastOffsetDelta;
  // The offset after the last one must exist too: it is the log's end.
  if (base_offset() < 0 || base_offset() >= std::numeric_limits<int64_t>::max() - delta) {
    return BatchError::kBadBaseOffset;
  }
  if (leader_epoch() < -1) return BatchError::kBadLeaderEpoch;
  if ((attributes() & layout::kCompressionMask) > static_cast<int16_t>(Compression::kZstd)) {
    return BatchError::kBadCompression;
  }
  const int64_t count = record_count();
  if (count < 0 || count > int64_t{delta} + 1) return BatchError::kBadRecordCount;
  if (!is_compressed() && static_cast<size_t>(count) > payload().size() / layout::kMinRecordSize) {
    return BatchError::kBadRecordCount;
  }
  return BatchError::kNone;
}

static_assert(std::is_trivially_copyable_v<BatchView> && std::is_trivially_copyable_v<RecordView>);

}  // namespace moldau::record
