#include "broker/core.h"

#include <utility>

#include "base/status_builder.h"
#include "broker/queue_host.h"

namespace moldau::broker {

Core::Core(std::shared_ptr<Environment> environment)
    : environment_(std::move(environment)), background_(environment_->executor()) {}

Core::~Core() = default;

absl::Status Core::CheckOpen() const {
  MOLDAU_RETURN_IF_ERROR(environment_->CheckProcess());
  if (!closing()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kCancelled, "broker %s: closed", environment_->options().data_dir);
}

absl::Status Core::Flush() {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  absl::Status first;
  for (const auto& partition : AllPartitions()) {
    // What was never opened holds nothing that is not flushed.
    if (log::Log* log = partition->open_log()) first.Update(partition->Explain(log->Flush()));
  }
  return first;
}

std::shared_ptr<TopicState> Core::FindOrNull(std::string_view name) const {
  base::MutexLock lock(topics_mutex_);
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<PartitionState>> Core::AllPartitions() const {
  std::vector<std::shared_ptr<PartitionState>> all;
  base::MutexLock lock(topics_mutex_);
  for (const auto& [name, topic] : topics_) {
    for (auto& partition : topic->partitions()) all.push_back(std::move(partition));
  }
  return all;
}

int32_t Core::partition_count() {
  const std::shared_ptr<TopicState> topic = FindOrNull(coordinator::kOffsetsTopic);
  return topic != nullptr ? topic->partition_count() : environment_->options().offsets_partitions;
}

absl::StatusOr<log::Log*> Core::LogForWriting(int32_t partition) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, EnsureOffsetsTopic());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> state, topic->partition(partition));
  return state->Log();
}

absl::StatusOr<log::Log*> Core::LogForReading(int32_t partition) {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  const std::shared_ptr<TopicState> topic = FindOrNull(coordinator::kOffsetsTopic);
  if (topic == nullptr) return nullptr;
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> state, topic->partition(partition));
  return state->Log();
}

absl::StatusOr<int32_t> Core::CountPartitions(std::string_view topic) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> state, FindTopic(topic));
  return state->partition_count();
}

}  // namespace moldau::broker
