#include "client/consumer_core.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/status_builder.h"
#include "broker/access.h"
#include "client/group_error.h"
#include "client/problems.h"
#include "log/segment_name.h"
#include "protocol/offset_fetch.h"

namespace moldau::client {
namespace {

// Kafka's wire has milliseconds in 32 bits.
constexpr std::chrono::milliseconds kLongestTimeout{std::numeric_limits<int32_t>::max()};
// It goes into every request to join, and into what is stored of the group.
constexpr size_t kMaxAssignorNameBytes = 249;

void CheckTime(Problems& problems, const char* name, std::chrono::milliseconds time, std::chrono::milliseconds least) {
  problems.Unless(least <= time && time <= kLongestTimeout, "%s is %d ms, must be %d to %d", name, time.count(),
                  least.count(), kLongestTimeout.count());
}

absl::Status Validate(const ConsumerOptions& options, Problems& problems) {
  problems.Unless(options.auto_offset_reset <= OffsetReset::kNone, "auto_offset_reset is %d, must be 0 to 2",
                  static_cast<int>(options.auto_offset_reset));
  problems.Unless(options.max_poll_bytes > 0, "max_poll_bytes is 0");
  problems.Unless(options.wait <= WaitStrategy::kSpin, "wait is %d, must be 0 to 2", static_cast<int>(options.wait));
  problems.Unless(options.auto_commit_interval.count() >= 0, "auto_commit_interval is %d ms, must be at least 0",
                  options.auto_commit_interval.count());
  CheckTime(problems, "session_timeout", options.session_timeout, std::chrono::milliseconds(1));
  CheckTime(problems, "heartbeat_interval", options.heartbeat_interval, std::chrono::milliseconds(1));
  CheckTime(problems, "max_poll_interval", options.max_poll_interval, std::chrono::milliseconds(1));
  problems.Unless(options.heartbeat_interval < options.session_timeout,
                  "heartbeat_interval is %d ms, must be less than session_timeout, %d ms",
                  options.heartbeat_interval.count(), options.session_timeout.count());
  return problems.status();
}

absl::Status ValidateSubscription(const ConsumerOptions& options) {
  Problems problems("consumer options");
  problems.Unless(!options.topics.empty() || !options.pattern.empty(), "topics are missing");
  problems.Unless(options.topics.empty() || options.pattern.empty(), "topics and pattern exclude each other");
  const std::set<std::string> distinct(options.topics.begin(), options.topics.end());
  problems.Unless(distinct.size() == options.topics.size(), "a topic is named twice");
  problems.Unless(options.group_instance_id.empty() || !options.group.empty(), "group_instance_id is for a group");
  problems.Unless(options.group_instance_id.empty() || log::ValidateTopicName(options.group_instance_id).ok(),
                  "group_instance_id has %d characters, must have 1 to %d of a topic's name",
                  options.group_instance_id.size(), log::kMaxTopicNameLength);
  problems.Unless(!options.assignors.empty() || options.group.empty(), "assignors are missing");
  return Validate(options, problems);
}

absl::StatusOr<std::shared_ptr<const Assignor>> Resolve(const AssignorChoice& choice) {
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<const Assignor> assignor, choice.Find());
  const size_t length = assignor->name().size();
  if (length >= 1 && length <= kMaxAssignorNameBytes) return assignor;
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInconsistentGroupProtocol,
                     "consumer options: the name of an assignor has %d bytes, must have 1 to %d", length,
                     kMaxAssignorNameBytes);
}

// The requests of the client are made of partitions in the order of their topics.
void AddToCommit(const TopicPartition& source, int64_t offset, protocol::OffsetCommitRequest& request) {
  if (request.topics.empty() || request.topics.back().name != source.topic) {
    request.topics.emplace_back().name = source.topic;
  }
  auto& partition = request.topics.back().partitions.emplace_back();
  partition.partition_index = source.partition;
  partition.committed_offset = offset;
}

}  // namespace

absl::Status ConsumerCore::Entry::status() const {
  if (core_.closed_.load(std::memory_order_seq_cst) && !is_nested()) return absl::CancelledError("consumer: closed");
  if (!entered_ && !is_nested()) return absl::FailedPreconditionError("consumer: in use by another thread");
  return core_.broker_->environment().CheckProcess();
}

absl::Status ConsumerCore::Entry::status_outside_callbacks() const {
  if (is_nested()) return absl::FailedPreconditionError("consumer: its own callback cannot do this");
  return status();
}

