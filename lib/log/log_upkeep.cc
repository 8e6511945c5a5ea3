// Upkeep: truncating, trimming, retention, and the end of it all.
#include <algorithm>
#include <cstring>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"
#include "log/recovery.h"
#include "log/segment_name.h"

namespace moldau::log {

namespace {

// An active segment of which everything has been read ends for the sake of the disk if it holds this much.
constexpr uint32_t kRollReadBytes = 1u << 20;

bool IsExpired(const Segment& segment, const LogConfig& limits, int64_t now) {
  const int64_t latest = segment.max_timestamp().timestamp;
  return limits.retention_ms.count() >= 0 && latest >= 0 && latest < now && now - latest > limits.retention_ms.count();
}

}  // namespace

absl::Status Log::Core::Roll() {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  base::MutexLock lock(maintenance_mutex);
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
    if (active == nullptr || position == 0) return absl::OkStatus();
  }
  return RollLocked(wall_clock.WallNow());
}

absl::Status Log::Core::RemoveFiles(Segment& segment) {
  base::MutexLock lock(segment.upkeep_mutex());
  segment.Retire();
  segment.CloseHandles();
  for (const std::string_view suffix : {kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix, kLogSuffix}) {
    const absl::Status status = environment.storage->Remove(segment.Path(suffix));
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  for (const int64_t offset : {segment.base_offset(), segment.snapshot_offset}) {
    // That at its end is the next segment's.
    if (offset < 0 || (offset != segment.base_offset() && offset >= segment.end_offset())) continue;
    const absl::Status status = environment.storage->Remove(SnapshotPath(offset));
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  // Durable before the next one goes, so that a crash never leaves a gap between segments.
  return environment.storage->FlushDirectory(directory);
}

// --- the prefix ---

absl::Status Log::Core::Trim(int64_t offset) {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  base::MutexLock lock(maintenance_mutex);
  if (closed.load(std::memory_order_acquire)) return Closed();
  if (offset > visible_end.load(std::memory_order_acquire) || offset < 0) return OutOfRange(offset);
  return DeleteOldSegments(offset).status();
}

// Raises the log start and deletes the segments that lie below it, oldest first. The active segment stays.
absl::StatusOr<int> Log::Core::DeleteOldSegments(int64_t start) {
  if (start > log_start.load(std::memory_order_acquire)) log_start.store(start, std::memory_order_seq_cst);
  {
    base::SpinMutexLock lock(epochs_lock);
    epochs.TruncatePrefix(start);
  }
  SegmentList list = *segments();
  int deleted = 0;
  while (list.size() > 1 && list.front()->sealed() && list.front()->end_offset() <= start) {
    // A crash that kept the removals and lost the names of what follows would leave nothing to tell the next offset.
    if (deleted == 0 && names_dirty.load(std::memory_order_acquire)) {
      MOLDAU_RETURN_IF_ERROR(environment.storage->FlushDirectory(directory));
    }
    const std::shared_ptr<Segment> oldest = list.front();
    if (const absl::Status status = KeepProducers(*oldest); !status.ok()) {
      // A disk that is full has to get its room all the same.
      environment.logger->Warning("log.producers", "%s: deleted, and producers that wrote only there with it: %s",
                                  oldest->Path(kLogSuffix), status.message());
    }
    list.erase(list.begin());
    set_segments(list);
    MOLDAU_RETURN_IF_ERROR(RemoveFiles(*oldest));
    ++deleted;
  }
  if (deleted > 0) {
    base::SpinMutexLock lock(append_lock);
    producers_damage = absl::OkStatus();  // it may have lain there
  }
  return deleted;
}

// Calendar time as it would be had nobody set the clock since the log was opened, or the clock itself if that is
// earlier: a clock that jumps ahead deletes nothing.
Timestamp Log::Core::SteadyWallNow() const {
  const Timestamp wall = environment.clock->WallNow();
  if (MOLDAU_NAMED_BUG(M10)) return wall;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(environment.clock->Now() - opened_mono);
  return std::min(wall, opened_wall + elapsed);
}

absl::StatusOr<int> Log::Core::ApplyRetention(std::optional<int64_t> unread_from) {
  base::MutexLock lock(maintenance_mutex);
  if (closed.load(std::memory_order_acquire)) return Closed();
  LogConfig limits;
  const int64_t now = SteadyWallNow().time_since_epoch().count();
  bool keeps_unread;
  bool drops_read;
  bool roll;
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
    limits = config;
    keeps_unread = limits.consumed_retention == ConsumedRetention::kKeepUnread ||
                   limits.consumed_retention == ConsumedRetention::kOnlyUnread;
    drops_read = limits.consumed_retention == ConsumedRetention::kDropRead ||
                 limits.consumed_retention == ConsumedRetention::kOnlyUnread;
    const bool all_read = drops_read && unread_from && *unread_from >= next_offset && position >= kRollReadBytes;
    roll = active != nullptr && position > 0 && is_ready &&
           (now >= roll_at_ms || all_read || (limits.delete_old_segments && IsExpired(*active, limits, now)));
  }
  if (roll) MOLDAU_RETURN_IF_ERROR(RollLocked(wall_clock.WallNow()));
  const int64_t before = log_start.load(std::memory_order_acquire);
  int64_t start = limits.delete_old_segments ? StartByLimits(limits, now) : before;
  if (keeps_unread) start = std::min(start, unread_from.value_or(before));
  // Of a log that has lost its end, a group may stand behind it.
  if (drops_read && unread_from) {
    start = std::max(start, std::min(*unread_from, visible_end.load(std::memory_order_acquire)));
  }
  start = std::max(start, before);
  if (limits.consumed_retention != ConsumedRetention::kNone && unread_from && start > *unread_from) {
    dropped_unread.fetch_add(start - std::max(before, *unread_from), std::memory_order_relaxed);
  }
  return DeleteOldSegments(start);
}

// Where the log would begin without the segments that are too old or too many.
int64_t Log::Core::StartByLimits(const LogConfig& limits, int64_t now) {
  const std::shared_ptr<const SegmentList> list = segments();
  uint64_t total = 0;
  for (const auto& segment : *list) total += segment->published().position;
  int64_t start = log_start.load(std::memory_order_acquire);
  for (const auto& segment : *list) {
    if (!segment->sealed()) break;
    const uint64_t size = segment->published().position;
    const bool too_much = limits.retention_bytes >= 0 && total - size >= static_cast<uint64_t>(limits.retention_bytes);
    if (!too_much && !IsExpired(*segment, limits, now)) break;
    start = std::max(start, segment->end_offset());
    total -= size;
  }
  return start;
}

// --- the suffix ---

absl::Status Log::Core::Truncate(int64_t offset) {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  base::MutexLock lock(maintenance_mutex);
  if (closed.load(std::memory_order_acquire)) return Closed();
  if (offset < log_start.load(std::memory_order_acquire)) return OutOfRange(offset);
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
    if (offset >= next_offset) return absl::OkStatus();
    ++truncations;
    is_ready = false;
    is_mapped = false;
    direct_at = direct_end = nullptr;
  }
  MOLDAU_RETURN_IF_ERROR(Flush());
  base::MutexLock no_flush(flush_mutex);
  MOLDAU_RETURN_IF_ERROR(RemoveSnapshotsBehind(offset));
  SegmentList list = *segments();
  // Newest first, each durably gone before the next: a crash in between leaves a log that ends early, not one with a
  // gap.
  while (list.size() > 1 && list.back()->base_offset() >= offset) {
    MOLDAU_RETURN_IF_ERROR(RemoveLast(list));
  }
  MOLDAU_ASSIGN_OR_RETURN(const Segment::Place at, PlaceOfCut(*list.back(), offset));
  int64_t end = at.base_offset;
  std::shared_ptr<Segment> cut;  // null: nothing is left
  if (const int64_t start = log_start.load(std::memory_order_acquire); end < start) {
    MOLDAU_RETURN_IF_ERROR(RemoveAll(list).status());
    end = start;
  } else {
    MOLDAU_ASSIGN_OR_RETURN(cut, CutSegment(list.back(), at));
    list.back() = cut;
    set_segments(std::move(list));
  }
  if (!MOLDAU_NAMED_BUG(M19)) AdoptProducers(std::nullopt, end);
  base::SpinMutexLock lock_end(append_lock);
  active = cut;
  position = cut != nullptr ? cut->published().position : 0;
  appended.first_offset.fetch_sub(next_offset - end, std::memory_order_relaxed);
  next_offset = end;
  pending = {};
  indexed_full = false;
  {
    base::SpinMutexLock epochs_end(epochs_lock);
    epochs.TruncateSuffix(end);
  }
  log_end.store(end, std::memory_order_release);
  visible_end.store(end, std::memory_order_seq_cst);
  durable->Reset(std::min(durable->offset(), end));
  cleaned_to.store(std::min(cleaned_to.load(std::memory_order_relaxed), end), std::memory_order_release);
  flushed_size_of = -1;
  return absl::OkStatus();
}

