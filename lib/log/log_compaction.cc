// Compaction: when a run begins, and how what it has written takes the place of what it has read.
//
//   1  write 0.log.cleaned, flush it
//   2  rename it to 0.log.swap, flush the directory
//   3  remove 57.log, 93.log, whatever it covers besides; flush the directory
//   4  rename it to 0.log, flush the directory
//
// An open that finds a `.swap` goes on with 3, one that finds a `.cleaned` removes it: a crash leaves the log as it was
// or as it was to be. Indexes go before the files that they speak of, and are made anew.
#include <algorithm>

#include "base/status_builder.h"
#include "log/batch_scan.h"
#include "log/compaction.h"
#include "log/log_core.h"
#include "log/segment_name.h"

namespace moldau::log {

namespace {

bool IsAbove(int64_t timestamp, int64_t now_ms, std::chrono::milliseconds age) {
  return age.count() < now_ms && timestamp < now_ms - age.count();
}

// Of the first batch of `segment`, as Kafka counts a segment's age; -1 if it holds none.
absl::StatusOr<int64_t> FirstTimestamp(const std::shared_ptr<Segment>& segment, const LeaderEpochHistory& epochs) {
  if (segment->published().position == 0) return -1;
  MOLDAU_ASSIGN_OR_RETURN(SegmentReader reader, SegmentReader::Open(segment));
  MOLDAU_ASSIGN_OR_RETURN(const record::BatchView batch, reader.Next(epochs));
  return batch.max_timestamp_ms();
}

absl::Status RemoveIfThere(storage::Storage& storage, const std::string& path) {
  const absl::Status status = storage.Remove(path);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

}  // namespace

absl::StatusOr<bool> Log::Core::Compact(const CompactionLimits& limits) {
  base::MutexLock lock(compaction_mutex);
  if (closed.load(std::memory_order_acquire)) return Closed();
  if (uncleanable || !CheckNoClaimHere().ok()) return false;
  absl::StatusOr<bool> goes_on = CompactSome(limits);
  if (goes_on.ok()) return goes_on;
  compaction = nullptr;
  uncleanable = absl::IsDataLoss(goes_on.status());
  // What it was reading has been cut off or deleted: it begins anew when it is due again.
  if (absl::IsAborted(goes_on.status())) return false;
  return goes_on;
}

absl::StatusOr<bool> Log::Core::CompactSome(const CompactionLimits& limits) {
  if (compaction == nullptr) {
    MOLDAU_ASSIGN_OR_RETURN(std::optional<CompactionPlan> plan, PlanCompaction(limits));
    if (!plan) return false;
    MOLDAU_ASSIGN_OR_RETURN(compaction, Compaction::Begin(environment, directory, *std::move(plan)));
  }
  MOLDAU_ASSIGN_OR_RETURN(const Compaction::State state, compaction->Step(limits.step_bytes));
  if (state == Compaction::State::kGroupReady) {
    MOLDAU_RETURN_IF_ERROR(PutInPlace());
    compaction->GroupIsInPlace();
  }
  if (state == Compaction::State::kDone) {
    cleaned_to.store(compaction->end(), std::memory_order_release);
    compaction = nullptr;
  }
  return true;
}

// --- when ---

// Nothing if it is not worth it yet.
absl::StatusOr<std::optional<CompactionPlan>> Log::Core::PlanCompaction(const CompactionLimits& limits) {
  LogConfig topic;
  {
    base::SpinMutexLock lock(append_lock);
    if (!failure.ok()) return failure;
    topic = config;
  }
  if (!topic.compact) return std::nullopt;
  CompactionPlan plan{.now_ms = SteadyWallNow().time_since_epoch().count(),
                      .delete_retention_ms = topic.delete_retention.count(),
                      .segment_bytes = topic.segment_bytes,
                      .index_interval_bytes = topic.index_interval_bytes,
                      .key_bytes = limits.key_bytes};
  static_assert(sizeof(plan.secret) == sizeof(identity.topic_id.bytes));
  std::memcpy(&plan.secret, identity.topic_id.bytes.data(), sizeof(plan.secret));
  {
    base::MutexLock lock(maintenance_mutex);
    MOLDAU_RETURN_IF_ERROR(RollIfOverdue(topic, plan.now_ms));
    MOLDAU_ASSIGN_OR_RETURN(const bool due, ChooseSegments(topic, plan));
    if (!due) return std::nullopt;
    MOLDAU_RETURN_IF_ERROR(LoadProducers());
    compaction_began_at = truncations;
    base::SpinMutexLock end(append_lock);
    plan.producers = producers.Entries();
  }
  // A record must not go for the sake of one that a power cut could still take.
  MOLDAU_RETURN_IF_ERROR(Flush());
  for (const std::shared_ptr<Segment>& segment : plan.segments) {
    if (segment->touched()) MOLDAU_RETURN_IF_ERROR(SealFiles(*segment));
  }
  std::sort(plan.producers.begin(), plan.producers.end(),
            [](const auto& a, const auto& b) { return a.producer_id < b.producer_id; });
  plan.epochs = EpochsCopy();
  return plan;
}

// A record may wait for compaction for so long that its segment has to end for it.
absl::Status Log::Core::RollIfOverdue(const LogConfig& topic, int64_t now_ms) {
  std::shared_ptr<Segment> segment;
  {
    base::SpinMutexLock lock(append_lock);
    segment = active;
  }
  if (segment == nullptr || topic.max_compaction_lag == kUnlimitedTime) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const int64_t first, FirstTimestamp(segment, EpochsCopy()));
  return IsAbove(first, now_ms, topic.max_compaction_lag) && first >= 0 ? RollLocked(wall_clock.WallNow())
                                                                        : absl::OkStatus();
}

absl::StatusOr<bool> Log::Core::ChooseSegments(const LogConfig& topic, CompactionPlan& plan) {
  const std::shared_ptr<const SegmentList> list = segments();
  plan.first_dirty = std::max(cleaned_to.load(std::memory_order_relaxed), log_start.load(std::memory_order_acquire));
  uint64_t clean = 0;
  uint64_t dirty = 0;
  std::shared_ptr<Segment> oldest_dirty;
  for (size_t i = 0; i + 1 < list->size(); ++i) {
    const std::shared_ptr<Segment>& segment = (*list)[i];
    const bool is_clean = segment->end_offset() <= plan.first_dirty;
    const int64_t latest = segment->max_timestamp().timestamp;
    const bool too_young =
        latest >= 0 && topic.min_compaction_lag.count() > 0 && !IsAbove(latest, plan.now_ms, topic.min_compaction_lag);
    if (!segment->sealed() || (too_young && !is_clean)) break;
    (is_clean ? clean : dirty) += segment->published().position;
    if (!is_clean && oldest_dirty == nullptr) oldest_dirty = segment;
    plan.segments.push_back(segment);
  }
  if (oldest_dirty == nullptr) return false;
  plan.end = plan.segments.back()->end_offset();
  const double ratio = static_cast<double>(dirty) / static_cast<double>(clean + dirty);
  if (ratio >= topic.min_cleanable_dirty_ratio) return true;
  if (topic.max_compaction_lag == kUnlimitedTime) return false;
  MOLDAU_ASSIGN_OR_RETURN(const int64_t first, FirstTimestamp(oldest_dirty, EpochsCopy()));
  return first >= 0 && IsAbove(first, plan.now_ms, topic.max_compaction_lag);
}

// --- putting in place ---

absl::Status Log::Core::PutInPlace() {
  base::MutexLock lock(maintenance_mutex);
  if (closed.load(std::memory_order_acquire)) return Closed();
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
  }
  const SegmentList& replaced = compaction->replaced();
  SegmentList list = *segments();
  const auto first = std::find(list.begin(), list.end(), replaced.front());
  const bool is_there = list.end() - first > static_cast<std::ptrdiff_t>(replaced.size()) &&
                        std::equal(replaced.begin(), replaced.end(), first);
  if (!is_there || truncations != compaction_began_at) {
    return absl::AbortedError("compaction: the log has been trimmed or cut meanwhile");
  }
  // The snapshots between the segments go; that at the end tells of all that they do.
  MOLDAU_RETURN_IF_ERROR(KeepProducers(*replaced.back()));
  const std::shared_ptr<Segment> replacement = compaction->replacement();
  const std::string swap_path = replacement->Path(kLogSuffix) + std::string(kSwapSuffix);
  MOLDAU_RETURN_IF_ERROR(environment.storage->Rename(compaction->replacement_path(), swap_path));
  std::vector<int64_t> covered;
  for (const std::shared_ptr<Segment>& segment : replaced) covered.push_back(segment->base_offset());
  covered.erase(covered.begin());
  // Readers go on in what they have pinned, and the run has pinned all of it.
  const absl::Status swapped = SwapFiles(replacement->base_offset(), covered);
  *first = replacement;
  list.erase(first + 1, first + static_cast<std::ptrdiff_t>(replaced.size()));
  set_segments(std::move(list));
  for (const std::shared_ptr<Segment>& segment : replaced) {
    base::MutexLock upkeep(segment->upkeep_mutex());
    segment->Retire();
    segment->CloseHandles();
  }
  if (!swapped.ok()) {
    // The next open will finish it; until then nothing may come to rely on the files as they are.
    StopWriting(swapped);
    return swapped;
  }
  if (replacement->StoreIndexes().ok()) replacement->ClearTouched();  // at worst they are written by Close
  return absl::OkStatus();
}

