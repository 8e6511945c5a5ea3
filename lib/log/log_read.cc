// Reading: from the mapping, between the log start and the high watermark, without a lock once a cursor stands.
#include <algorithm>

#include "base/cpu_relax.h"
#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"
#include "record/decoded_batch.h"

namespace moldau::log {

namespace {

constexpr std::chrono::microseconds kBackoffSpin{20};
constexpr size_t kScanBytes = size_t{1} << 20;
// A spinning reader looks at the clock this often.
constexpr int kSpinsPerClockCheck = 64;

// A batch that was published a moment ago lies in the cache of the processor that wrote it. Asked for at once, its
// lines come together, and not each when the one before it has been looked at.
void FetchFirstLines(const std::byte* data, size_t size) {
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < std::min(size, 4 * kLine); at += kLine) __builtin_prefetch(data + at);
}

}  // namespace

absl::Status Log::Core::OutOfRange(int64_t offset) const {
  return base::Error(absl::StatusCode::kOutOfRange, ErrorCode::kOffsetOutOfRange,
                     "%s-%d: offset %d is outside the readable range [%d, %d]", identity.topic, identity.partition,
                     offset, log_start.load(std::memory_order_acquire), visible_end.load(std::memory_order_acquire));
}

absl::StatusOr<LogSlice> Log::Core::Read(LogCursor& cursor, size_t max_bytes) {
  absl::StatusOr<LogSlice> slice = ReadUnguarded(cursor, max_bytes);
  // A file that has lost a page must not grow: what is acknowledged from now on would lie behind a gap.
  const bool lost = environment.guards_pages && absl::IsDataLoss(slice.status()) &&
                    GetErrorCode(slice.status()) == ErrorCode::kStorageError;
  if (lost) [[unlikely]]
    StopWriting(slice.status());
  return slice;
}

absl::StatusOr<LogSlice> Log::Core::ReadUnguarded(LogCursor& cursor, size_t max_bytes) {
  for (;;) {
    if (interrupted.load(std::memory_order_acquire)) return Closed();
    if (cursor.offset < log_start.load(std::memory_order_acquire)) return OutOfRange(cursor.offset);
    if (cursor.segment == nullptr || cursor.segment->retired()) {
      MOLDAU_RETURN_IF_ERROR(Seek(cursor));
      if (cursor.segment == nullptr) return LogSlice{nullptr, {}, cursor.offset};
    }
    // In this order: a sealed segment's end does not move any more.
    const bool sealed = cursor.segment->sealed();
    const SegmentEnd end = cursor.segment->published();
    if (cursor.position < end.position) {
      absl::StatusOr<LogSlice> slice = SliceFrom(cursor, end, max_bytes);
      if (slice.ok() || !cursor.segment->retired()) [[likely]]
        return slice;
      continue;  // trimmed or cut under our feet: what is missing is not damage
    }
    if (!sealed) return LogSlice{nullptr, {}, cursor.offset};
    const int64_t at = cursor.offset;
    cursor.segment = nullptr;
    MOLDAU_RETURN_IF_ERROR(Seek(cursor));
    if (cursor.segment == nullptr) return LogSlice{nullptr, {}, at};
  }
}

// Whether Read may have something to say: what a spinning reader asks over and over, so as little as possible.
bool Log::Core::HasNews(const LogCursor& cursor) const {
  if (interrupted.load(std::memory_order_acquire)) return true;
  if (cursor.segment == nullptr) return visible_end.load(std::memory_order_acquire) > cursor.offset;
  const Segment& segment = *cursor.segment;
  return segment.published().position > cursor.position || segment.sealed() || segment.retired();
}