// Where a segment ends without the batches that hold `offset` and what follows; a batch goes as a whole.
absl::StatusOr<Segment::Place> Log::Core::PlaceOfCut(Segment& segment, int64_t offset) {
  const SegmentEnd end = segment.published();
  if (offset <= segment.base_offset() || end.position == 0) return Segment::Place{0, segment.base_offset()};
  if (offset >= segment.end_offset()) return Segment::Place{end.position, segment.end_offset()};
  return segment.PlaceOf(offset, EpochsCopy());
}

absl::Status Log::Core::RemoveLast(SegmentList& list) {
  const std::shared_ptr<Segment> last = list.back();
  list.pop_back();
  set_segments(list);
  return RemoveFiles(*last);
}

// Removes every segment of a log of which nothing above the log start is left, and tells how many there were. It then
// goes on at its log start: offsets below it are never given out again, where no reader would look for them.
absl::StatusOr<int> Log::Core::RemoveAll(SegmentList& list) {
  int removed = 0;
  while (!list.empty()) {
    MOLDAU_RETURN_IF_ERROR(RemoveLast(list));
    ++removed;
  }
  return removed;
}

// The segment up to `place`, as a new object, so that cursors notice. If readers hold views of the old file it is left
// to them and the kept part is copied.
absl::StatusOr<std::shared_ptr<Segment>> Log::Core::CutSegment(const std::shared_ptr<Segment>& segment,
                                                               Segment::Place place) {
  base::MutexLock lock(segment->upkeep_mutex());
  // Before asking who has pinned it: whoever comes from now on is told to look again.
  segment->Retire();
  absl::StatusOr<std::shared_ptr<Segment>> cut = CutFile(segment, place);
  if (!cut.ok()) segment->Unretire();
  return cut;
}

