#include "broker/partition_state.h"

#include <utility>

#include "base/status_builder.h"
#include "broker/with_log.h"
#include "log/partition_metadata.h"
#include "log/segment_name.h"

namespace moldau::broker {

PartitionState::PartitionState(std::shared_ptr<TopicInfo> topic, int32_t id, Before before)
    : topic_(std::move(topic)), environment_(*topic_->environment), id_(id), before_(std::move(before)) {}

PartitionState::~PartitionState() {
  // What a forked child closed would be written to files that belong to its parent.
  if (environment_.in_child()) static_cast<void>(owned_log_.release());
}

std::string PartitionState::Directory() const {
  return environment().options().data_dir + "/" + log::PartitionDirectoryName(topic_->name, id_);
}

absl::StatusOr<log::Log*> PartitionState::Log() {
  if (log::Log* log = open_log()) return log;
  MOLDAU_RETURN_IF_ERROR(environment().CheckProcess());
  base::MutexLock lock(mutex_);
  if (const Life life = life_.load(std::memory_order_acquire); life != Life::kOpen) return EndStatus(life);
  if (owned_log_ != nullptr) return owned_log_.get();
  if (!refusal_.ok()) return refusal_;
  return OpenLocked();
}

absl::StatusOr<log::Log*> PartitionState::OpenLocked() {
  log::LogConfig config;
  {
    base::MutexLock lock(topic_->mutex);
    config = topic_->config;
  }
  MOLDAU_RETURN_IF_ERROR(CheckTopicId());
  const log::LogIdentity identity{.topic = topic_->name, .partition = id_, .topic_id = topic_->id};
  const log::Log::Known known{.entry = before_.entry.get(),
                              .clean_shutdown = before_.clean_shutdown && before_.entry != nullptr,
                              .same_boot = before_.same_boot};
  absl::StatusOr<std::unique_ptr<log::Log>> opened =
      log::Log::Open(environment().ForLogs(), Directory(), identity, config, known);
  if (!opened.ok()) {
    if (absl::IsDataLoss(opened.status())) refusal_ = opened.status();
    return opened.status();
  }
  owned_log_ = *std::move(opened);
  before_.entry.reset();
  log_.store(owned_log_.get(), std::memory_order_release);
  return owned_log_.get();
}

// A directory that the manifest does not vouch for may be that of another topic of the same name.
absl::Status PartitionState::CheckTopicId() const {
  if (before_.entry != nullptr) return absl::OkStatus();
  const absl::StatusOr<Uuid> id = log::LoadPartitionMetadata(environment_.storage(), Directory());
  if (absl::IsFailedPrecondition(id.status())) return id.status();  // a newer version has been here
  if (!id.ok() || *id == topic_->id) return absl::OkStatus();
  return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError,
                     "%s: belongs to the topic with the id %s, not to %s with the id %s", Directory(), id->ToString(),
                     topic_->name, topic_->id.ToString());
}

void PartitionState::Refuse(absl::Status why) {
  base::MutexLock lock(mutex_);
  refusal_ = std::move(why);
}

absl::Status PartitionState::Explain(absl::Status status) const {
  if (!absl::IsCancelled(status)) return status;
  const Life life = life_.load(std::memory_order_acquire);
  return life == Life::kOpen ? status : EndStatus(life);
}

absl::Status PartitionState::EndStatus(Life life) const {
  if (life == Life::kDeleted) {
    return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                       "partition %s-%d: the topic has been deleted", topic_->name, id_);
  }
  return base::Error(absl::StatusCode::kCancelled, "partition %s-%d: the broker is closed", topic_->name, id_);
}

void PartitionState::SetConfig(const log::LogConfig& config) {
  base::MutexLock lock(mutex_);
  if (owned_log_ != nullptr) owned_log_->SetConfig(config);
}

record::ValidationRules PartitionState::Rules() const {
  base::MutexLock lock(topic_->mutex);
  const log::LogConfig config = topic_->config;
  return {.max_batch_bytes = config.max_message_bytes,
          .keys_required = config.compact,
          .timestamp_type = config.timestamp_type,
          .timestamp_before_max = config.timestamp_before_max,
          .timestamp_after_max = config.timestamp_after_max};
}

void PartitionState::KeepClaim(log::Log::Claim claim) {
  base::MutexLock lock(claim_mutex_);
  claim_.emplace(std::move(claim));
  claim_owner_ = std::this_thread::get_id();
}

std::optional<log::Log::Claim> PartitionState::TakeClaim(std::span<const std::byte> value) {
  base::MutexLock lock(claim_mutex_);
  if (!claim_ || claim_->value().data() != value.data()) return std::nullopt;
  return std::exchange(claim_, std::nullopt);
}

void PartitionState::AbortClaimOfThisThread() {
  std::optional<log::Log::Claim> claim;
  {
    base::MutexLock lock(claim_mutex_);
    if (!claim_ || claim_owner_ != std::this_thread::get_id()) return;
    claim.emplace(*std::move(claim_));
    claim_.reset();
  }
  claim->Abort();
}

