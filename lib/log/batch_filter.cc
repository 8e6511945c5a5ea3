#include "log/batch_filter.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/status_builder.h"
#include "moldau/record/layout.h"
#include "record/batch_encoder.h"
#include "record/compression.h"
#include "record/decoded_batch.h"
#include "record/record_encoder.h"

namespace moldau::log {
namespace {

namespace layout = record::layout;

// `record` for the encoder; its headers go to `headers`.
Record ToRecord(const record::RecordView& record, std::vector<Header>& headers) {
  headers.clear();
  for (const record::HeaderView& header : record.headers()) {
    headers.push_back({.key = header.key});
    if (header.has_value) headers.back().value = header.value;
  }
  Record result{.headers = headers};
  if (record.has_key()) result.key = record.key();
  if (record.has_value()) result.value = record.value();
  return result;
}

int64_t Milliseconds(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

bool BatchFilter::Stays(const record::BatchView& batch, const record::RecordView& record) const {
  if (record.offset() >= rules_.end) return true;
  if (!record.has_key() || latest_.Find(record.key()) > record.offset()) return false;
  return record.has_value() || !batch.has_delete_horizon() || rules_.now_ms < batch.base_timestamp_ms();
}

absl::Status BatchFilter::Select(const record::BatchView& batch) {
  kept_.clear();
  has_tombstone_ = false;
  const std::byte* at = batch.payload().data();
  if (batch.is_compressed()) {
    MOLDAU_RETURN_IF_ERROR(record::DecodedBatch::Decode(batch, {}, unpacked_).status());
    at = unpacked_.data();
  }
  const record::RecordBase base = batch.record_base();
  for (int32_t left = batch.record_count(); left > 0; --left) {
    record::RecordView::Parts parts;
    const std::byte* const next = record::DecodeRecord(at, base, parts);
    const record::RecordView record(parts);
    if (Stays(batch, record)) {
      kept_.push_back({record, {at, next}});
      has_tombstone_ |= !record.has_value();
    }
    at = next;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::span<const std::byte>> BatchFilter::Filter(const record::BatchView& batch) {
  if (batch.is_control()) return batch.bytes();
  MOLDAU_RETURN_IF_ERROR(Select(batch));
  if (kept_.empty()) return std::span<const std::byte>();
  const bool begins_horizon = has_tombstone_ && !batch.has_delete_horizon() && batch.last_offset() < rules_.end;
  if (kept_.size() == static_cast<size_t>(batch.record_count()) && !begins_horizon) return batch.bytes();
  return Rewrite(batch, begins_horizon);
}

std::span<const std::byte> BatchFilter::Rewrite(const record::BatchView& batch, bool begins_horizon) {
  int64_t base_timestamp = batch.base_timestamp_ms();
  int attributes = batch.attributes();
  if (begins_horizon) {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    base_timestamp =
        rules_.delete_retention_ms > kMax - rules_.now_ms ? kMax : rules_.now_ms + rules_.delete_retention_ms;
    attributes |= layout::kDeleteHorizonBit;
  }
  PutRecords(batch, base_timestamp);

  Compression codec = batch.compression();
  out_.Clear();
  out_.Reserve(layout::kHeaderSize + std::max(record::CompressBound(codec, records_.size()), records_.size()));
  std::memcpy(out_.data(), batch.data(), layout::kHeaderSize);
  out_.Grow(layout::kHeaderSize);
  if (const absl::StatusOr<size_t> size = record::Compress(codec, records_.bytes(), out_.free()); size.ok()) {
    out_.Grow(*size);
  } else {  // it would shrink to less than what may be decompressed
    codec = Compression::kNone;
    std::memcpy(out_.free().data(), records_.data(), records_.size());
    out_.Grow(records_.size());
  }

  std::byte* const header = out_.data();
  layout::StoreBig(header + layout::kAttributes, static_cast<int16_t>(attributes));
  layout::StoreBig(header + layout::kBaseTimestamp, base_timestamp);
  layout::StoreBig(header + layout::kRecordCount, static_cast<int32_t>(kept_.size()));
  if (batch.timestamp_type() == TimestampType::kCreateTime) {
    Timestamp latest = kNoTimestamp;
    for (const Kept& kept : kept_) latest = std::max(latest, kept.view.timestamp());
    layout::StoreBig(header + layout::kMaxTimestamp, Milliseconds(latest));
  }
  record::SetPayload(header, codec, out_.size());
  return out_.bytes();
}

// Offsets are relative to a base that stays; timestamps are only if no horizon has taken the place of theirs.
void BatchFilter::PutRecords(const record::BatchView& batch, int64_t base_timestamp) {
  const bool as_they_are = base_timestamp == batch.base_timestamp_ms();
  size_t bound = record::kEncodeSlack;
  for (const Kept& kept : kept_) bound += kept.bytes.size() + layout::kMaxRecordOverhead;
  records_.Clear();
  records_.Reserve(bound);
  std::vector<Header> headers;
  for (const Kept& kept : kept_) {
    std::byte* const at = records_.free().data();
    if (as_they_are) {
      std::memcpy(at, kept.bytes.data(), kept.bytes.size());
      records_.Grow(kept.bytes.size());
    } else {
      const int64_t delta = record::TimestampDelta(Milliseconds(kept.view.timestamp()), base_timestamp);
      const auto offset_delta = static_cast<int32_t>(kept.view.offset() - batch.base_offset());
      const std::byte* const end = record::PutRecord(at, ToRecord(kept.view, headers), delta, offset_delta);
      records_.Grow(static_cast<size_t>(end - at));
    }
  }
}

}  // namespace moldau::log