absl::StatusOr<LogSlice> Log::Core::SliceFrom(LogCursor& cursor, SegmentEnd end, size_t max_bytes) {
  Segment& segment = *cursor.segment;
  if (cursor.pin == nullptr) {
    MOLDAU_ASSIGN_OR_RETURN(cursor.pin, segment.Pin());
  }
  const uint32_t from = cursor.position;
  FetchFirstLines(cursor.pin->data() + from, end.position - from);
  const Segment::Place place{from, cursor.batch_offset};
  Segment::Border border{end.position, segment.base_offset() + end.relative_offset};
  if (segment.NeedsVerification(from)) {
    MOLDAU_ASSIGN_OR_RETURN(border, segment.ReadBorder(*cursor.pin, place, end, max_bytes, EpochsCopy()));
  } else if (end.position - from > max_bytes || environment.guards_pages) {
    static const LeaderEpochHistory no_epochs;
    MOLDAU_ASSIGN_OR_RETURN(border, segment.ReadBorder(*cursor.pin, place, end, max_bytes, no_epochs));
  }
  cursor.position = border.position;
  cursor.offset = border.next_offset;
  cursor.batch_offset = border.next_offset;
  LogSlice slice{cursor.pin, {cursor.pin->data() + from, border.position - from}, border.next_offset};
  if (MOLDAU_NAMED_BUG(M30)) slice.pin = cursor.pin = nullptr;
  return slice;
}

// Finds the segment and position of the cursor's offset. At the end of an empty log there is no segment.
absl::Status Log::Core::Seek(LogCursor& cursor) {
  for (;;) {
    std::shared_ptr<Segment> segment;
    const absl::Status status = SeekOnce(cursor, segment);
    if (status.ok() || segment == nullptr || !segment->retired()) return status;
    base::CpuRelax();  // it has left the list, or is about to be replaced there
  }
}

absl::Status Log::Core::SeekOnce(LogCursor& cursor, std::shared_ptr<Segment>& segment) {
  cursor.segment = nullptr;
  cursor.pin = nullptr;
  cursor.position = 0;
  const std::shared_ptr<const SegmentList> list = segments();
  const int64_t end = visible_end.load(std::memory_order_acquire);
  if (cursor.offset < log_start.load(std::memory_order_acquire)) return OutOfRange(cursor.offset);
  if (cursor.offset > end) {
    return cursor.offset <= log_end.load(std::memory_order_acquire) ? absl::OkStatus() : OutOfRange(cursor.offset);
  }
  auto it = std::upper_bound(list->begin(), list->end(), cursor.offset,
                             [](int64_t offset, const auto& later) { return offset < later->base_offset(); });
  if (it == list->begin()) return absl::OkStatus();
  segment = *--it;
  if (segment->retired()) return absl::AbortedError("segment: being cut off");
  const SegmentEnd segment_end = segment->published();
  if (cursor.offset < segment->base_offset() + segment_end.relative_offset) {
    MOLDAU_ASSIGN_OR_RETURN(const Segment::Place place, segment->PlaceOf(cursor.offset, EpochsCopy()));
    cursor.position = place.position;
    cursor.batch_offset = place.base_offset;
  } else {
    cursor.position = segment_end.position;
    cursor.batch_offset = cursor.offset;
  }
  cursor.segment = segment;
  return absl::OkStatus();
}

absl::StatusOr<LogSlice> Log::Core::ReadWait(LogCursor& cursor, size_t max_bytes, MonoTime deadline,
                                             WaitStrategy strategy) {
  absl::StatusOr<LogSlice> slice = Read(cursor, max_bytes);
  if (!slice.ok() || !slice->bytes.empty() || deadline <= MonoTime::zero()) return slice;
  if (strategy != WaitStrategy::kPark) {
    Clock& clock = *environment.clock;
    const MonoTime spin_until =
        strategy == WaitStrategy::kSpin ? deadline : std::min(deadline, clock.Now() + kBackoffSpin);
    for (int spins = 1; spins % kSpinsPerClockCheck != 0 || clock.Now() < spin_until; ++spins) {
      base::CpuRelax();
      if (!HasNews(cursor)) continue;
      slice = Read(cursor, max_bytes);
      if (!slice.ok() || !slice->bytes.empty()) return slice;
    }
    if (strategy == WaitStrategy::kSpin) return slice;
  }
  const absl::Status status = WaitForData(cursor.offset, deadline, WaitStrategy::kPark);
  if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
  return Read(cursor, max_bytes);
}