absl::StatusOr<std::shared_ptr<Segment>> Log::Core::CutFile(const std::shared_ptr<Segment>& segment,
                                                            Segment::Place place) {
  const uint32_t keep = place.position;
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<storage::File> file, segment->File());
  const std::string path = segment->Path(kLogSuffix);
  if (segment->IsPinned()) {
    MOLDAU_ASSIGN_OR_RETURN(const auto mapping, segment->ReadMapping());
    const std::string copy_path = path + std::string(kPreparedSuffix);
    MOLDAU_ASSIGN_OR_RETURN(file, environment.storage->Open(copy_path, storage::OpenMode::kOpenOrCreate));
    MOLDAU_RETURN_IF_ERROR(file->Truncate(0));
    if (keep > 0) MOLDAU_RETURN_IF_ERROR(file->Write(0, {mapping->data(), keep}));
    MOLDAU_RETURN_IF_ERROR(file->Flush());
    MOLDAU_RETURN_IF_ERROR(environment.storage->Rename(copy_path, path));
    MOLDAU_RETURN_IF_ERROR(environment.storage->FlushDirectory(directory));
  } else {
    MOLDAU_RETURN_IF_ERROR(file->Truncate(keep));
    MOLDAU_RETURN_IF_ERROR(file->Flush());
  }
  segment->CloseHandles();
  auto cut = std::make_shared<Segment>(environment, directory, segment->base_offset(), segment->capacity());
  MOLDAU_RETURN_IF_ERROR(cut->Adopt(std::move(file), nullptr));
  cut->Publish({keep, static_cast<uint32_t>(place.base_offset - segment->base_offset())});
  cut->SetUnverified(keep);
  if (segment->snapshot_offset <= place.base_offset) cut->snapshot_offset = segment->snapshot_offset;
  // The old index files speak of batches that are gone.
  for (const std::string_view suffix : {kIndexSuffix, kTimeIndexSuffix}) {
    environment.storage->Remove(cut->Path(suffix)).IgnoreError();  // at worst an index in doubt, which is rebuilt
  }
  MOLDAU_RETURN_IF_ERROR(cut->LoadIndexes());
  return cut;
}

