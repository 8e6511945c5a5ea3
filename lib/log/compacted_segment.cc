#include "log/compacted_segment.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/status_builder.h"
#include "log/segment_name.h"
#include "moldau/record/layout.h"
#include "record/batch_encoder.h"

namespace moldau::log {
namespace {

namespace layout = record::layout;

constexpr size_t kWriteBytes = size_t{1} << 20;

using EmptyBatch = std::array<std::byte, layout::kHeaderSize>;

// Covers offsets that nobody asks for any more.
EmptyBatch Filler(int64_t base_offset, int64_t next_offset, int32_t leader_epoch) {
  EmptyBatch batch;
  record::SealBatch({.fields = {.base_offset = base_offset, .leader_epoch = leader_epoch},
                     .last_offset_delta = static_cast<int32_t>(next_offset - base_offset - 1)},
                    batch.size(), batch.data());
  return batch;
}

// What `batch` says of its producer, without the records.
EmptyBatch WithoutRecords(const record::BatchView& batch) {
  EmptyBatch empty;
  std::memcpy(empty.data(), batch.data(), empty.size());
  const int attributes = batch.attributes() & ~layout::kDeleteHorizonBit;
  layout::StoreBig(empty.data() + layout::kAttributes, static_cast<int16_t>(attributes));
  layout::StoreBig(empty.data() + layout::kBaseTimestamp, int64_t{-1});
  layout::StoreBig(empty.data() + layout::kRecordCount, int32_t{0});
  record::SetPayload(empty.data(), Compression::kNone, empty.size());
  return empty;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompactedSegment>> CompactedSegment::Create(const LogEnvironment& environment,
                                                                           const std::string& directory,
                                                                           int64_t base_offset, uint32_t capacity,
                                                                           uint32_t index_interval_bytes) {
  auto segment = std::make_shared<Segment>(environment, directory, base_offset, capacity);
  segment->set_index_interval_bytes(index_interval_bytes);
  segment->MarkIndexesComplete();
  std::string path = segment->Path(kLogSuffix) + std::string(kCleanedSuffix);
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<storage::File> file,
                          environment.storage->Open(path, storage::OpenMode::kOpenOrCreate));
  std::unique_ptr<CompactedSegment> result(
      new CompactedSegment(environment, std::move(path), std::move(file), std::move(segment)));
  MOLDAU_RETURN_IF_ERROR(result->file_->Truncate(0));
  return result;
}

CompactedSegment::~CompactedSegment() {
  if (file_ == nullptr) return;
  file_ = nullptr;
  environment_.storage->Remove(path_).IgnoreError();  // removed at the next open otherwise
}

absl::Status CompactedSegment::Keep(std::span<const std::byte> batch, bool is_fixed) {
  MOLDAU_RETURN_IF_ERROR(CoverDropped());
  return Add(batch, is_fixed);
}

absl::Status CompactedSegment::Drop(const record::BatchView& batch, bool is_fixed) {
  if (is_fixed) return Keep(WithoutRecords(batch), true);
  if (dropped_to_ == next_offset_) dropped_epoch_ = batch.leader_epoch();
  dropped_to_ = batch.next_offset();
  return absl::OkStatus();
}

absl::Status CompactedSegment::CoverDropped() {
  if (dropped_to_ == next_offset_) return absl::OkStatus();
  if (!has_last_ || last_is_fixed_) return Add(Filler(next_offset_, dropped_to_, dropped_epoch_), false);
  StretchLast(dropped_to_);
  return absl::OkStatus();
}

// A producer id would make the last sequence grow with the last offset. Its producer has sent later batches, which tell
// where it stands.
void CompactedSegment::StretchLast(int64_t next_offset) {
  std::byte* const last = out_.data() + last_at_;
  const record::BatchView batch(last);
  layout::StoreBig(last + layout::kLastOffsetDelta, static_cast<int32_t>(next_offset - batch.base_offset() - 1));
  record::SetProducer(last, -1, -1, -1);
  next_offset_ = next_offset;
}

absl::Status CompactedSegment::Add(std::span<const std::byte> batch, bool is_fixed) {
  MOLDAU_RETURN_IF_ERROR(SettleLast());
  out_.Reserve(out_.size() + batch.size());
  last_at_ = out_.size();
  std::memcpy(out_.free().data(), batch.data(), batch.size());
  out_.Grow(batch.size());
  has_last_ = true;
  last_is_fixed_ = is_fixed;
  next_offset_ = dropped_to_ = record::BatchView(batch.data()).next_offset();
  return absl::OkStatus();
}

// Nothing will change in the last batch any more.
absl::Status CompactedSegment::SettleLast() {
  if (!std::exchange(has_last_, false)) return absl::OkStatus();
  const record::BatchView batch(out_.data() + last_at_);
  const auto size = static_cast<uint32_t>(batch.size_in_bytes());
  const auto position = static_cast<uint32_t>(written_ + last_at_);
  segment_->IndexBatch(position, batch.last_offset(), size, {batch.max_timestamp_ms(), batch.last_offset()});
  return out_.size() < kWriteBytes ? absl::OkStatus() : WriteOut();
}

absl::Status CompactedSegment::WriteOut() {
  // A delete horizon makes timestamps longer, so that a full segment may outgrow what a position can name.
  if (out_.size() > kMaxRelative - written_) {
    return base::Error(absl::StatusCode::kResourceExhausted, "%s: a segment has at most %u bytes", path_, kMaxRelative);
  }
  MOLDAU_RETURN_IF_ERROR(file_->Write(written_, out_.bytes()));
  written_ += static_cast<uint32_t>(out_.size());
  out_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Segment>> CompactedSegment::Finish() {
  MOLDAU_RETURN_IF_ERROR(CoverDropped());
  MOLDAU_RETURN_IF_ERROR(SettleLast());
  MOLDAU_RETURN_IF_ERROR(WriteOut());
  MOLDAU_RETURN_IF_ERROR(file_->Flush());
  segment_->Publish({written_, static_cast<uint32_t>(next_offset_ - segment_->base_offset())});
  segment_->SetFinalPosition(written_);
  segment_->Seal();
  segment_->MarkTouched();
  MOLDAU_RETURN_IF_ERROR(segment_->Adopt(file_, nullptr));
  return segment_;
}

}  // namespace moldau::log
