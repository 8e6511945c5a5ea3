#include <utility>

#include "base/status_builder.h"
#include "broker/core.h"
#include "log/segment_name.h"

namespace moldau::broker {

// The order matters to a crash: offsets first (a topic made later under the name must not inherit them), then the
// record that makes the deletion a fact, then what queues know (of this topic's id, which no other will bear) and the
// files, which the next start removes if this one does not get to it.
absl::Status Core::DeleteTopic(std::string_view name) {
  base::MutexLock lock(metadata_mutex_);
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, FindTopic(name));
  if (topic->info().internal) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTopic,
                       "topic %s: is kept by moldau itself and cannot be deleted", name);
  }
  topic->set_deleting(true);
  absl::Status removed = offsets_->ForgetTopic(name);
  if (removed.ok()) {
    removed = metadata_->Append(
        std::vector<metadata::MetadataRecord>{metadata::RemoveTopicRecord{.topic_id = topic->info().id}});
  }
  if (!removed.ok()) {
    topic->set_deleting(false);
    TopicsHaveChanged();  // who has given it up takes it up again
    return removed;
  }
  queues_->ForgetTopic(topic->info().id);
  {
    base::MutexLock topics_lock(topics_mutex_);
    topics_.erase(topics_.find(name));
  }
  TopicsHaveChanged();
  absl::Status first;
  for (const auto& partition : topic->partitions()) first.Update(EndPartition(*partition));
  RequestCheckpoint();
  return first;
}

absl::Status Core::EndPartition(PartitionState& partition) {
  partition.AbortClaimOfThisThread();
  // A flush that fails now loses nothing that anybody could still ask for.
  partition.MarkDeleted();
  partition.Close().IgnoreError();
  const absl::Status removed = RemoveDirectorySoon(log::PartitionDirectoryName(partition.topic().name, partition.id()));
  return absl::IsNotFound(removed) ? absl::OkStatus() : removed;  // nothing was ever appended
}

absl::Status Core::RemoveDirectorySoon(const std::string& name) {
  MOLDAU_ASSIGN_OR_RETURN(const std::string aside, directory_->SetAside(name, environment_->NewRandom().NextUuid()));
  RemoveSoon(directory_->Path(aside));
  return absl::OkStatus();
}

void Core::RemoveSoon(std::string directory) {
  background_.Post([this, path = std::move(directory)] {
    const absl::Status removed = RemovePartitionDirectory(environment_->storage(), path);
    if (!removed.ok()) {
      environment_->logger().Warning("broker.leftover", "%s; the next start tries again",
                                     std::string(removed.message()));
    }
  });
}

absl::StatusOr<std::map<TopicPartition, absl::StatusOr<int64_t>>> Core::DeleteRecords(
    const std::map<TopicPartition, int64_t>& before) {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  std::map<TopicPartition, absl::StatusOr<int64_t>> starts;
  bool deleted = false;
  for (const auto& [name, offset] : before) {
    const auto delete_one = [&, wanted = &name, to = offset]() -> absl::StatusOr<int64_t> {
      MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, FindTopic(wanted->topic));
      MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> partition, topic->partition(wanted->partition));
      return partition->DeleteRecords(to);
    };
    const absl::StatusOr<int64_t> start = delete_one();
    deleted |= start.ok();
    starts.emplace(name, start);
  }
  if (deleted) MOLDAU_RETURN_IF_ERROR(Checkpoint(/*clean_shutdown=*/false));
  return starts;
}

}  // namespace moldau::broker