bool ConsumerCore::Entry::is_nested() const noexcept {
  return core_.callback_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

ConsumerCore::ConsumerCore(std::shared_ptr<broker::Core> broker, ConsumerOptions options)
    : broker_(std::move(broker)),
      options_(std::move(options)),
      readiness_(broker_->environment().executor(), [this](bool is_armed) {
        if (!membership_) return;
        is_armed ? membership_->StayInPoll() : membership_->LeavePoll();
      }) {
  next_auto_commit_ = DeadlineAfter(broker_->environment().clock(), options_.auto_commit_interval);
}

absl::StatusOr<std::shared_ptr<ConsumerCore>> ConsumerCore::Subscribe(std::shared_ptr<broker::Core> broker,
                                                                      ConsumerOptions options) {
  MOLDAU_RETURN_IF_ERROR(ValidateSubscription(options));
  MOLDAU_RETURN_IF_ERROR(broker->CheckOpen());
  std::shared_ptr<ConsumerCore> core(new ConsumerCore(std::move(broker), std::move(options)));
  for (const std::string& name : core->options_.topics) {
    MOLDAU_RETURN_IF_ERROR(core->broker_->FindTopic(name).status());
  }
  MOLDAU_ASSIGN_OR_RETURN(core->selection_, TopicSelection::Make(core->options_.topics, core->options_.pattern));
  if (core->options_.group.empty()) {
    MOLDAU_RETURN_IF_ERROR(core->AddNewPartitions(core->options_.auto_offset_reset));
    return core;
  }
  core->is_cooperative_ = true;
  for (const AssignorChoice& choice : core->options_.assignors) {
    MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<const Assignor> assignor, Resolve(choice));
    core->is_cooperative_ &= assignor->is_cooperative();
    core->assignors_.push_back(std::move(assignor));
  }
  core->selection_->Refresh(*core->broker_);
  for (const std::string& topic : core->selection_->topics()) core->known_topics_[topic] = core->LookUp(topic);
  core->membership_.emplace(core->broker_, core->options_, core->waker_);
  const Entry entry(*core);
  if (absl::Status joined = core->FollowGroup(); !joined.ok()) {
    core->membership_->Leave();
    return joined;
  }
  core->membership_->LeavePoll();
  return core;
}

absl::StatusOr<std::shared_ptr<ConsumerCore>> ConsumerCore::Assign(std::shared_ptr<broker::Core> broker,
                                                                   std::span<const TopicPartition> partitions,
                                                                   ConsumerOptions options) {
  Problems problems("consumer options");
  problems.Unless(!partitions.empty(), "partitions are missing");
  problems.Unless(options.topics.empty() && options.pattern.empty(), "topics are for Subscribe");
  const std::set<TopicPartition> distinct(partitions.begin(), partitions.end());
  problems.Unless(distinct.size() == partitions.size(), "a partition is named twice");
  MOLDAU_RETURN_IF_ERROR(Validate(options, problems));
  MOLDAU_RETURN_IF_ERROR(broker->CheckOpen());

  std::shared_ptr<ConsumerCore> core(new ConsumerCore(std::move(broker), std::move(options)));
  MOLDAU_RETURN_IF_ERROR(core->AddPartitions(partitions, core->options_.auto_offset_reset, IfUnreadable::kFail));
  return core;
}

// --- partitions ---

absl::Status ConsumerCore::AddNewPartitions(OffsetReset reset) {
  if (!selection_ || !selection_->Refresh(*broker_)) [[likely]]
    return absl::OkStatus();
  RemoveReplaced();
  for (const std::string& topic : selection_->topics()) {
    const KnownTopic now = LookUp(topic);
    if (now.partitions == 0) continue;
    KnownTopic& known = known_topics_[topic];
    if (known.id != now.id) known = {.id = now.id};
    std::vector<TopicPartition> added;
    for (int32_t id = known.partitions; id < now.partitions; ++id) {
      if (TopicPartition source{topic, id}; !index_.contains(source)) added.push_back(std::move(source));
    }
    MOLDAU_RETURN_IF_ERROR(AddPartitions(added, reset, IfUnreadable::kKeep));
    known.partitions = now.partitions;
  }
  return absl::OkStatus();
}

// A topic that is named is missed while it is gone, and its partitions say so; one that matches a pattern may go.
void ConsumerCore::RemoveReplaced() {
  const std::vector<std::string>& wanted = selection_->topics();
  std::vector<TopicPartition> over;
  for (const auto& [source, partition] : index_) {
    if (!partition->is_gone()) continue;
    const bool is_wanted = std::find(wanted.begin(), wanted.end(), source.topic) != wanted.end();
    if (!is_wanted || LookUp(source.topic).partitions > 0) over.push_back(source);
  }
  if (!over.empty()) Remove(over);
}

