#include <utility>

#include "base/status_builder.h"
#include "broker/core.h"

namespace moldau::broker {

void Core::StartBackground() {
  const BrokerOptions& options = environment_->options();
  environment_->SetCheckpointRequest([this] { RequestCheckpoint(); });
  Repeat(options.retention_check_interval, &Core::ApplyRetention);
  Repeat(options.producer_id_check_interval, &Core::ExpireProducers);
  Repeat(options.checkpoint_interval, &Core::CheckpointNow);
  Repeat(options.cool_down_interval, &Core::CoolDown);
  Repeat(options.groups.offsets_check_interval, &Core::ExpireOffsets);
}

// The scope ends before the core does, so `this` is good.
void Core::Repeat(std::chrono::milliseconds interval, void (Core::*work)()) {
  background_.PostAt(DeadlineAfter(environment_->clock(), interval), [this, interval, work] {
    (this->*work)();
    Repeat(interval, work);
  });
}

void Core::ApplyRetention() {
  const Timestamp now = environment_->clock().WallNow();
  bool deleted = false;
  for (const auto& partition : AllPartitions()) {
    if (closing()) return;
    if (!partition->MayHaveOldSegments(now)) continue;
    const absl::StatusOr<log::Log*> log = partition->Log();
    if (!log.ok()) continue;  // reported when it was refused
    const absl::StatusOr<int> segments = (*log)->ApplyRetention();
    deleted |= segments.ok() && *segments > 0;
    if (!segments.ok() && !absl::IsCancelled(segments.status())) {
      environment_->logger().Error("broker.retention", "partition %s-%d: old segments stay: %s",
                                   partition->topic().name, partition->id(), std::string(segments.status().message()));
    }
  }
  if (deleted) CheckpointNow();
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
