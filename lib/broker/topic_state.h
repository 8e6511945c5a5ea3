// What a Topic handle points to: name, configuration and the partitions there are by now.
//
// Threads: all members may be called from any thread.   Ownership: shared by handles.   Failure: as PartitionState.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "broker/partition_state.h"
#include "log/log_config.h"
#include "moldau/topic.h"

namespace moldau::broker {

class TopicState {
 public:
  explicit TopicState(std::shared_ptr<TopicInfo> info) : info_(std::move(info)) {}

  [[nodiscard]] const TopicInfo& info() const noexcept { return *info_; }
  [[nodiscard]] const std::shared_ptr<TopicInfo>& shared_info() const noexcept { return info_; }

  [[nodiscard]] int32_t partition_count() const noexcept { return count_.load(std::memory_order_acquire); }

  // NotFound (kUnknownTopicOrPartition) naming the valid range.
  absl::StatusOr<std::shared_ptr<PartitionState>> partition(int32_t id) const;
  [[nodiscard]] std::vector<std::shared_ptr<PartitionState>> partitions() const;

  // Numbered from 0 without gaps.
  void AddPartition(std::shared_ptr<PartitionState> partition);

  // The configuration as it was set, and what it means to the logs.
  void SetConfig(TopicConfig config, const log::LogConfig& resolved);
  [[nodiscard]] TopicConfig config() const;

  [[nodiscard]] TopicDescription Describe() const;

  // From the moment a deletion has begun nobody may commit offsets for the topic. It stays so once it is deleted.
  [[nodiscard]] bool deleting() const noexcept { return deleting_.load(std::memory_order_acquire); }
  void set_deleting(bool deleting) noexcept { deleting_.store(deleting, std::memory_order_release); }

 private:
  const std::shared_ptr<TopicInfo> info_;
  std::atomic<int32_t> count_{0};
  std::atomic<bool> deleting_{false};
  mutable base::Mutex mutex_;
  std::vector<std::shared_ptr<PartitionState>> partitions_ ABSL_GUARDED_BY(mutex_);
  TopicConfig config_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace moldau::broker
