#include "broker/topic_state.h"

#include <utility>

#include "base/status_builder.h"
#include "metadata/topic_config.h"

namespace moldau::broker {

absl::StatusOr<std::shared_ptr<PartitionState>> TopicState::partition(int32_t id) const {
  base::MutexLock lock(mutex_);
  if (id >= 0 && static_cast<size_t>(id) < partitions_.size()) return partitions_[static_cast<size_t>(id)];
  return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                     "partition %s-%d: the topic has the partitions 0 to %d", info_->name, id,
                     static_cast<int>(partitions_.size()) - 1);
}

std::vector<std::shared_ptr<PartitionState>> TopicState::partitions() const {
  base::MutexLock lock(mutex_);
  return partitions_;
}

void TopicState::AddPartition(std::shared_ptr<PartitionState> partition) {
  base::MutexLock lock(mutex_);
  partitions_.push_back(std::move(partition));
  count_.store(static_cast<int32_t>(partitions_.size()), std::memory_order_seq_cst);
}

void TopicState::SetConfig(TopicConfig config, const log::LogConfig& resolved) {
  {
    base::MutexLock lock(mutex_);
    config_ = std::move(config);
  }
  {
    // First here, where logs that are opened from now on look, then in those that are open already.
    base::MutexLock lock(info_->mutex);
    info_->config = resolved;
    info_->durability.store(resolved.durability, std::memory_order_release);
  }
  for (const auto& partition : partitions()) partition->SetConfig(resolved);
}

TopicConfig TopicState::config() const {
  base::MutexLock lock(mutex_);
  return config_;
}

TopicDescription TopicState::Describe() const {
  return {.name = info_->name,
          .id = info_->id,
          .internal = info_->internal,
          .partition_count = partition_count(),
          .config = metadata::DescribeTopicConfig(config(), info_->environment->options().topic_defaults)};
}

}  // namespace moldau::broker