// Puts the `.swap` of `base_offset` in place of the segment of that name and of those with the bases `covered`.
absl::Status Log::Core::SwapFiles(int64_t base_offset, std::span<const int64_t> covered) {
  storage::Storage& storage = *environment.storage;
  const auto path = [this](int64_t base, std::string_view suffix) {
    return directory + "/" + SegmentFileName(base, suffix);
  };
  MOLDAU_RETURN_IF_ERROR(storage.FlushDirectory(directory));
  for (const int64_t base : covered) {
    for (const auto suffix : {kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix, kSnapshotSuffix, kLogSuffix}) {
      MOLDAU_RETURN_IF_ERROR(RemoveIfThere(storage, path(base, suffix)));
    }
  }
  for (const auto suffix : {kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix}) {
    MOLDAU_RETURN_IF_ERROR(RemoveIfThere(storage, path(base_offset, suffix)));
  }
  MOLDAU_RETURN_IF_ERROR(storage.FlushDirectory(directory));
  const std::string log_path = path(base_offset, kLogSuffix);
  MOLDAU_RETURN_IF_ERROR(storage.Rename(log_path + std::string(kSwapSuffix), log_path));
  return storage.FlushDirectory(directory);
}

// At open: finishes what a crash has interrupted. True if it changed what lies in the directory.
absl::StatusOr<bool> Log::Core::FinishSwaps(const std::vector<storage::DirectoryEntry>& entries) {
  bool swapped = false;
  for (const storage::DirectoryEntry& entry : entries) {
    const std::optional<ParsedName> swap = ParseSegmentFileName(entry.name);
    if (!swap || swap->kind != FileKind::kSwap || swap->of != FileKind::kLog) continue;
    MOLDAU_ASSIGN_OR_RETURN(const int64_t end, EndOfSwap(swap->base_offset));
    std::vector<int64_t> covered;
    for (const storage::DirectoryEntry& other : entries) {
      const std::optional<ParsedName> parsed = ParseSegmentFileName(other.name);
      if (!parsed || parsed->kind != FileKind::kLog) continue;
      if (parsed->base_offset > swap->base_offset && parsed->base_offset < end) covered.push_back(parsed->base_offset);
    }
    MOLDAU_RETURN_IF_ERROR(SwapFiles(swap->base_offset, covered));
    swapped = true;
  }
  return swapped;
}

// It was flushed before it got its name, so all of it must be good.
absl::StatusOr<int64_t> Log::Core::EndOfSwap(int64_t base_offset) {
  const std::string path = directory + "/" + SegmentFileName(base_offset, kLogSuffix) + std::string(kSwapSuffix);
  MOLDAU_ASSIGN_OR_RETURN(const std::unique_ptr<storage::File> file,
                          environment.storage->Open(path, storage::OpenMode::kRead));
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  ScanStop stop{.next_offset = base_offset, .problem = "no batches"};
  if (size > 0 && size <= kMaxRelative) {
    MOLDAU_ASSIGN_OR_RETURN(const std::unique_ptr<storage::Mapping> mapping, file->Map(size, storage::MapMode::kRead));
    stop = ScanBatches({mapping->data(), size}, 0, base_offset, -1, [](const record::BatchView&, uint32_t) {});
  }
  if (stop.problem.empty() && stop.position == size) return stop.next_offset;
  return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage,
                     "%s: %s at byte %u; it is to take the place of segments from offset %d on, some of which may be "
                     "gone: restore the file",
                     path, stop.problem.empty() ? std::string_view("data missing") : stop.problem, stop.position,
                     base_offset);
}

}  // namespace moldau::log
