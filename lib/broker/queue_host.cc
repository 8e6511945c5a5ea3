#include "broker/queue_host.h"

#include <utility>

#include "base/status_builder.h"
#include "broker/internal_topics.h"

namespace moldau::broker {

int32_t QueueHost::state_partition_count() {
  const std::shared_ptr<TopicState> topic = core_.FindOrNull(coordinator::kShareStateTopic);
  return topic != nullptr ? topic->partition_count() : core_.environment().options().queue_state_partitions;
}

// Always buffered: what is written survives the process at once, which a flushed topic's pending appends do not. Where
// the options say so, queues flush it themselves.
absl::StatusOr<std::shared_ptr<TopicState>> QueueHost::StateTopic() {
  return core_.EnsureInternalTopic(coordinator::kShareStateTopic,
                                   {.partitions = core_.environment().options().queue_state_partitions,
                                    .durability = Durability::kBuffered,
                                    .config = InternalTopicConfig(coordinator::kShareStateTopic)});
}

absl::Status QueueHost::EnsureStateTopic() { return StateTopic().status(); }

absl::StatusOr<log::Log*> QueueHost::StateLogForWriting(int32_t partition) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, StateTopic());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> state, topic->partition(partition));
  return state->Log();
}

absl::StatusOr<log::Log*> QueueHost::StateLogForReading(int32_t partition) {
  MOLDAU_RETURN_IF_ERROR(core_.CheckOpen());
  const std::shared_ptr<TopicState> topic = core_.FindOrNull(coordinator::kShareStateTopic);
  if (topic == nullptr) return nullptr;
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> state, topic->partition(partition));
  return state->Log();
}

absl::Status QueueHost::CheckOpen() const { return core_.CheckOpen(); }

absl::StatusOr<coordinator::ShareSource> QueueHost::OpenSource(const TopicPartition& partition) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> topic, core_.FindTopic(partition.topic));
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> state, topic->partition(partition.partition));
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, state->Log());
  return coordinator::ShareSource{
      .name = partition,
      .topic_id = topic->info().id,
      .log = std::shared_ptr<log::Log>(state, log),
      .explain = [state](absl::Status status) { return state->Explain(std::move(status)); }};
}

absl::StatusOr<Receipt> QueueHost::AppendDeadLetter(const std::string& topic, int32_t source_partition,
                                                    const Record& record) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<TopicState> state, core_.FindTopic(topic));
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<PartitionState> partition,
                          state->partition(source_partition % state->partition_count()));
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, partition->Log());
  absl::StatusOr<log::AppendResult> appended = log->Append({&record, 1});
  if (!appended.ok()) return partition->Explain(std::move(appended).status());
  return log->MakeReceipt(*appended);
}

void QueueHost::RequestCheckpoint() { core_.RequestCheckpoint(); }

Clock& QueueHost::clock() const { return core_.environment().clock(); }

base::Logger& QueueHost::logger() { return core_.environment().logger(); }

const std::shared_ptr<base::MemoryBudget>& QueueHost::memory() const { return core_.environment().memory(); }

}  // namespace moldau::broker
