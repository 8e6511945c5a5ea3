// The indexes of a segment: kept in memory while it grows, written when it is sealed or closed, loaded when first
// asked, and rebuilt from the batches whenever there is doubt.
#include <utility>

#include "base/logger.h"
#include "base/status_builder.h"
#include "log/segment.h"
#include "log/segment_name.h"
#include "log/whole_file.h"

namespace moldau::log {

namespace {

std::span<const std::byte> AsBytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace

void Segment::AddIndexEntries(uint32_t position, int64_t last_offset) noexcept {
  offset_index_.Append(static_cast<uint32_t>(last_offset - base_offset_), position);
  time_index_.MaybeAppend(max_timestamp_.load(std::memory_order_relaxed),
                          static_cast<uint32_t>(max_timestamp_offset_.load(std::memory_order_relaxed) - base_offset_));
  bytes_since_index_ = 0;
}

absl::Status Segment::LoadIndexes() {
  if (indexes_loaded_.load(std::memory_order_acquire)) return absl::OkStatus();
  base::MutexLock lock(index_mutex_);
  if (indexes_loaded_.load(std::memory_order_acquire)) return absl::OkStatus();
  if (const absl::Status status = LoadIndexFiles(); !status.ok()) {
    if (!absl::IsNotFound(status)) {
      environment_.logger->Warning("log.index", "%s: index is rebuilt: %s", Path(kLogSuffix), status.message());
    }
    MOLDAU_RETURN_IF_ERROR(RebuildIndexes());
  }
  indexes_loaded_.store(true, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status Segment::LoadIndexFiles() {
  uint32_t offset_crc;
  uint32_t time_crc;
  {
    base::MutexLock lock(mutex_);
    offset_crc = stored_offset_crc_;
    time_crc = stored_time_crc_;
  }
  if (offset_crc == kUnknownCrc || time_crc == kUnknownCrc) return absl::NotFoundError("index: has no known checksum");
  const SegmentEnd end = published();
  constexpr size_t kLimit = size_t{256} << 20;
  MOLDAU_ASSIGN_OR_RETURN(const std::string offsets, ReadWholeFile(*environment_.storage, Path(kIndexSuffix), kLimit));
  MOLDAU_ASSIGN_OR_RETURN(const std::string times,
                          ReadWholeFile(*environment_.storage, Path(kTimeIndexSuffix), kLimit));
  MOLDAU_ASSIGN_OR_RETURN(OffsetIndex offset_index, DecodeOffsetIndex(AsBytes(offsets), end.position, offset_crc));
  const uint32_t last = end.relative_offset == 0 ? 0 : end.relative_offset - 1;
  MOLDAU_ASSIGN_OR_RETURN(TimeIndex time_index, DecodeTimeIndex(AsBytes(times), last, time_crc));
  if (const auto entry = offset_index.last(); entry && entry->relative_offset > last) {
    return base::Error(absl::StatusCode::kDataLoss, "offset index: last entry is beyond the segment's end");
  }
  offset_index_ = std::move(offset_index);
  time_index_ = std::move(time_index);
  return absl::OkStatus();
}

absl::Status Segment::RebuildIndexes() {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<const storage::Mapping> mapping, Pin());
  DropIndexes();
  const SegmentEnd end = published();
  int64_t expected = base_offset_;
  for (uint32_t at = 0; at < end.position;) {
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, BatchAt(*mapping, at, end));
    // Headers alone lead on. An entry made of one that lies would vouch for it when it is looked up.
    if (batch.base_offset() != expected) return Damaged(at, "wrong base offset");
    expected = batch.next_offset();
    IndexBatch(at, batch.last_offset(), static_cast<uint32_t>(batch.size_in_bytes()),
               {batch.max_timestamp_ms(), batch.last_offset()});
    at += static_cast<uint32_t>(batch.size_in_bytes());
  }
  if (expected != base_offset_ + end.relative_offset) return Damaged(end.position, "wrong last offset");
  rebuilt_indexes_.fetch_add(1, std::memory_order_relaxed);
  base::MutexLock lock(mutex_);
  stored_offset_crc_ = kUnknownCrc;
  stored_time_crc_ = kUnknownCrc;
  return absl::OkStatus();
}

void Segment::DropIndexes() {
  offset_index_ = OffsetIndex();
  time_index_ = TimeIndex();
  bytes_since_index_ = 0;
}

absl::Status Segment::StoreIndexes() {
  if (!indexes_loaded_.load(std::memory_order_acquire)) return absl::OkStatus();  // the files lie there as they were
  const MaxTimestamp max = max_timestamp();
  if (max.timestamp >= 0) time_index_.MaybeAppend(max.timestamp, static_cast<uint32_t>(max.offset - base_offset_));
  const std::string offsets = EncodeOffsetIndex(offset_index_);
  const std::string times = EncodeTimeIndex(time_index_);
  const uint32_t offset_crc = IndexFileCrc(AsBytes(offsets));
  const uint32_t time_crc = IndexFileCrc(AsBytes(times));
  {
    base::MutexLock lock(mutex_);
    if (offset_crc == stored_offset_crc_ && time_crc == stored_time_crc_) return absl::OkStatus();
  }
  MOLDAU_RETURN_IF_ERROR(WriteWholeFile(*environment_.storage, Path(kIndexSuffix), offsets, false));
  MOLDAU_RETURN_IF_ERROR(WriteWholeFile(*environment_.storage, Path(kTimeIndexSuffix), times, false));
  base::MutexLock lock(mutex_);
  stored_offset_crc_ = offset_crc;
  stored_time_crc_ = time_crc;
  return absl::OkStatus();
}

}  // namespace moldau::log
