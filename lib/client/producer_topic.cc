#include "client/producer_topic.h"

#include <utility>

#include "base/status_builder.h"
#include "broker/topic_state.h"
#include "client/producer_core.h"

namespace moldau::client {

ProducerTopic::ProducerTopic(ProducerCore& core, std::shared_ptr<broker::TopicState> state, uint64_t first)
    : core_(core), state_(std::move(state)), partitioner_(core.options().partitioner) {
  const int32_t count = state_->partition_count();
  sticky_.store(static_cast<int32_t>(first % static_cast<uint64_t>(count)), std::memory_order_relaxed);
  const base::MutexLock lock(mutex_);
  table_.store(tables_.emplace_back(std::make_unique<Table>(count)).get(), std::memory_order_release);
}

ProducerTopic::~ProducerTopic() = default;

const std::string& ProducerTopic::name() const noexcept { return state_->info().name; }

size_t ProducerTopic::max_message_bytes() const {
  const base::MutexLock lock(state_->shared_info()->mutex);
  return state_->shared_info()->config.max_message_bytes;
}

absl::StatusOr<PartitionSender*> ProducerTopic::Choose(const Record& record) {
  if (IsFree(record)) [[likely]]
    return SenderFor(sticky_.load(std::memory_order_relaxed));
  MOLDAU_ASSIGN_OR_RETURN(const int32_t partition, ChoosePartition(record, state_->partition_count()));
  return SenderFor(partition);
}

absl::StatusOr<int32_t> ProducerTopic::ChoosePartition(const Record& record, int32_t partition_count) {
  int32_t partition = record.partition;
  if (partition == kAnyPartition && partitioner_) partition = partitioner_(name(), record, partition_count);
  if (partition != kAnyPartition) {
    if (partition < 0 || partition >= partition_count) return NoSuchPartition(partition, partition_count);
    return partition;
  }
  if (record.key) return PartitionForKey(*record.key, partition_count);
  return sticky_.load(std::memory_order_relaxed);
}

absl::Status ProducerTopic::NoSuchPartition(int32_t partition, int32_t partition_count) const {
  return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                     "topic %s: has partitions 0 to %d, not %d", name(), partition_count - 1, partition);
}

absl::StatusOr<PartitionSender*> ProducerTopic::SenderFor(int32_t partition) {
  const Table& table = *table_.load(std::memory_order_acquire);
  const auto index = static_cast<size_t>(partition);
  if (index < table.senders.size()) [[likely]] {
    PartitionSender* const sender = table.senders[index].load(std::memory_order_acquire);
    if (sender != nullptr) [[likely]]
      return sender;
  }
  return MakeSender(partition);
}

absl::StatusOr<PartitionSender*> ProducerTopic::MakeSender(int32_t partition) {
  const base::MutexLock lock(mutex_);
  if (!stopped_.ok()) return stopped_;
  Table* table = table_.load(std::memory_order_relaxed);
  const auto index = static_cast<size_t>(partition);
  if (index >= table->senders.size()) {
    auto longer = std::make_unique<Table>(state_->partition_count());
    for (size_t i = 0; i < table->senders.size(); ++i)
      longer->senders[i] = table->senders[i].load(std::memory_order_relaxed);
    table = tables_.emplace_back(std::move(longer)).get();
    table_.store(table, std::memory_order_release);
  }
  if (PartitionSender* const sender = table->senders[index].load(std::memory_order_relaxed)) return sender;
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::PartitionState> state, state_->partition(partition));
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, state->Log());
  MOLDAU_ASSIGN_OR_RETURN(const coordinator::ProducerIdentity producer, core_.ProducerId());
  senders_.push_back(std::make_unique<PartitionSender>(core_, *this, std::move(state), *log, producer));
  table->senders[index].store(senders_.back().get(), std::memory_order_release);
  return senders_.back().get();
}

void ProducerTopic::OnBatchClosed(int32_t partition) noexcept {
  const int32_t count = state_->partition_count();
  if (count == 1 || sticky_.load(std::memory_order_relaxed) != partition) return;
  sticky_.store((partition + 1) % count, std::memory_order_relaxed);
}

void ProducerTopic::ForEachSender(absl::FunctionRef<void(PartitionSender&)> visit) {
  std::vector<PartitionSender*> senders;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& sender : senders_) senders.push_back(sender.get());
  }
  for (PartitionSender* sender : senders) visit(*sender);
}

void ProducerTopic::Stop(const absl::Status& why, bool cancel) {
  {
    const base::MutexLock lock(mutex_);
    stopped_ = why;
  }
  ForEachSender([&](PartitionSender& sender) { sender.Stop(why, cancel); });
}

}  // namespace moldau::client
