#include "log/segment.h"

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/segment_name.h"
#include "moldau/record/layout.h"
#include "moldau/record/verify.h"
#include "storage/sigbus_guard.h"

namespace moldau::log {

namespace {

constexpr size_t kSmallestPage = 4096;

}  // namespace

Segment::Segment(const LogEnvironment& environment, std::string directory, int64_t base_offset, uint32_t capacity)
    : environment_(environment), directory_(std::move(directory)), base_offset_(base_offset), capacity_(capacity) {}

Segment::~Segment() { CloseHandles(); }

std::string Segment::Path(std::string_view suffix) const {
  return directory_ + "/" + SegmentFileName(base_offset_, suffix);
}

absl::Status Segment::Damaged(uint32_t position, std::string_view what) const {
  return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage, "%s: %s at byte %u", Path(kLogSuffix),
                     what, position);
}

// --- file and mapping ---

absl::Status Segment::OpenLocked() {
  if (file_ != nullptr) return absl::OkStatus();
  if (environment_.handles != nullptr) MOLDAU_RETURN_IF_ERROR(environment_.handles->Use(this));
  auto file = environment_.storage->Open(Path(kLogSuffix), storage::OpenMode::kReadWrite);
  if (!file.ok() && environment_.handles != nullptr) environment_.handles->Withdraw(this);
  if (absl::IsNotFound(file.status())) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError, "%s: segment file has disappeared",
                       Path(kLogSuffix));
  }
  MOLDAU_RETURN_IF_ERROR(file.status());
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
  if (const uint32_t end = published().position; size < end) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage,
                       "%s: file ends at byte %d, %u bytes were expected", Path(kLogSuffix), static_cast<int64_t>(size),
                       end);
  }
  file_ = *std::move(file);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<storage::Mapping>> Segment::MapLocked() {
  if (mapping_ != nullptr) return mapping_;
  MOLDAU_RETURN_IF_ERROR(OpenLocked());
  const size_t length = sealed() ? std::max<size_t>(published().position, 1) : capacity_;
  MOLDAU_ASSIGN_OR_RETURN(std::unique_ptr<storage::Mapping> mapping, file_->Map(length, storage::MapMode::kRead));
  mapping_ = std::move(mapping);
  mapping_is_writable_ = false;
  return mapping_;
}

absl::StatusOr<std::shared_ptr<storage::File>> Segment::File() {
  base::MutexLock lock(mutex_);
  MOLDAU_RETURN_IF_ERROR(OpenLocked());
  return file_;
}