absl::Status Log::Core::AssignLeaderEpoch(int32_t epoch) {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  base::MutexLock lock(maintenance_mutex);
  LeaderEpochHistory history;
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
    base::SpinMutexLock history_lock(epochs_lock);
    MOLDAU_RETURN_IF_ERROR(epochs.Assign(epoch, next_offset).status());
    history = epochs;
  }
  if (directory_exists) MOLDAU_RETURN_IF_ERROR(StoreLeaderEpochs(*environment.storage, directory, history));
  base::SpinMutexLock end(append_lock);
  leader_epoch = epoch;
  return absl::OkStatus();
}

// --- the end ---

absl::Status Log::Core::Close() {
  if (claim_owner.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    return absl::FailedPreconditionError("log: this thread holds a claim; commit or abort it before closing");
  }
  base::MutexLock one_at_a_time(close_mutex);
  if (closed.exchange(true, std::memory_order_seq_cst)) return close_status;
  interrupted.store(true, std::memory_order_seq_cst);
  bool stopped;
  {
    base::SpinMutexLock end(append_lock);
    stopped = !failure.ok();
    if (failure.ok()) failure = Closed();
    is_ready = false;
    direct_at = direct_end = nullptr;
  }
  tail.Notify();
  tasks.Close();
  {
    base::MutexLock lock(compaction_mutex);
    compaction = nullptr;
  }
  base::MutexLock lock(maintenance_mutex);
  if (!stopped) {
    base::MutexLock flush(flush_mutex);
    close_status = FlushHoldingMutex();
  }
  durable->Fail(Closed());
  DropPrepared();
  if (close_status.ok() && !stopped) close_status = CloseFiles();
  for (const std::shared_ptr<Segment>& segment : *segments()) segment->CloseHandles();
  return close_status;
}

// Brings every file into the form that Kafka's tools read: trimmed, with whole indexes.
absl::Status Log::Core::CloseFiles() {
  const std::shared_ptr<const SegmentList> list = segments();
  if (list->empty()) return absl::OkStatus();
  bool changed = false;
  if (list->back()->touched()) list->back()->producers_at_end = ProducersNow();
  for (const std::shared_ptr<Segment>& segment : *list) {
    if (!segment->touched()) continue;
    segment->Seal();
    MOLDAU_RETURN_IF_ERROR(SealFiles(*segment));
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment->File());
    MOLDAU_RETURN_IF_ERROR(file->Flush());
    segment->ClearTouched();
    changed = true;
  }
  return changed ? environment.storage->FlushDirectory(directory) : absl::OkStatus();
}

absl::Status Log::Core::Delete() {
  MOLDAU_RETURN_IF_ERROR(Close());
  base::MutexLock lock(maintenance_mutex);
  for (const std::shared_ptr<Segment>& segment : *segments()) segment->Retire();
  set_segments({});
  const absl::StatusOr<std::vector<storage::DirectoryEntry>> entries = environment.storage->List(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  MOLDAU_RETURN_IF_ERROR(entries.status());
  for (const storage::DirectoryEntry& entry : *entries) {
    MOLDAU_RETURN_IF_ERROR(environment.storage->Remove(directory + "/" + entry.name));
  }
  return environment.storage->Remove(directory);
}

PartitionEntry Log::Core::Describe() {
  PartitionEntry entry;
  entry.topic_id = identity.topic_id;
  entry.topic = identity.topic;
  entry.partition = identity.partition;
  // Read before the segments: what was durable then lies in them.
  entry.recovery_point = durable->offset();
  entry.log_start_offset = log_start.load(std::memory_order_acquire);
  entry.cleaned_offset = cleaned_to.load(std::memory_order_acquire);
  entry.high_watermark = visible_end.load(std::memory_order_acquire);
  const std::shared_ptr<const SegmentList> list = segments();
  for (const std::shared_ptr<Segment>& segment : *list) entry.segments.push_back(segment->Describe());
  if (!entry.segments.empty()) entry.segments.back().sealed = false;
  entry.log_end_offset = entry.segments.empty() ? entry.high_watermark : entry.segments.back().end_offset;
  entry.epochs = EpochsCopy().entries();
  return entry;
}

}  // namespace moldau::log
