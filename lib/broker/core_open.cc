#include <utility>

#include "base/status_builder.h"
#include "broker/broker_options.h"
#include "broker/core.h"
#include "broker/internal_topics.h"
#include "broker/queue_host.h"
#include "log/segment_name.h"
#include "metadata/topic_config.h"

namespace moldau::broker {

absl::StatusOr<std::shared_ptr<Core>> Core::Open(BrokerOptions options) {
  MOLDAU_RETURN_IF_ERROR(CheckOptions(options));
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<Environment> environment, Environment::Make(std::move(options)));
  std::shared_ptr<Core> core(new Core(std::move(environment)));
  MOLDAU_RETURN_IF_ERROR(core->Open());
  return core;
}

absl::Status Core::Open() {
  MOLDAU_ASSIGN_OR_RETURN(directory_, DataDirectory::Open(*environment_));
  cluster_id_ = directory_->cluster_id();
  recovery_.clean_shutdown = directory_->clean_shutdown();
  {
    base::MutexLock lock(metadata_mutex_);
    MOLDAU_RETURN_IF_ERROR(OpenMetadata());
    MOLDAU_RETURN_IF_ERROR(OpenTopics());
    MOLDAU_RETURN_IF_ERROR(RemoveLeftovers());
  }
  RefuseMissing();
  if (!directory_->clean_shutdown()) RecoverAll();
  directory_->ForgetListing();
  coordinator::OffsetLogs& logs = *this;
  offsets_ = std::make_unique<coordinator::OffsetStore>(logs, environment_->memory());
  groups_ = std::make_unique<coordinator::GroupCoordinator>(*offsets_, environment_->executor(),
                                                            environment_->options().groups, environment_->NewRandom());
  queue_host_ = std::make_unique<QueueHost>(*this);
  queues_ = std::make_unique<coordinator::ShareCoordinator>(*queue_host_, environment_->executor());
  if (!directory_->clean_shutdown()) MOLDAU_RETURN_IF_ERROR(TruncateQueues());
  // Before the first append: from here on only a completed close may claim a clean shutdown.
  MOLDAU_RETURN_IF_ERROR(Checkpoint(false));
  StartBackground();
  return absl::OkStatus();
}

// Buffered logs may have lost records that a queue has done with.
absl::Status Core::TruncateQueues() {
  if (FindOrNull(coordinator::kShareStateTopic) == nullptr) return absl::OkStatus();
  std::map<std::pair<Uuid, int32_t>, std::shared_ptr<PartitionState>> partitions;
  for (const auto& partition : AllPartitions()) partitions[{partition->topic().id, partition->id()}] = partition;
  return queues_->Truncate([&](const Uuid& topic_id, int32_t id) -> absl::StatusOr<int64_t> {
    const auto found = partitions.find({topic_id, id});
    if (found == partitions.end()) return absl::NotFoundError("deleted");
    const absl::StatusOr<log::Log*> log = found->second->Log();
    if (!log.ok()) return absl::DataLossError("refused");  // whatever the reason: what is known of it is kept
    return (*log)->log_end_offset();
  });
}

absl::Status Core::OpenMetadata() {
  const std::string name = log::PartitionDirectoryName(metadata::kMetadataTopic, 0);
  const std::unique_ptr<log::PartitionEntry> entry = directory_->TakeEntry(name, metadata::kMetadataTopicId);
  directory_->Claim(name);
  if (entry != nullptr && !directory_->HasPartitionDirectory(name)) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError,
                       "%s: is missing, but the manifest knows of %d metadata records in it", directory_->Path(name),
                       entry->log_end_offset);
  }
  const log::Log::Known known{.entry = entry.get(),
                              .clean_shutdown = directory_->clean_shutdown() && entry != nullptr,
                              .same_boot = directory_->same_boot()};
  log::LogEnvironment environment = environment_->ForLogs();
  environment.latencies = nullptr;  // those of topics are what a user asks for
  MOLDAU_ASSIGN_OR_RETURN(metadata_, metadata::MetadataLog::Open(environment, environment_->options().data_dir, known));
  metadata_log_ = &metadata_->log();
  return absl::OkStatus();
}

absl::Status Core::OpenTopics() {
  for (const auto& [name, entry] : metadata_->image().topics()) {
    MOLDAU_ASSIGN_OR_RETURN(const log::LogConfig config,
                            metadata::ResolveTopicConfig(absl::StrFormat("topic %s", name), entry.config,
                                                         environment_->options().topic_defaults));
    std::shared_ptr<TopicState> topic = MakeTopicState(entry, config);
    base::MutexLock lock(topics_mutex_);
    topics_.emplace(name, std::move(topic));
  }
  return absl::OkStatus();
}

std::shared_ptr<TopicState> Core::MakeTopicState(const metadata::TopicEntry& entry, const log::LogConfig& config) {
  auto topic = std::make_shared<TopicState>(
      std::make_shared<TopicInfo>(environment_, entry.name, entry.id, IsInternalTopic(entry.name)));
  topic->SetConfig(entry.config, config);
  if (config.consumed_retention != log::ConsumedRetention::kNone) heeds_readers_.store(true);
  for (size_t i = 0; i < entry.partitions.size(); ++i) {
    topic->AddPartition(MakePartitionState(topic->shared_info(), static_cast<int32_t>(i)));
  }
  return topic;
}

std::shared_ptr<PartitionState> Core::MakePartitionState(const std::shared_ptr<TopicInfo>& topic, int32_t id) {
  const std::string name = log::PartitionDirectoryName(topic->name, id);
  directory_->Claim(name);
  return std::make_shared<PartitionState>(topic, id,
                                          PartitionState::Before{.entry = directory_->TakeEntry(name, topic->id),
                                                                 .clean_shutdown = directory_->clean_shutdown(),
                                                                 .same_boot = directory_->same_boot()});
}

// A directory that has gone is not an empty partition.
void Core::RefuseMissing() {
  for (const auto& partition : AllPartitions()) {
    const std::string name = log::PartitionDirectoryName(partition->topic().name, partition->id());
    if (directory_->HasPartitionDirectory(name)) continue;
    const std::optional<log::PartitionEntry> entry = partition->Describe();
    if (!entry || entry->segments.empty()) continue;
    absl::Status missing = base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError,
                                       "%s: is missing, but the manifest knows of the offsets %d to %d in it",
                                       directory_->Path(name), entry->log_start_offset, entry->log_end_offset);
    Report(*partition, missing);
    partition->Refuse(std::move(missing));
  }
}

}  // namespace moldau::broker
