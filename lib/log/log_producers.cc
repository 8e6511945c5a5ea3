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
    if (producers_known) return absl::OkStatus();
    end = producers_end;
  }
  ProducerStates states;
  if (!MOLDAU_NAMED_BUG(M19)) {
    MOLDAU_ASSIGN_OR_RETURN(states, RebuildProducers(environment, directory, *segments(), end, EpochsCopy()));
  }
  AdoptProducers(std::move(states), end);
  return absl::OkStatus();
}

// The log holds no batch with a producer id at or behind `end`. Without `states` they are looked for when needed.
void Log::Core::AdoptProducers(std::optional<ProducerStates> states, int64_t end) {
  base::SpinMutexLock lock(append_lock);
  producers_known = states.has_value();
  producers_end = end;
  producers = states ? *std::move(states) : ProducerStates();
}

// Null, and heard of, if they cannot be read: a snapshot that is missing costs time, a wrong one a record.
SharedProducers Log::Core::ProducersNow() {
  if (const absl::Status status = LoadProducers(); !status.ok()) {
    environment.logger->Warning("log.producers", "%s: no snapshot is written: %s", directory, status.message());
    return nullptr;
  }
  base::SpinMutexLock lock(append_lock);
  return std::make_shared<const std::vector<ProducerEntry>>(producers.Entries());
}

size_t Log::Core::ExpireProducers(std::chrono::milliseconds expiration) {
  const int64_t now = SteadyWallNow().time_since_epoch().count();
  if (expiration.count() > now) return 0;
  base::SpinMutexLock lock(append_lock);
  return producers.RemoveIdleSince(now - expiration.count());
}

// The snapshot at the segment's end replaces that of an earlier close, unless it is the one at the segment's base.
absl::Status Log::Core::StoreSnapshot(Segment& segment) {
  if (segment.producers_at_end == nullptr) return absl::OkStatus();
  const int64_t end = segment.end_offset();
  const auto path = [&](int64_t offset) { return directory + "/" + SegmentFileName(offset, kSnapshotSuffix); };
  MOLDAU_RETURN_IF_ERROR(
      WriteWholeFile(*environment.storage, path(end), EncodeProducerSnapshot(*segment.producers_at_end), false));
  const int64_t before = std::exchange(segment.snapshot_offset, end);
  if (before < 0 || before == end || before == segment.base_offset()) return absl::OkStatus();
  const absl::Status status = environment.storage->Remove(path(before));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

// Snapshots that speak of what `segment` holds at or behind `offset`: of its end, and of an earlier close. They are
// gone for good before anything else can come to lie there.
absl::Status Log::Core::RemoveSnapshotsFrom(Segment& segment, int64_t offset) {
  bool removed = false;
  for (const int64_t at : {segment.snapshot_offset, segment.end_offset()}) {
    if (at <= offset) continue;
    const absl::Status status = environment.storage->Remove(directory + "/" + SegmentFileName(at, kSnapshotSuffix));
    if (!status.ok() && !absl::IsNotFound(status)) return status;
    removed |= status.ok();
  }
  return removed ? environment.storage->FlushDirectory(directory) : absl::OkStatus();
}

}  // namespace moldau::log
