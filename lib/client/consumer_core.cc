#include "client/consumer_core.h"

#include <set>
#include <utility>

#include "base/status_builder.h"
#include "broker/access.h"
#include "client/problems.h"

namespace moldau::client {
namespace {

absl::Status Validate(const ConsumerOptions& options, Problems& problems) {
  problems.Unless(options.auto_offset_reset <= OffsetReset::kNone, "auto_offset_reset is %d, must be 0 to 2",
                  static_cast<int>(options.auto_offset_reset));
  problems.Unless(options.max_poll_bytes > 0, "max_poll_bytes is 0");
  problems.Unless(options.wait <= WaitStrategy::kSpin, "wait is %d, must be 0 to 2", static_cast<int>(options.wait));
  problems.Unless(options.auto_commit_interval.count() >= 0, "auto_commit_interval is %d ms, must be at least 0",
                  options.auto_commit_interval.count());
  return problems.status();
}

}  // namespace

absl::Status ConsumerCore::Entry::status() const {
  if (core_.closed_.load(std::memory_order_seq_cst)) return absl::CancelledError("consumer: closed");
  if (!entered_) return absl::FailedPreconditionError("consumer: in use by another thread");
  return core_.broker_->environment().CheckProcess();
}

ConsumerCore::ConsumerCore(std::shared_ptr<broker::Core> broker, ConsumerOptions options)
    : broker_(std::move(broker)), options_(std::move(options)) {
  next_auto_commit_ = DeadlineAfter(broker_->environment().clock(), options_.auto_commit_interval);
}

absl::StatusOr<std::shared_ptr<ConsumerCore>> ConsumerCore::Subscribe(std::shared_ptr<broker::Core> broker,
                                                                      ConsumerOptions options) {
  Problems problems("consumer options");
  problems.Unless(!options.topics.empty(), "topics are missing");
  const std::set<std::string> distinct(options.topics.begin(), options.topics.end());
  problems.Unless(distinct.size() == options.topics.size(), "a topic is named twice");
  MOLDAU_RETURN_IF_ERROR(Validate(options, problems));
  MOLDAU_RETURN_IF_ERROR(broker->CheckOpen());

  std::shared_ptr<ConsumerCore> core(new ConsumerCore(std::move(broker), std::move(options)));
  for (const std::string& name : core->options_.topics) {
    MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::TopicState> topic, core->broker_->FindTopic(name));
    core->subscriptions_.push_back({.topic = std::move(topic)});
  }
  MOLDAU_RETURN_IF_ERROR(core->JoinGroup());
  MOLDAU_RETURN_IF_ERROR(core->AddNewPartitions(core->options_.auto_offset_reset));
  return core;
}

absl::StatusOr<std::shared_ptr<ConsumerCore>> ConsumerCore::Assign(std::shared_ptr<broker::Core> broker,
                                                                   std::span<const TopicPartition> partitions,
                                                                   ConsumerOptions options) {
  Problems problems("consumer options");
  problems.Unless(!partitions.empty(), "partitions are missing");
  problems.Unless(options.topics.empty(), "topics are for Subscribe");
  const std::set<TopicPartition> distinct(partitions.begin(), partitions.end());
  problems.Unless(distinct.size() == partitions.size(), "a partition is named twice");
  MOLDAU_RETURN_IF_ERROR(Validate(options, problems));
  MOLDAU_RETURN_IF_ERROR(broker->CheckOpen());

  std::shared_ptr<ConsumerCore> core(new ConsumerCore(std::move(broker), std::move(options)));
  MOLDAU_RETURN_IF_ERROR(core->AddPartitions(partitions, core->options_.auto_offset_reset));
  return core;
}

absl::Status ConsumerCore::JoinGroup() {
  if (options_.group.empty()) return absl::OkStatus();
  const std::string member = "consumer-" + broker_->environment().NewRandom().NextUuid().ToString();
  MOLDAU_ASSIGN_OR_RETURN(membership_, broker_->groups().Acquire(options_.group, member));
  return absl::OkStatus();
}

// --- partitions ---

absl::Status ConsumerCore::AddNewPartitions(OffsetReset reset) {
  for (Subscription& subscription : subscriptions_) {
    const int32_t count = subscription.topic->partition_count();
    if (count == subscription.known_partitions) [[likely]]
      continue;
    std::vector<TopicPartition> added;
    for (int32_t id = subscription.known_partitions; id < count; ++id) {
      added.push_back({subscription.topic->info().name, id});
    }
    MOLDAU_RETURN_IF_ERROR(AddPartitions(added, reset));
    subscription.known_partitions = count;
  }
  return absl::OkStatus();
}

