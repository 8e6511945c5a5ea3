#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "base/status_builder.h"
#include "broker/broker_options.h"
#include "broker/core.h"
#include "broker/internal_topics.h"
#include "log/segment_name.h"
#include "metadata/topic_config.h"

namespace moldau::broker {
namespace {

constexpr int32_t kNodeId = 0;  // of a node that is alone
constexpr int32_t kDefaultPartitions = 1;

// The configuration as it is recorded: the durability has one name.
absl::StatusOr<TopicConfig> Normalize(std::string_view subject, const TopicOptions& options) {
  TopicConfig config = options.config;
  if (!options.durability) return config;
  const std::string durability = metadata::DurabilityName(*options.durability);
  const auto [set, is_new] = config.try_emplace(std::string(metadata::kDurabilityConfig), durability);
  if (is_new || set->second == durability) return config;
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidConfig,
                     "%s: durability %s contradicts %s=%s", subject, durability, set->first, set->second);
}

bool IsTrimmedByQueue(const TopicConfig& config) {
  const auto trim = config.find(metadata::kQueueTrimConfig);
  return trim != config.end() && trim->second == "true";
}

absl::Status CheckPartitionCount(std::string_view name, int32_t partitions) {
  if (partitions >= 1 && partitions <= kMaxPartitions) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidPartitions,
                     "topic %s: %d partitions, must be between 1 and %d", name, partitions, kMaxPartitions);
}

absl::Status CheckNotReserved(std::string_view name) {
  if (name != metadata::kMetadataTopic && !IsInternalTopic(name)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTopic,
                     "topic %s: the name is kept for moldau itself", name);
}

// One status for all that is wrong: the first one's codes, everyone's messages.
absl::Status Join(std::initializer_list<absl::Status> statuses) {
  const absl::Status* first = nullptr;
  std::vector<std::string> messages;
  for (const absl::Status& status : statuses) {
    if (status.ok()) continue;
    if (first == nullptr) first = &status;
    messages.emplace_back(status.message());
  }
  if (first == nullptr) return absl::OkStatus();
  return base::Error(first->code(), GetErrorCode(*first), "%s", absl::StrJoin(messages, "; "));
}

// What `options` ask for that an existing topic is not.
absl::Status CheckNoContradiction(const TopicState& topic, const TopicOptions& options, const TopicConfig& asked) {
  std::vector<std::string> problems;
  if (options.partitions && *options.partitions != topic.partition_count()) {
    problems.push_back(absl::StrFormat("it has %d partitions, not %d", topic.partition_count(), *options.partitions));
  }
  for (const TopicConfigEntry& entry : topic.Describe().config) {
    const auto wanted = asked.find(entry.name);
    if (wanted == asked.end() || wanted->second == entry.value) continue;
    // The alias says nothing about the topic but its durability.
    if (entry.name == metadata::kFlushMessagesConfig && topic.info().durability == Durability::kFlushed) continue;
    problems.push_back(absl::StrFormat("it has %s=%s, not %s", entry.name, entry.value, wanted->second));
  }
  if (problems.empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kTopicAlreadyExists,
                     "topic %s: exists with other options: %s", topic.info().name, absl::StrJoin(problems, "; "));
}

}  // namespace

absl::StatusOr<std::shared_ptr<TopicState>> Core::CreateTopic(std::string_view name, const TopicOptions& options) {
  base::MutexLock lock(metadata_mutex_);
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  return CreateLocked(name, options, /*internal=*/false);
}

absl::StatusOr<std::shared_ptr<TopicState>> Core::OpenTopic(std::string_view name, const TopicOptions& options) {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  std::shared_ptr<TopicState> topic = FindOrNull(name);
  if (topic == nullptr || topic->deleting()) {
    base::MutexLock lock(metadata_mutex_);
    MOLDAU_RETURN_IF_ERROR(CheckOpen());
    topic = FindOrNull(name);  // somebody may have been faster
    if (topic == nullptr) return CreateLocked(name, options, /*internal=*/false);
  }
  const std::string subject = absl::StrFormat("topic %s", name);
  MOLDAU_ASSIGN_OR_RETURN(const TopicConfig asked, Normalize(subject, options));
  MOLDAU_RETURN_IF_ERROR(metadata::ResolveTopicConfig(subject, asked, environment_->options().topic_defaults).status());
  MOLDAU_RETURN_IF_ERROR(CheckNoContradiction(*topic, options, asked));
  return topic;
}

