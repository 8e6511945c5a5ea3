#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "broker/core.h"

namespace moldau::broker {
namespace {

// Commits come in quick succession; what they leave behind is given back together.
constexpr std::chrono::milliseconds kReadersDelay{50};

}  // namespace

void Core::StartBackground() {
  const BrokerOptions& options = environment_->options();
  environment_->SetCheckpointRequest([this] { RequestCheckpoint(); });
  environment_->SetCheckpoint([this] { return Checkpoint(/*clean_shutdown=*/false); });
  Repeat(options.retention_check_interval, &Core::ApplyRetention);
  Repeat(options.producer_id_check_interval, &Core::ExpireProducers);
  Repeat(options.checkpoint_interval, &Core::CheckpointNow);
  Repeat(options.cool_down_interval, &Core::CoolDown);
  Repeat(options.groups.offsets_check_interval, &Core::ExpireOffsets);
  Repeat(options.compaction_check_interval, &Core::LookForCompaction);
}

// The scope ends before the core does, so `this` is good.
void Core::Repeat(std::chrono::milliseconds interval, void (Core::*work)()) {
  background_.PostAt(DeadlineAfter(environment_->clock(), interval), [this, interval, work] {
    (this->*work)();
    Repeat(interval, work);
  });
}

void Core::ApplyRetention() { ApplyRetentionTo(/*only_by_readers=*/false); }
void Core::ApplyConsumedRetention() { ApplyRetentionTo(/*only_by_readers=*/true); }

void Core::ApplyRetentionTo(bool only_by_readers) {
  const Timestamp now = environment_->clock().WallNow();
  std::optional<absl::StatusOr<std::map<TopicPartition, int64_t>>> slowest;  // asked for when first needed
  bool changed = false;
  for (const auto& partition : AllPartitions()) {
    if (closing()) return;
    const bool heeds_readers = partition->consumed_retention() != log::ConsumedRetention::kNone;
    if (only_by_readers && !heeds_readers) continue;
    if (!heeds_readers && !partition->MayHaveOldSegments(now)) continue;
    std::optional<int64_t> unread_from;
    if (heeds_readers) {
      if (!slowest) slowest = SlowestReaders();
      if (!slowest->ok()) continue;
      const auto found = (*slowest)->find({partition->topic().name, partition->id()});
      if (found != (*slowest)->end()) unread_from = found->second;
    }
    const absl::StatusOr<log::Log*> log = partition->Log();
    if (!log.ok()) continue;  // reported when it was refused
    const int64_t start = (*log)->log_start_offset();
    const absl::StatusOr<int> segments = (*log)->ApplyRetention(unread_from);
    changed |= (segments.ok() && *segments > 0) || (*log)->log_start_offset() != start;
    if (!segments.ok() && !absl::IsCancelled(segments.status())) {
      environment_->logger().Error("broker.retention", "partition %s-%d: old segments stay: %s",
                                   partition->topic().name, partition->id(), std::string(segments.status().message()));
    }
  }
  if (slowest && !slowest->ok() && !absl::IsCancelled(slowest->status())) {
    environment_->logger().Error("broker.retention", "what groups and queues have read stays: %s",
                                 std::string(slowest->status().message()));
  }
  if (changed) CheckpointNow();
}

// Of each partition that any group or queue reads.
absl::StatusOr<std::map<TopicPartition, int64_t>> Core::SlowestReaders() {
  absl::StatusOr<std::map<TopicPartition, int64_t>> slowest = offsets_->LowestDurable();
  if (!slowest.ok()) return slowest;
  MOLDAU_ASSIGN_OR_RETURN(const coordinator::ShareStateStore::LowestOffsets queues, queues_->LowestDurable());
  if (queues.empty()) return slowest;
  for (const auto& partition : AllPartitions()) {
    const auto found = queues.find({partition->topic().id, partition->id()});
    if (found == queues.end()) continue;
    const auto [at, is_new] = slowest->try_emplace({partition->topic().name, partition->id()}, found->second);
    if (!is_new) at->second = std::min(at->second, found->second);
  }
  return slowest;
}

void Core::ReadersMoved() {
  if (!heeds_readers_.load(std::memory_order_relaxed) || closing()) return;
  if (retention_requested_.exchange(true)) return;
  background_.PostAt(DeadlineAfter(environment_->clock(), kReadersDelay), [this] {
    retention_requested_.store(false);
    ApplyConsumedRetention();
  });
}

// One partition at a time, in steps with pauses between: other tasks and the disk have their share.
void Core::LookForCompaction() {
  {
    base::MutexLock lock(compaction_mutex_);
    if (!to_compact_.empty()) return;  // the round before is not over
    for (const auto& partition : AllPartitions()) {
      if (partition->MayBeCompacted()) to_compact_.push_back(partition);
    }
    if (to_compact_.empty()) return;
  }
  CompactOne();
}

void Core::CompactOne() {
  std::shared_ptr<PartitionState> partition;
  {
    base::MutexLock lock(compaction_mutex_);
    if (to_compact_.empty()) return;
    if (closing()) return to_compact_.clear();
    partition = to_compact_.front();
  }
  std::chrono::nanoseconds pause{0};
  if (CompactStep(*partition)) {
    const double seconds = static_cast<double>(log::CompactionLimits().step_bytes) /
                           static_cast<double>(environment_->options().compaction_bytes_per_second);
    pause = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  } else {
    base::MutexLock lock(compaction_mutex_);
    to_compact_.pop_front();
  }
  background_.PostAt(DeadlineAfter(environment_->clock(), pause), [this] { CompactOne(); });
}

// True if there is more to do.
bool Core::CompactStep(PartitionState& partition) {
  const absl::StatusOr<log::Log*> log = partition.Log();
  if (!log.ok()) return false;  // reported when it was refused
  const int64_t cleaned = (*log)->cleaned_offset();
  const absl::StatusOr<bool> goes_on = (*log)->Compact({.key_bytes = environment_->options().compaction_memory});
  if ((*log)->cleaned_offset() != cleaned) RequestCheckpoint();
  if (goes_on.ok()) return *goes_on;
  if (!absl::IsCancelled(goes_on.status())) {
    environment_->logger().Error("broker.compaction", "partition %s-%d: is not compacted: %s", partition.topic().name,
                                 partition.id(), std::string(goes_on.status().message()));
  }
  return false;
}

void Core::ExpireOffsets() {
  const absl::Status expired = groups_->ExpireOffsets();
  if (expired.ok() || absl::IsCancelled(expired)) return;
  environment_->logger().Error("broker.offsets", "offsets that are too old stay: %s", std::string(expired.message()));
}

void Core::ExpireProducers() {
  for (const auto& partition : AllPartitions()) {
    if (closing()) return;
    if (log::Log* log = partition->open_log()) log->ExpireProducers(environment_->options().producer_id_expiration);
  }
}

void Core::CoolDown() {
  for (const auto& partition : AllPartitions()) {
    if (closing()) return;
    if (log::Log* log = partition->open_log()) log->CoolDown();
  }
}

void Core::RequestCheckpoint() {
  if (checkpoint_requested_.exchange(true)) return;
  background_.Post([this] { CheckpointNow(); });
}

void Core::CheckpointNow() {
  checkpoint_requested_.store(false);
  const absl::Status stored = Checkpoint(false);
  if (stored.ok()) return;
  environment_->logger().Error("broker.checkpoint", "the manifest stays as it was: %s", std::string(stored.message()));
}

absl::Status Core::Checkpoint(bool clean_shutdown) {
  base::MutexLock lock(checkpoint_mutex_);
  // A checkpoint that was due when the broker closed must not take the clean shutdown back.
  if (closed_cleanly_) return absl::OkStatus();
  std::vector<log::PartitionEntry> entries;
  entries.push_back(metadata_log_->Describe());
  if (entries.back().segments.empty()) entries.pop_back();
  for (const auto& partition : AllPartitions()) {
    if (std::optional<log::PartitionEntry> entry = partition->Describe()) entries.push_back(*std::move(entry));
  }
  MOLDAU_ASSIGN_OR_RETURN(std::string encoded,
                          log::EncodeManifest(directory_->Describe(std::move(entries), clean_shutdown)));
  if (encoded == last_checkpoint_) return absl::OkStatus();
  MOLDAU_RETURN_IF_ERROR(directory_->StoreManifest(encoded));
  last_checkpoint_ = std::move(encoded);
  closed_cleanly_ = clean_shutdown;
  return absl::OkStatus();
}

}  // namespace moldau::broker