std::optional<log::PartitionEntry> PartitionState::Describe() {
  if (const log::Log* log = OwnedLog()) {
    log::PartitionEntry entry = log->Describe();
    if (entry.segments.empty() && entry.log_end_offset == 0) return std::nullopt;
    return entry;
  }
  base::MutexLock lock(mutex_);
  if (before_.entry == nullptr) return std::nullopt;
  return *before_.entry;
}

PartitionFigures PartitionState::Figures() {
  PartitionFigures figures{.read = reads_.totals()};
  const log::Log* log = open_log();
  if (log == nullptr) {
    base::MutexLock lock(mutex_);
    figures.is_offline = !refusal_.ok();
    log = owned_log_.get();
    if (log == nullptr && before_.entry == nullptr) return figures;
    if (log == nullptr) {
      const log::PartitionEntry& entry = *before_.entry;
      figures.log_start_offset = entry.log_start_offset;
      figures.high_watermark = figures.log_end_offset = entry.log_end_offset;
      for (const log::SegmentEntry& segment : entry.segments) figures.size_bytes += segment.size_bytes;
      figures.segment_count = static_cast<int>(entry.segments.size());
      return figures;
    }
  }
  figures.appended = log->appended();
  figures.append_waits = log->append_waits();
  // In this order each is at most the next one, whatever happens meanwhile.
  figures.log_start_offset = log->log_start_offset();
  figures.high_watermark = log->high_watermark();
  figures.log_end_offset = log->log_end_offset();
  figures.size_bytes = log->size_bytes();
  figures.segment_count = log->segment_count();
  figures.is_offline = log->has_stopped();
  return figures;
}

bool PartitionState::MayHaveOldSegments(Timestamp now) {
  if (open_log() != nullptr) return true;
  base::MutexLock lock(mutex_);
  if (before_.entry == nullptr || before_.entry->segments.empty()) return false;
  base::MutexLock topic_lock(topic_->mutex);
  const log::LogConfig config = topic_->config;
  const std::vector<log::SegmentEntry>& segments = before_.entry->segments;
  if (segments.front().end_offset <= before_.entry->log_start_offset) return true;
  if (!config.delete_old_segments) return false;
  uint64_t size = 0;
  for (const log::SegmentEntry& segment : segments) size += segment.size_bytes;
  if (config.retention_bytes >= 0 && size > static_cast<uint64_t>(config.retention_bytes)) return true;
  const int64_t oldest = segments.front().max_timestamp;
  return config.retention_ms.count() >= 0 && now.time_since_epoch().count() - oldest > config.retention_ms.count();
}

absl::StatusOr<int64_t> PartitionState::DeleteRecords(int64_t before) {
  if (topic_->internal) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTopic,
                       "topic %s: is kept by Moldau itself, its records are not deleted by hand", topic_->name);
  }
  {
    base::MutexLock lock(topic_->mutex);
    if (!topic_->config.delete_old_segments) {
      return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kPolicyViolation,
                         "topic %s: its cleanup.policy does not include delete", topic_->name);
    }
  }
  return WithLog(*this, [&](log::Log& log) -> absl::StatusOr<int64_t> {
    MOLDAU_RETURN_IF_ERROR(log.Trim(before == kHighWatermark ? log.high_watermark() : before));
    return log.log_start_offset();
  });
}

bool PartitionState::MayBeCompacted() {
  {
    base::MutexLock lock(topic_->mutex);
    if (!topic_->config.compact) return false;
  }
  if (open_log() != nullptr) return true;
  base::MutexLock lock(mutex_);
  if (before_.entry == nullptr || before_.entry->segments.empty()) return false;
  return before_.entry->cleaned_offset < before_.entry->segments.back().base_offset;
}

log::ConsumedRetention PartitionState::consumed_retention() {
  base::MutexLock lock(topic_->mutex);
  return topic_->config.consumed_retention;
}

void PartitionState::Mark(Life life) {
  // Under the lock: whoever is opening the log now is waited for, and nobody opens it later.
  base::MutexLock lock(mutex_);
  Life open = Life::kOpen;
  life_.compare_exchange_strong(open, life, std::memory_order_acq_rel);
  log_.store(nullptr, std::memory_order_release);
  if (owned_log_ != nullptr) owned_log_->Interrupt();
}

log::Log* PartitionState::OwnedLog() {
  base::MutexLock lock(mutex_);
  return owned_log_.get();
}

// Without the lock: closing takes as long as the disk does.
absl::Status PartitionState::Close() {
  log::Log* const log = OwnedLog();
  if (log == nullptr) return absl::OkStatus();
  // A log that has stopped writing closes without an error of its own, but its files are not as they should be.
  const absl::Status health = log->health();
  absl::Status closed = log->Close();
  if (!absl::IsCancelled(health)) closed.Update(health);
  return closed;
}

void PartitionState::RemoveTailWaker(base::Waker* waker) {
  if (log::Log* const log = OwnedLog()) log->RemoveTailWaker(waker);
}

}  // namespace moldau::broker