absl::Status Segment::Adopt(std::shared_ptr<storage::File> file, std::shared_ptr<storage::Mapping> writable) {
  base::MutexLock lock(mutex_);
  if (environment_.handles != nullptr) MOLDAU_RETURN_IF_ERROR(environment_.handles->Use(this));
  file_ = std::move(file);
  mapping_is_writable_ = writable != nullptr;
  mapping_ = std::move(writable);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const storage::Mapping>> Segment::ReadMapping() {
  base::MutexLock lock(mutex_);
  return MapLocked();
}

absl::StatusOr<std::shared_ptr<const storage::Mapping>> Segment::Pin() {
  absl::StatusOr<std::shared_ptr<const storage::Mapping>> mapping = ReadMapping();
  if (mapping.ok() && retired()) [[unlikely]]
    return absl::AbortedError("segment: cut off or deleted meanwhile");
  return mapping;
}

std::shared_ptr<storage::Mapping> Segment::writable_mapping() const {
  base::MutexLock lock(mutex_);
  return mapping_is_writable_ ? mapping_ : nullptr;
}

void Segment::DropWritableMapping() {
  base::MutexLock lock(mutex_);
  if (!mapping_is_writable_) return;
  mapping_ = nullptr;
  mapping_is_writable_ = false;
}

bool Segment::IsPinned() const {
  base::MutexLock lock(mutex_);
  return mapping_ != nullptr && mapping_.use_count() > 1;
}

void Segment::CloseHandles() {
  {
    base::MutexLock lock(mutex_);
    if (file_ == nullptr) return;
    mapping_ = nullptr;
    mapping_is_writable_ = false;
    file_ = nullptr;
  }
  if (environment_.handles != nullptr) environment_.handles->Withdraw(this);
}

bool Segment::TryReleaseHandles() {
  // The cache holds its own lock here, and a thread inside this segment may be waiting for it.
  if (!mutex_.TryLock()) return false;
  const bool busy = mapping_is_writable_ || (mapping_ != nullptr && mapping_.use_count() > 1) || file_.use_count() > 1;
  if (!busy) {
    mapping_ = nullptr;
    file_ = nullptr;
  }
  mutex_.Unlock();
  return !busy;
}

// --- reading ---

absl::Status Segment::Touch(const storage::Mapping& mapping, uint32_t from, uint32_t to) const {
  if (!environment_.guards_pages || from >= to) return absl::OkStatus();
  const std::span<const std::byte> bytes(mapping.data() + from, to - from);
  return storage::WithSigbusGuard(Path(kLogSuffix), bytes, [bytes] {
    const volatile std::byte* const data = bytes.data();
    for (size_t at = 0; at < bytes.size(); at += kSmallestPage) static_cast<void>(data[at]);
    static_cast<void>(data[bytes.size() - 1]);
  });
}

absl::StatusOr<record::BatchView> Segment::BatchAt(const storage::Mapping& mapping, uint32_t position,
                                                   SegmentEnd end) const {
  constexpr uint32_t kHeaderSize = record::layout::kHeaderSize;
  MOLDAU_RETURN_IF_ERROR(Touch(mapping, position, std::min(end.position - position, kHeaderSize) + position));
  const record::ParsedBatch parsed = record::BatchView::Parse({mapping.data() + position, end.position - position});
  if (!parsed.ok()) return Damaged(position, record::BatchErrorText(parsed.error));
  const auto size = static_cast<uint32_t>(parsed.batch.size_in_bytes());
  MOLDAU_RETURN_IF_ERROR(Touch(mapping, position, position + size));
  return parsed.batch;
}

// Base offset and leader epoch are outside the crc, so they are held against what is known otherwise: the batch before,
// the segment's end, and the epoch history.
absl::Status Segment::Check(const record::BatchView& batch, uint32_t position, int64_t expected_base, SegmentEnd end,
                            const LeaderEpochHistory& epochs) const {
  if (!record::HasValidCrc(batch)) return Damaged(position, "bad crc");
  if (MOLDAU_NAMED_BUG(M7)) return absl::OkStatus();
  if (batch.base_offset() != expected_base) return Damaged(position, "wrong base offset");
  const bool is_last = position + batch.size_in_bytes() == end.position;
  if (is_last && batch.next_offset() != base_offset_ + end.relative_offset)
    return Damaged(position, "wrong last offset");
  const auto epoch = epochs.EpochFor(batch.base_offset());
  if (epoch && *epoch != batch.leader_epoch()) return Damaged(position, "wrong leader epoch");
  return absl::OkStatus();
}

absl::StatusOr<Segment::Border> Segment::VerifiedBorder(const storage::Mapping& mapping, Place from, SegmentEnd end,
                                                        size_t max_bytes, const LeaderEpochHistory& epochs) {
  uint32_t at = from.position;
  int64_t expected = from.base_offset;
  while (at < end.position && (at == from.position || at - from.position < max_bytes)) {
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, BatchAt(mapping, at, end));
    MOLDAU_RETURN_IF_ERROR(Check(batch, at, expected, end, epochs));
    expected = batch.next_offset();
    at += static_cast<uint32_t>(batch.size_in_bytes());
  }
  base::MutexLock lock(verify_mutex_);
  const bool touches = from.position <= verified_to_ && at >= verified_from_;
  verified_from_ = touches ? std::min(verified_from_, from.position) : from.position;
  verified_to_ = touches ? std::max(verified_to_, at) : at;
  if (verified_from_ == 0 && verified_to_ >= unverified_end_.load(std::memory_order_relaxed)) SetUnverified(0);
  return Border{at, expected};
}

absl::StatusOr<Segment::Border> Segment::TouchedBorder(const storage::Mapping& mapping, Place from, SegmentEnd end,
                                                       size_t max_bytes) const {
  Border border{from.position, from.base_offset};
  while (border.position < end.position &&
         (border.position == from.position || border.position - from.position < max_bytes)) {
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, BatchAt(mapping, border.position, end));
    border = {border.position + static_cast<uint32_t>(batch.size_in_bytes()), batch.next_offset()};
  }
  return border;
}

absl::StatusOr<Segment::Border> Segment::ReadBorder(const storage::Mapping& mapping, Place place, SegmentEnd end,
                                                    size_t max_bytes, const LeaderEpochHistory& epochs) {
  const uint32_t from = place.position;
  if (NeedsVerification(from)) {
    bool verified;
    {
      base::MutexLock lock(verify_mutex_);
      verified = verified_from_ <= from && from < verified_to_;
      if (verified && verified_to_ < end.position) {
        max_bytes = std::min<size_t>(max_bytes, verified_to_ - from);
      }
    }
    if (!verified) return VerifiedBorder(mapping, place, end, max_bytes, epochs);
  }
  if (environment_.guards_pages) return TouchedBorder(mapping, place, end, max_bytes);
  if (end.position - from <= max_bytes) return Border{end.position, base_offset_ + end.relative_offset};
  record::BatchView batch(mapping.data() + from);
  uint32_t at = from + static_cast<uint32_t>(batch.size_in_bytes());
  for (;;) {
    if (at == end.position) break;
    const record::BatchView next(mapping.data() + at);
    if (at - from + next.size_in_bytes() > max_bytes) break;
    batch = next;
    at += static_cast<uint32_t>(batch.size_in_bytes());
  }
  return Border{at, batch.next_offset()};
}