absl::Status Log::Core::WaitForData(int64_t offset, MonoTime deadline, WaitStrategy strategy) {
  const auto ready = [&] {
    return visible_end.load(std::memory_order_seq_cst) > offset || interrupted.load(std::memory_order_seq_cst);
  };
  Clock& clock = *environment.clock;
  if (strategy != WaitStrategy::kPark) {
    const MonoTime spin_until =
        strategy == WaitStrategy::kSpin ? deadline : std::min(deadline, clock.Now() + kBackoffSpin);
    for (int spins = 1; !ready() && (spins % kSpinsPerClockCheck != 0 || clock.Now() < spin_until); ++spins)
      base::CpuRelax();
  }
  if (!ready() && strategy != WaitStrategy::kSpin) {
    base::EventCount event;
    AddTailWaker(&event);
    environment.executor->WaitUntil(event, ready, deadline);
    tail.Remove(&event);
  }
  if (interrupted.load(std::memory_order_acquire)) return Closed();
  if (visible_end.load(std::memory_order_acquire) > offset) return absl::OkStatus();
  return base::Error(absl::StatusCode::kDeadlineExceeded, ErrorCode::kRequestTimedOut,
                     "%s-%d: nothing came behind offset %d", identity.topic, identity.partition, offset);
}

absl::StatusOr<std::optional<OffsetAndTimestamp>> Log::Core::FindByTimestamp(Timestamp timestamp) {
  const int64_t wanted = timestamp.time_since_epoch().count();
  const std::shared_ptr<const SegmentList> list = segments();
  for (const std::shared_ptr<Segment>& segment : *list) {
    if (segment->max_timestamp().timestamp < wanted) continue;
    const absl::Status loaded = segment->LoadIndexes();
    // Deleted meanwhile, or compacted: then its offsets are where they were, but for those that are gone.
    if (!loaded.ok() && !segment->retired()) return loaded;
    // Every batch before the entry's is older. An entry that is wrong leads to a later place only if it was damaged, so
    // it is trusted only in segments whose index this process made or whose checksum was known.
    const auto entry = loaded.ok() ? segment->time_index().FloorByTimestamp(wanted) : std::nullopt;
    const int64_t from = segment->base_offset() + (entry ? entry->relative_offset : 0);
    LogCursor cursor{.offset = std::max(from, log_start.load(std::memory_order_acquire))};
    if (cursor.offset >= visible_end.load(std::memory_order_acquire)) break;
    const auto found = ScanForTimestamp(cursor, segment->end_offset(), wanted);
    const bool overtaken = absl::IsOutOfRange(found.status()) && cursor.offset < log_start.load();
    if (overtaken) continue;  // by a trim
    if (!found.ok() || *found) return found;
  }
  return std::optional<OffsetAndTimestamp>();
}

absl::StatusOr<std::optional<OffsetAndTimestamp>> Log::Core::ScanForTimestamp(LogCursor cursor, int64_t end_offset,
                                                                              int64_t timestamp) {
  record::Buffer unpacked;
  const int64_t start = log_start.load(std::memory_order_acquire);
  while (cursor.offset < end_offset) {
    MOLDAU_ASSIGN_OR_RETURN(const LogSlice slice, Read(cursor, kScanBytes));
    if (slice.bytes.empty()) break;
    for (size_t at = 0; at < slice.bytes.size();) {
      const record::BatchView batch(slice.bytes.data() + at);
      at += batch.size_in_bytes();
      if (batch.max_timestamp_ms() < timestamp) continue;
      MOLDAU_ASSIGN_OR_RETURN(const record::DecodedBatch decoded, record::DecodedBatch::Decode(batch, {}, unpacked));
      for (const RecordView& record : decoded.records()) {
        if (record.timestamp().time_since_epoch().count() < timestamp || record.offset() < start) continue;
        return std::optional(OffsetAndTimestamp{record.offset(), record.timestamp()});
      }
    }
  }
  return std::optional<OffsetAndTimestamp>();
}

}  // namespace moldau::log