absl::Status ConsumerCore::AddPartitions(std::span<const TopicPartition> sources, OffsetReset reset) {
  coordinator::CommittedOffsets committed;
  if (!options_.group.empty()) {
    MOLDAU_ASSIGN_OR_RETURN(committed, broker_->offsets().Fetch(options_.group, sources));
  }
  std::vector<std::unique_ptr<ConsumerPartition>> added;
  for (const TopicPartition& source : sources) {
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<broker::TopicState> topic, broker_->FindTopic(source.topic));
    MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::PartitionState> state, topic->partition(source.partition));
    added.push_back(
        std::make_unique<ConsumerPartition>(source, broker::Access::MakePartition(std::move(state)), options_));
    const auto it = committed.find(source);
    MOLDAU_RETURN_IF_ERROR(
        added.back()->Begin(it == committed.end() ? std::nullopt : std::optional(it->second.offset), reset));
  }
  for (auto& partition : added) {
    index_.emplace(partition->source(), partition.get());
    partitions_.push_back(std::move(partition));
  }
  return absl::OkStatus();
}

absl::StatusOr<ConsumerPartition*> ConsumerCore::Find(const TopicPartition& source) {
  if (const auto it = index_.find(source); it != index_.end()) return it->second;
  return base::Error(absl::StatusCode::kFailedPrecondition, "consumer: %s-%d is not assigned to it", source.topic,
                     source.partition);
}

// --- committed offsets ---

absl::Status ConsumerCore::CheckGroup() const {
  if (!options_.group.empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInvalidGroupId,
                     "consumer: has no group to keep committed offsets for");
}

absl::StatusOr<Receipt> ConsumerCore::StartCommit(const Offsets& offsets) {
  if (offsets.empty()) return Receipt();
  coordinator::CommittedOffsets committed;
  for (const auto& [source, offset] : offsets) committed[source].offset = offset;
  MOLDAU_ASSIGN_OR_RETURN(Receipt receipt, broker_->offsets().Commit(options_.group, committed));
  for (const auto& [source, offset] : offsets) {
    if (const auto it = index_.find(source); it != index_.end()) it->second->OnCommitted(offset);
  }
  return receipt;
}

absl::Status ConsumerCore::CommitConfirmed() {
  Offsets offsets;
  for (const auto& partition : partitions_) {
    if (const std::optional<int64_t> offset = partition->Uncommitted()) offsets[partition->source()] = *offset;
  }
  MOLDAU_ASSIGN_OR_RETURN(const Receipt receipt, StartCommit(offsets));
  return receipt.Wait();
}

absl::Status ConsumerCore::Commit() {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  for (const auto& partition : partitions_) partition->Confirm();
  return CommitConfirmed();
}

absl::Status ConsumerCore::Commit(const Offsets& offsets) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  MOLDAU_ASSIGN_OR_RETURN(const Receipt receipt, StartCommit(offsets));
  return receipt.Wait();
}

absl::StatusOr<std::optional<int64_t>> ConsumerCore::Committed(const TopicPartition& partition) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  MOLDAU_ASSIGN_OR_RETURN(const coordinator::CommittedOffsets committed,
                          broker_->offsets().Fetch(options_.group, std::span(&partition, 1)));
  if (committed.empty()) return std::nullopt;
  return committed.begin()->second.offset;
}

// --- the end ---

absl::Status ConsumerCore::Close(bool confirm) {
  closed_.store(true, std::memory_order_seq_cst);
  event_.Wake();
  for (;;) {
    const Entry entry(*this);
    if (!entry.entered()) {
      const auto is_free = [this] { return !in_use_.load(std::memory_order_seq_cst); };
      broker_->environment().executor().WaitUntil(left_, is_free, kForever);
      continue;
    }
    if (std::exchange(has_left_, true)) return close_status_;
    if (options_.enable_auto_commit && !options_.group.empty()) {
      if (confirm) {
        for (const auto& partition : partitions_) partition->Confirm();
      }
      close_status_ = CommitConfirmed();
    }
    membership_.Release();
    return close_status_;
  }
}

}  // namespace moldau::client