absl::StatusOr<std::shared_ptr<TopicState>> Core::FindTopic(std::string_view name) const {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  std::shared_ptr<TopicState> topic = FindOrNull(name);
  if (topic != nullptr && !topic->deleting()) return topic;
  return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition, "topic %s: does not exist",
                     absl::CHexEscape(std::string(name)));
}

std::vector<std::string> Core::ListTopics(bool with_internal) const {
  std::vector<std::string> names;
  base::MutexLock lock(topics_mutex_);
  for (const auto& [name, topic] : topics_) {
    if (with_internal || !topic->info().internal) names.push_back(name);
  }
  return names;
}

absl::StatusOr<std::shared_ptr<TopicState>> Core::CreateLocked(std::string_view name, const TopicOptions& options,
                                                               bool internal) {
  const std::string subject = absl::StrFormat("topic %s", absl::CHexEscape(std::string(name)));
  const int32_t partitions = options.partitions.value_or(kDefaultPartitions);
  const absl::StatusOr<TopicConfig> config = Normalize(subject, options);
  const absl::StatusOr<log::LogConfig> resolved = metadata::ResolveTopicConfig(
      subject, config.ok() ? *config : options.config, environment_->options().topic_defaults);
  MOLDAU_RETURN_IF_ERROR(Join({log::ValidateTopicName(name), internal ? absl::OkStatus() : CheckNotReserved(name),
                               CheckPartitionCount(name, partitions), config.status(), resolved.status()}));
  if (FindOrNull(name) != nullptr) {
    return base::Error(absl::StatusCode::kAlreadyExists, ErrorCode::kTopicAlreadyExists, "%s: exists already", subject);
  }
  MOLDAU_RETURN_IF_ERROR(CheckNoForeignDirectory(name, 0, partitions));

  std::vector<metadata::MetadataRecord> records;
  records.reserve(1 + config->size() + static_cast<size_t>(partitions));
  const Uuid id = environment_->NewRandom().NextUuid();
  records.emplace_back(metadata::TopicRecord{.name = std::string(name), .id = id});
  for (const auto& [key, value] : *config) {
    records.emplace_back(metadata::ConfigRecord{.topic = std::string(name), .name = key, .value = value});
  }
  for (int32_t i = 0; i < partitions; ++i) records.emplace_back(NewPartitionRecord(id, i));
  MOLDAU_RETURN_IF_ERROR(metadata_->Append(records));

  std::shared_ptr<TopicState> topic = MakeTopicState(*metadata_->image().FindById(id), *resolved);
  {
    base::MutexLock lock(topics_mutex_);
    topics_.emplace(name, topic);
  }
  TopicsHaveChanged();
  return topic;
}

void Core::TopicsHaveChanged() {
  topics_version_.fetch_add(1, std::memory_order_seq_cst);
  topics_wakers_.Notify();
}

// A directory that was there before and belongs to nobody must not become part of a new topic.
absl::Status Core::CheckNoForeignDirectory(std::string_view name, int32_t first, int32_t end) const {
  for (int32_t i = first; i < end; ++i) {
    const std::string directory = log::PartitionDirectoryName(name, i);
    if (!directory_->IsUnclaimed(directory)) continue;
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "topic %s: %s is in the way; it belongs to no topic, so move it or remove it", name,
                       directory_->Path(directory));
  }
  return absl::OkStatus();
}

metadata::PartitionRecord Core::NewPartitionRecord(const Uuid& topic_id, int32_t partition) const {
  return {.partition = partition,
          .topic_id = topic_id,
          .replicas = {kNodeId},
          .in_sync_replicas = {kNodeId},
          .leader = kNodeId,
          .leader_epoch = 0,
          .partition_epoch = 0,
          .directories = {directory_->directory_id()}};
}

