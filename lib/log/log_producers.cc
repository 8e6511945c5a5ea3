// Idempotent producers: what the log remembers of them, when it is read from disk, and when it is written there. A log
// that was closed cleanly reads it only when the first batch with a producer id comes, or when its next snapshot is
// due.
#include <algorithm>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"
#include "log/rebuild_producers.h"
#include "log/segment_name.h"
#include "log/whole_file.h"

namespace moldau::log {

// What was appended when this batch came before; nullopt if it is new.
absl::StatusOr<std::optional<AppendResult>> Log::Core::FindEarlier(const record::BatchView& batch) {
  MOLDAU_ASSIGN_OR_RETURN(const std::optional<ProducerStates::Earlier> earlier, producers.Check(batch));
  if (!earlier) return std::nullopt;
  const bool stamped = config.timestamp_type == TimestampType::kLogAppendTime;
  return AppendResult{
      .base_offset = earlier->base_offset,
      .last_offset = earlier->last_offset,
      .log_append_time = stamped ? Timestamp(std::chrono::milliseconds(earlier->timestamp)) : kNoTimestamp};
}

absl::Status Log::Core::EnsureProducersKnown() {
  base::MutexLock lock(maintenance_mutex);
  return LoadProducers();
}

absl::Status Log::Core::LoadProducers() {
  int64_t end;
  {
    base::SpinMutexLock lock(append_lock);
    if (producers_known || !producers_damage.ok()) return producers_damage;
    end = producers_end;
  }
  absl::StatusOr<ProducerStates> states = ProducerStates();
  if (!MOLDAU_NAMED_BUG(M19)) states = RebuildProducers(environment, directory, *segments(), end, EpochsCopy());
  if (!states.ok()) {
    base::SpinMutexLock lock(append_lock);
    if (absl::IsDataLoss(states.status())) producers_damage = states.status();
    return states.status();
  }
  AdoptProducers(*std::move(states), end);
  return absl::OkStatus();
}

// The log holds no batch with a producer id at or behind `end`. Without `states` they are looked for when needed.
void Log::Core::AdoptProducers(std::optional<ProducerStates> states, int64_t end) {
  base::SpinMutexLock lock(append_lock);
  producers_known = states.has_value();
  producers_damage = absl::OkStatus();
  producers_end = end;
  producers = states ? *std::move(states) : ProducerStates();
}

// Null, and heard of, if they cannot be read: a snapshot that is missing costs time, a wrong one a record. Whoever asks
// keeps appends out, and the maintenance lock expiry, so nobody need spin while many are copied.
SharedProducers Log::Core::ProducersNow() {
  if (const absl::Status status = LoadProducers(); !status.ok()) {
    environment.logger->Warning("log.producers", "%s: no snapshot is written: %s", directory, status.message());
    return nullptr;
  }
  return std::make_shared<std::vector<ProducerEntry>>(producers.Entries());
}

size_t Log::Core::ExpireProducers(std::chrono::milliseconds expiration) {
  base::MutexLock structure(maintenance_mutex);
  const int64_t now = SteadyWallNow().time_since_epoch().count();
  size_t forgotten = 0;
  size_t next = 0;
  do {
    base::SpinMutexLock lock(append_lock);
    expiry_ms = std::max(expiry_ms, now);
    if (expiration.count() <= now) forgotten += producers.RemoveIdleSince(now - expiration.count(), next);
  } while (next != 0);
  return forgotten;
}

std::string Log::Core::SnapshotPath(int64_t offset) const {
  return directory + "/" + SegmentFileName(offset, kSnapshotSuffix);
}

// The snapshot at the segment's end replaces that of an earlier close, unless it is the one at the segment's base.
absl::Status Log::Core::StoreSnapshot(Segment& segment) {
  if (segment.producers_at_end == nullptr) return absl::OkStatus();
  const int64_t end = segment.end_offset();
  MOLDAU_RETURN_IF_ERROR(WriteSnapshot(end, *segment.producers_at_end));
  segment.producers_at_end = nullptr;
  const int64_t before = std::exchange(segment.snapshot_offset, end);
  if (before < 0 || before == end || before == segment.base_offset()) return absl::OkStatus();
  const absl::Status status = environment.storage->Remove(SnapshotPath(before));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

// Whole and durable, or what lay there before: the batches that a snapshot speaks of may have been deleted, and then
// nothing else tells of them. One that is empty says no more than one that is missing.
absl::Status Log::Core::WriteSnapshot(int64_t offset, std::vector<ProducerEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.producer_id < b.producer_id; });
  const std::string contents = EncodeProducerSnapshot(entries);
  if (entries.empty()) return WriteWholeFile(*environment.storage, SnapshotPath(offset), contents, false);
  const std::string unfinished = SnapshotPath(offset) + std::string(kPreparedSuffix);
  absl::Status status = WriteWholeFile(*environment.storage, unfinished, contents, true);
  if (status.ok()) status = environment.storage->Rename(unfinished, SnapshotPath(offset));
  if (!status.ok()) {
    environment.storage->Remove(unfinished).IgnoreError();  // removed by a recovery otherwise
    return status;
  }
  return environment.storage->FlushDirectory(directory);
}

// Before the oldest segment is deleted: what is known of producers where it ends must be told without it.
absl::Status Log::Core::KeepProducers(Segment& oldest) {
  base::MutexLock lock(oldest.upkeep_mutex());
  if (oldest.producers_at_end == nullptr) {
    {
      base::SpinMutexLock end(append_lock);
      if (producers_known && producers.empty()) return absl::OkStatus();
    }
    const int64_t end = oldest.end_offset();
    if (LoadSnapshot(environment, directory, end)) return absl::OkStatus();
    // A crash came before its snapshot, or took it.
    const std::vector<std::shared_ptr<Segment>> list = *segments();
    MOLDAU_ASSIGN_OR_RETURN(const ProducerStates states,
                            RebuildProducers(environment, directory, list, end, EpochsCopy()));
    oldest.producers_at_end = std::make_shared<std::vector<ProducerEntry>>(states.Entries());
  }
  return StoreSnapshot(oldest);
}

// Before the log is cut at `offset`: no snapshot speaks of what lies behind it, for good, and none comes to.
absl::Status Log::Core::RemoveSnapshotsBehind(int64_t offset) {
  for (const std::shared_ptr<Segment>& segment : *segments()) {
    if (segment->end_offset() <= offset) continue;
    base::MutexLock lock(segment->upkeep_mutex());
    segment->producers_at_end = nullptr;
  }
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<storage::DirectoryEntry> entries, environment.storage->List(directory));
  bool removed = false;
  for (const storage::DirectoryEntry& entry : entries) {
    const std::optional<ParsedName> parsed = ParseSegmentFileName(entry.name);
    if (!parsed || parsed->kind != FileKind::kSnapshot || parsed->base_offset <= offset) continue;
    MOLDAU_RETURN_IF_ERROR(environment.storage->Remove(SnapshotPath(parsed->base_offset)));
    removed = true;
  }
  return removed ? environment.storage->FlushDirectory(directory) : absl::OkStatus();
}

}  // namespace moldau::log