absl::StatusOr<Segment::Place> Segment::Locate(const storage::Mapping& mapping, int64_t offset,
                                               const LeaderEpochHistory& epochs) {
  const SegmentEnd end = published();
  const auto entry =
      offset_index_.FloorByOffset(static_cast<uint32_t>(offset - base_offset_) + (MOLDAU_NAMED_BUG(M8) ? 1 : 0));
  Place at{.position = 0, .base_offset = base_offset_};
  if (entry && MOLDAU_NAMED_BUG(M8)) {
    at = {entry->position, record::BatchView(mapping.data() + entry->position).base_offset()};
  } else if (entry) {
    // An index may be stale or damaged; only what the batch itself says counts.
    if (entry->position >= end.position) return Damaged(entry->position, "index beyond the end");
    MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, BatchAt(mapping, entry->position, end));
    if (batch.last_offset() != base_offset_ + entry->relative_offset) {
      return Damaged(entry->position, "index names another batch");
    }
    at = {entry->position, batch.base_offset()};
  }
  // From batch to batch: each says where the next one begins, so that one that lies about its own offset is found.
  while (at.position < end.position) {
    if (NeedsVerification(at.position) || environment_.guards_pages) {
      MOLDAU_RETURN_IF_ERROR(ReadBorder(mapping, at, end, 1, epochs).status());
    }
    const record::BatchView batch(mapping.data() + at.position);
    if (batch.last_offset() >= offset) return at;
    at = {at.position + static_cast<uint32_t>(batch.size_in_bytes()), batch.next_offset()};
  }
  return Damaged(at.position, "an offset below the segment's end is missing");
}

absl::StatusOr<Segment::Place> Segment::PlaceOf(int64_t offset, const LeaderEpochHistory& epochs) {
  Place at{.position = 0, .base_offset = base_offset_};
  if (offset == base_offset_) return at;
  MOLDAU_RETURN_IF_ERROR(LoadIndexes());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<const storage::Mapping> mapping, Pin());
  absl::StatusOr<Place> place = Locate(*mapping, offset, epochs);
  if (place.ok() || offset_index_.size() == 0 || !NeedsVerification(0)) return place;
  // Perhaps only the index is wrong: ask the batches themselves.
  const SegmentEnd end = published();
  while (at.position < end.position) {
    MOLDAU_ASSIGN_OR_RETURN(const Border next, VerifiedBorder(*mapping, at, end, 1, epochs));
    if (next.next_offset > offset) return at;
    at = {next.position, next.next_offset};
  }
  return Damaged(at.position, "an offset below the segment's end is missing");
}

// --- what the manifest keeps ---

MaxTimestamp Segment::max_timestamp() const {
  return {max_timestamp_.load(std::memory_order_acquire), max_timestamp_offset_.load(std::memory_order_acquire)};
}

void Segment::set_max_timestamp(MaxTimestamp max) {
  max_timestamp_offset_.store(max.offset, std::memory_order_release);
  max_timestamp_.store(max.timestamp, std::memory_order_release);
}

SegmentEntry Segment::Describe() const {
  const SegmentEnd end = published();
  const MaxTimestamp max = max_timestamp();
  base::MutexLock lock(mutex_);
  return {.base_offset = base_offset_,
          .end_offset = base_offset_ + end.relative_offset,
          .size_bytes = end.position,
          .max_timestamp = max.timestamp,
          .max_timestamp_offset = max.offset,
          .offset_index_crc = stored_offset_crc_,
          .time_index_crc = stored_time_crc_,
          .sealed = sealed()};
}

void Segment::Restore(const SegmentEntry& entry) {
  const SegmentEnd end{static_cast<uint32_t>(entry.size_bytes), static_cast<uint32_t>(entry.end_offset - base_offset_)};
  Publish(end);
  SetUnverified(end.position);
  set_max_timestamp({entry.max_timestamp, entry.max_timestamp_offset});
  {
    base::MutexLock lock(mutex_);
    stored_offset_crc_ = entry.offset_index_crc;
    stored_time_crc_ = entry.time_index_crc;
  }
  if (entry.sealed) {
    Seal();
  } else {
    snapshot_offset = entry.end_offset;
  }
}

}  // namespace moldau::log
