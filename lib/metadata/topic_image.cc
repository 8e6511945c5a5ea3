#include "metadata/topic_image.h"

#include "base/status_builder.h"

namespace moldau::metadata {
namespace {

template <typename... Args>
absl::Status Contradiction(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return base::Error(absl::StatusCode::kDataLoss, format, args...);
}

}  // namespace

absl::Status TopicImage::Apply(const MetadataRecord& record) {
  return std::visit([this](const auto& one) { return ApplyOne(one); }, record);
}

const TopicEntry* TopicImage::Find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const TopicEntry* TopicImage::FindById(const Uuid& id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : Find(found->second);
}

absl::Status TopicImage::ApplyOne(const TopicRecord& record) {
  if (Find(record.name) != nullptr) return Contradiction("topic %s: created while it exists", record.name);
  if (record.id.is_zero() || FindById(record.id) != nullptr) {
    return Contradiction("topic %s: created with the id %s, which is not free", record.name, record.id.ToString());
  }
  topics_[record.name] = {.name = record.name, .id = record.id, .partitions = {}, .config = {}};
  names_[record.id] = record.name;
  return absl::OkStatus();
}

// A record for a partition that exists replaces what is known of it.
absl::Status TopicImage::ApplyOne(const PartitionRecord& record) {
  const auto name = names_.find(record.topic_id);
  if (name == names_.end()) {
    return Contradiction("partition %d: its topic id %s is unknown", record.partition, record.topic_id.ToString());
  }
  std::vector<PartitionImage>& partitions = topics_.find(name->second)->second.partitions;
  const auto count = static_cast<int32_t>(partitions.size());
  if (record.partition < 0 || record.partition > count) {
    return Contradiction("partition %s-%d: %d partitions are there before it", name->second, record.partition, count);
  }
  if (record.partition == count) partitions.emplace_back();
  partitions[static_cast<size_t>(record.partition)] = {.replicas = record.replicas,
                                                       .in_sync_replicas = record.in_sync_replicas,
                                                       .leader = record.leader,
                                                       .leader_epoch = record.leader_epoch,
                                                       .partition_epoch = record.partition_epoch};
  return absl::OkStatus();
}

absl::Status TopicImage::ApplyOne(const ConfigRecord& record) {
  const auto topic = topics_.find(record.topic);
  if (topic == topics_.end()) {
    return Contradiction("configuration %s: its topic %s is unknown", record.name, record.topic);
  }
  if (record.value) {
    topic->second.config[record.name] = *record.value;
  } else {
    topic->second.config.erase(record.name);
  }
  return absl::OkStatus();
}

absl::Status TopicImage::ApplyOne(const RemoveTopicRecord& record) {
  const auto name = names_.find(record.topic_id);
  if (name == names_.end()) return Contradiction("topic id %s: removed while unknown", record.topic_id.ToString());
  topics_.erase(topics_.find(name->second));
  names_.erase(name);
  removed_.insert(record.topic_id);
  return absl::OkStatus();
}

// The same block may be there twice: once of an append whose outcome nobody had learned.
absl::Status TopicImage::ApplyOne(const ProducerIdsRecord& record) {
  if (record.next_producer_id < next_producer_id_) {
    return Contradiction("producer ids: %d is said to be the next, %d were given away", record.next_producer_id,
                         next_producer_id_);
  }
  next_producer_id_ = record.next_producer_id;
  return absl::OkStatus();
}

}  // namespace moldau::metadata