absl::StatusOr<std::shared_ptr<TopicState>> Core::EnsureInternalTopic(std::string_view name,
                                                                      const TopicOptions& options) {
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  if (std::shared_ptr<TopicState> topic = FindOrNull(name)) return topic;
  base::MutexLock lock(metadata_mutex_);
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  if (std::shared_ptr<TopicState> topic = FindOrNull(name)) return topic;
  return CreateLocked(name, options, /*internal=*/true);
}

absl::StatusOr<std::shared_ptr<TopicState>> Core::EnsureOffsetsTopic() {
  // Committed offsets do not grow old, and one commit may name many partitions.
  return EnsureInternalTopic(coordinator::kOffsetsTopic, {.partitions = environment_->options().offsets_partitions,
                                                          .durability = environment_->options().offsets_durability,
                                                          .config = InternalTopicConfig(coordinator::kOffsetsTopic)});
}

// Also while the broker closes: producers get ids to append what they hold.
absl::StatusOr<int64_t> Core::TakeProducerIds() {
  MOLDAU_RETURN_IF_ERROR(environment_->CheckProcess());
  base::MutexLock lock(metadata_mutex_);
  const int64_t first = metadata_->image().next_producer_id();
  const metadata::MetadataRecord record =
      metadata::ProducerIdsRecord{.node = kNodeId, .next_producer_id = first + coordinator::kProducerIdBlock};
  MOLDAU_RETURN_IF_ERROR(metadata_->Append({&record, 1}));
  return first;
}

absl::Status Core::AlterTopicConfig(std::string_view name,
                                    const std::map<std::string, std::optional<std::string>>& changes) {
  base::MutexLock lock(metadata_mutex_);
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, FindTopic(name));
  TopicConfig config = topic->config();
  std::vector<metadata::MetadataRecord> records;
  for (const auto& [key, value] : changes) {
    if (value) {
      config[key] = *value;
    } else {
      config.erase(key);
    }
    records.emplace_back(metadata::ConfigRecord{.topic = topic->info().name, .name = key, .value = value});
  }
  MOLDAU_ASSIGN_OR_RETURN(
      const log::LogConfig resolved,
      metadata::ResolveTopicConfig(absl::StrFormat("topic %s", name), config, environment_->options().topic_defaults));
  if (resolved.durability != topic->info().durability) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidConfig,
                       "topic %s: its durability stays %s for its whole life; it cannot become %s", name,
                       metadata::DurabilityName(topic->info().durability),
                       metadata::DurabilityName(resolved.durability));
  }
  if (IsTrimmedByQueue(config) != IsTrimmedByQueue(topic->config())) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidConfig,
                       "topic %s: %s stays as it was when the topic was created; others may read it", name,
                       metadata::kQueueTrimConfig);
  }
  if (records.empty()) return absl::OkStatus();
  MOLDAU_RETURN_IF_ERROR(metadata_->Append(records));
  topic->SetConfig(std::move(config), resolved);
  if (resolved.consumed_retention != log::ConsumedRetention::kNone) heeds_readers_.store(true);
  return absl::OkStatus();
}

absl::Status Core::AddPartitions(std::string_view name, int32_t total) {
  base::MutexLock lock(metadata_mutex_);
  MOLDAU_RETURN_IF_ERROR(CheckOpen());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, FindTopic(name));
  if (topic->info().internal) return CheckNotReserved(name);
  const int32_t before = topic->partition_count();
  if (total <= before || total > kMaxPartitions) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidPartitions,
                       "topic %s: has %d partitions, %d is not between %d and %d", name, before, total, before + 1,
                       kMaxPartitions);
  }
  MOLDAU_RETURN_IF_ERROR(CheckNoForeignDirectory(name, before, total));
  std::vector<metadata::MetadataRecord> records;
  for (int32_t i = before; i < total; ++i) records.emplace_back(NewPartitionRecord(topic->info().id, i));
  MOLDAU_RETURN_IF_ERROR(metadata_->Append(records));
  for (int32_t i = before; i < total; ++i) topic->AddPartition(MakePartitionState(topic->shared_info(), i));
  TopicsHaveChanged();
  return absl::OkStatus();
}

}  // namespace moldau::broker