ConsumerCore::KnownTopic ConsumerCore::LookUp(const std::string& topic) const {
  const absl::StatusOr<std::shared_ptr<broker::TopicState>> state = broker_->FindTopic(topic);
  if (!state.ok()) return {};
  return {.id = (*state)->info().id, .partitions = (*state)->partition_count()};
}

absl::Status ConsumerCore::AddPartitions(std::span<const TopicPartition> sources, OffsetReset reset,
                                         IfUnreadable if_unreadable) {
  if (sources.empty()) return absl::OkStatus();
  std::vector<std::unique_ptr<ConsumerPartition>> added;
  for (const TopicPartition& source : sources) {
    MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::TopicState> topic, broker_->FindTopic(source.topic));
    MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::PartitionState> state, topic->partition(source.partition));
    added.push_back(std::make_unique<ConsumerPartition>(source, std::move(topic),
                                                        broker::Access::MakePartition(std::move(state)), options_));
  }
  // After the topics: what is committed for one that is deleted meanwhile must not be taken for its successor's.
  MOLDAU_ASSIGN_OR_RETURN(const auto committed, FetchCommitted(sources));
  for (const auto& partition : added) {
    const auto it = committed.find(partition->source());
    const absl::Status begun =
        partition->Begin(it == committed.end() ? std::nullopt : std::optional(it->second), reset);
    if (!begun.ok() && if_unreadable == IfUnreadable::kFail) return begun;
  }
  for (auto& partition : added) {
    index_.emplace(partition->source(), partition.get());
    partitions_.push_back(std::move(partition));
  }
  ++assignment_version_;
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

// Those without a commit are missing in the answer.
absl::StatusOr<std::map<TopicPartition, int64_t>> ConsumerCore::FetchCommitted(
    std::span<const TopicPartition> sources) {
  std::map<TopicPartition, int64_t> committed;
  if (options_.group.empty()) return committed;
  protocol::OffsetFetchRequest request;
  request.group_id = options_.group;
  for (const TopicPartition& source : sources) {
    if (request.topics->empty() || request.topics->back().name != source.topic) {
      request.topics->emplace_back().name = source.topic;
    }
    request.topics->back().partition_indexes.push_back(source.partition);
  }
  const protocol::OffsetFetchResponse response = broker_->groups().Fetch(request);
  if (response.error_code != ErrorCode::kNone) {
    MOLDAU_RETURN_IF_ERROR(broker_->CheckOpen());
    return GroupError(response.error_code, options_.group, "fetch of committed offsets");
  }
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.committed_offset < 0) continue;
      committed[{topic.name, partition.partition_index}] = partition.committed_offset;
    }
  }
  return committed;
}

absl::StatusOr<Receipt> ConsumerCore::SendCommit(protocol::OffsetCommitRequest request) {
  if (request.topics.empty()) return last_commit_;  // all is committed, but perhaps not durably yet
  MOLDAU_RETURN_IF_ERROR(broker_->CheckOpen());
  request.group_id = options_.group;
  if (membership_) {
    Membership::Identity identity = membership_->identity();
    // Without its place it must not be taken for somebody outside the group.
    if (identity.generation < 0) {
      return GroupError(membership_->ExplainRefusal(ErrorCode::kUnknownMemberId), options_.group, "commit");
    }
    request.generation_id = identity.generation;
    request.member_id = std::move(identity.member_id);
    if (!options_.group_instance_id.empty()) request.group_instance_id = options_.group_instance_id;
  }
  coordinator::GroupCoordinator::Commitment commitment = broker_->groups().Commit(request);
  for (const auto& topic : commitment.response.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::kNone) [[likely]]
        continue;
      MOLDAU_RETURN_IF_ERROR(broker_->CheckOpen());
      const ErrorCode error = membership_ ? membership_->ExplainRefusal(partition.error_code) : partition.error_code;
      return GroupError(error, options_.group,
                        absl::StrFormat("commit of %s-%d", topic.name, partition.partition_index));
    }
  }
  last_commit_ = std::move(commitment.receipt);
  return last_commit_;
}

absl::StatusOr<Receipt> ConsumerCore::CommitConfirmed() {
  protocol::OffsetCommitRequest request;
  for (const auto& partition : partitions_) {
    const std::optional<int64_t> offset = partition->Uncommitted();
    if (offset && !partition->is_gone()) AddToCommit(partition->source(), *offset, request);
  }
  absl::StatusOr<Receipt> receipt = SendCommit(std::move(request));
  if (!receipt.ok()) return receipt;
  for (const auto& partition : partitions_) {
    if (const std::optional<int64_t> offset = partition->Uncommitted()) partition->OnCommitted(*offset);
  }
  return receipt;
}

absl::StatusOr<Receipt> ConsumerCore::Commit() {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  for (const auto& partition : partitions_) partition->Confirm();
  return CommitConfirmed();
}

absl::StatusOr<Receipt> ConsumerCore::Commit(const Offsets& offsets) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  protocol::OffsetCommitRequest request;
  for (const auto& [source, offset] : offsets) {
    // All or nothing: whatever can be told beforehand is.
    const auto own = index_.find(source);
    if (own == index_.end()) {
      MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<broker::TopicState> topic, broker_->FindTopic(source.topic));
      MOLDAU_RETURN_IF_ERROR(topic->partition(source.partition).status());
    } else if (own->second->is_gone()) {
      return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                         "commit of %s-%d: the topic that it was read from has been deleted", source.topic,
                         source.partition);
    }
    if (offset < 0) {
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                         "commit of %s-%d: offset %d is negative", source.topic, source.partition, offset);
    }
    AddToCommit(source, offset, request);
  }
  absl::StatusOr<Receipt> receipt = SendCommit(std::move(request));
  if (!receipt.ok()) return receipt;
  for (const auto& [source, offset] : offsets) {
    if (const auto it = index_.find(source); it != index_.end()) it->second->OnCommitted(offset);
  }
  return receipt;
}

// Nobody waits for it. If it fails the next one tries again; what was read is read again at worst.
void ConsumerCore::AutoCommit() {
  if (!options_.enable_auto_commit || options_.group.empty()) return;
  const absl::StatusOr<Receipt> receipt = CommitConfirmed();
  if (receipt.ok() || GetErrorCode(receipt.status()) == ErrorCode::kRebalanceInProgress) return;
  broker_->environment().logger().Warning("consumer.auto_commit", "group %s: automatic commit failed: %s",
                                          options_.group, receipt.status().message());
}

absl::StatusOr<std::optional<int64_t>> ConsumerCore::Committed(const TopicPartition& partition) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_RETURN_IF_ERROR(CheckGroup());
  MOLDAU_ASSIGN_OR_RETURN(const auto committed, FetchCommitted(std::span(&partition, 1)));
  if (committed.empty()) return std::nullopt;
  return committed.begin()->second;
}

// --- the end ---

absl::Status ConsumerCore::Close(bool confirm) {
  if (callback_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    return absl::FailedPreconditionError("consumer: its own callback cannot close it");
  }
  closed_.store(true, std::memory_order_seq_cst);
  event_.Wake();
  readiness_.Close();
  for (;;) {
    const Entry entry(*this);
    if (entry.entered()) return FinishClose(confirm);
    if (user_.load(std::memory_order_seq_cst) == std::this_thread::get_id()) {
      // Called by a task that the executor runs on this thread while a call further down waits: it would wait for this.
      if (waits_ || has_left_) return FinishClose(confirm);
      return absl::FailedPreconditionError("consumer: in use by the thread that closes it");
    }
    const auto is_free = [this] { return user_.load(std::memory_order_seq_cst) == std::thread::id(); };
    broker_->environment().executor().WaitUntil(left_, is_free, kForever);
  }
}

absl::Status ConsumerCore::FinishClose(bool confirm) {
  if (std::exchange(has_left_, true)) return close_status_;
  DropIdleWatch();
  if (options_.enable_auto_commit && !options_.group.empty()) {
    if (confirm) {
      for (const auto& partition : partitions_) partition->Confirm();
    }
    const absl::StatusOr<Receipt> receipt = CommitConfirmed();
    close_status_ = receipt.ok() ? receipt->Wait() : receipt.status();
  }
  if (membership_) {
    // What a callback refers to may have gone when a consumer is only destroyed.
    if (confirm && membership_->KeepsPlace()) {
      Call("on_revoked", options_.on_revoked, Sources());
    } else if (confirm) {
      Lose(Sources());
    }
    close_status_.Update(callback_problem_);
    membership_->Leave();
  }
  return close_status_;
}

}  // namespace moldau::client
