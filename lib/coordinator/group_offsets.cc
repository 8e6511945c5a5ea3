// How far groups have come: commits by those who may, and what expires.
#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "coordinator/coordinator_error.h"
#include "coordinator/group_slot.h"
#include "protocol/consumer_protocol.h"

namespace moldau::coordinator {
namespace {

using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;
using protocol::OffsetDeleteRequest;
using protocol::OffsetDeleteResponse;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;

std::vector<OffsetToCommit> OffsetsOf(const OffsetCommitRequest& request) {
  std::vector<OffsetToCommit> offsets;
  size_t count = 0;
  for (const auto& topic : request.topics) count += topic.partitions.size();
  offsets.reserve(count);
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      offsets.push_back({.topic = topic.name,
                         .partition = partition.partition_index,
                         .offset = partition.committed_offset,
                         .leader_epoch = partition.committed_leader_epoch});
      if (partition.committed_metadata) offsets.back().metadata = *partition.committed_metadata;
    }
  }
  return offsets;
}

// The same answer for every partition.
OffsetCommitResponse AnswerAll(const OffsetCommitRequest& request, ErrorCode error) {
  OffsetCommitResponse response;
  response.topics.reserve(request.topics.size());
  for (const auto& topic : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    answer.partitions.reserve(topic.partitions.size());
    for (const auto& partition : topic.partitions) {
      answer.partitions.push_back({.partition_index = partition.partition_index, .error_code = error});
    }
  }
  return response;
}

// Answers those that cannot be committed, and leaves the others in `offsets`, which has those that are not answered
// yet. False if there are none.
bool TakeOutBad(OffsetStore& store, std::string_view group, std::vector<OffsetToCommit>& offsets,
                OffsetCommitResponse& response) {
  std::vector<OffsetToCommit> good;
  size_t next = 0;
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code != ErrorCode::kNone) continue;
      const OffsetToCommit& one = offsets[next++];
      const absl::Status status = store.Check(group, {&one, 1});
      partition.error_code = status.ok() ? ErrorCode::kNone : CodeForClients(status);
      if (status.ok()) good.push_back(one);
    }
  }
  const bool any = good.size() < offsets.size();
  offsets = std::move(good);
  return any;
}

bool IsSubscribedTo(const GroupMember& member, std::string_view protocol, std::string_view topic) {
  const auto subscription = protocol::DecodeSubscription(member.MetadataFor(protocol));
  if (!subscription.ok()) return true;  // nobody knows
  return std::find(subscription->topics.begin(), subscription->topics.end(), topic) != subscription->topics.end();
}

bool HasReaderOf(const Group& group, std::string_view topic) {
  return std::any_of(group.members().begin(), group.members().end(), [&](const auto& member) {
    return IsSubscribedTo(member.second, group.protocol_name().value_or(""), topic);
  });
}

}  // namespace

GroupCoordinator::Commitment GroupCoordinator::Commit(const OffsetCommitRequest& request) {
  ErrorCode error = ErrorCode::kNone;
  const bool from_nobody = request.generation_id < 0 && request.member_id.empty();
  const SlotPtr slot = Find(request.group_id, from_nobody ? IfMissing::kCreate : IfMissing::kFail, error);
  if (slot == nullptr) {
    if (error == ErrorCode::kGroupIdNotFound) error = ErrorCode::kIllegalGeneration;
    return {AnswerAll(request, error), Receipt()};
  }
  std::vector<OffsetToCommit> offsets = OffsetsOf(request);
  Commitment commitment{AnswerAll(request, ErrorCode::kNone), Receipt()};
  // Checked and appended under one lock: a commit of an old generation never comes after one of the next.
  base::MutexLock lock(slot->mutex);
  error = slot->group.CheckCommit(request.generation_id, request.member_id, request.group_instance_id,
                                  executor_.clock().Now());
  if (error != ErrorCode::kNone) return {AnswerAll(request, error), Receipt()};
  absl::StatusOr<Receipt> receipt = store_.Commit(request.group_id, offsets, CalendarNow());
  while (!receipt.ok() && TakeOutBad(store_, request.group_id, offsets, commitment.response)) {
    receipt = store_.Commit(request.group_id, offsets, CalendarNow());
  }
  if (!receipt.ok()) return {AnswerAll(request, CodeForClients(receipt.status())), Receipt()};
  commitment.receipt = *std::move(receipt);
  return commitment;
}

OffsetFetchResponse GroupCoordinator::Fetch(const OffsetFetchRequest& request) {
  OffsetFetchResponse response;
  if (request.groups.empty()) {
    response.topics = FetchTopics(request.group_id, request.topics, response.error_code);
    return response;
  }
  for (const auto& group : request.groups) {
    auto& answer = response.groups.emplace_back();
    answer.group_id = group.group_id;
    answer.topics = FetchTopics(group.group_id, group.topics, answer.error_code);
  }
  return response;
}

std::vector<OffsetFetchResponse::Topic> GroupCoordinator::FetchTopics(
    std::string_view group, const std::optional<std::vector<OffsetFetchRequest::Topic>>& topics, ErrorCode& error) {
  std::vector<OffsetFetchResponse::Topic> answer;
  const auto add = [&](const CommittedOffset& committed, int32_t partition) {
    answer.back().partitions.push_back({.partition_index = partition,
                                        .committed_offset = committed.offset,
                                        .committed_leader_epoch = committed.leader_epoch,
                                        .metadata = committed.metadata});
  };
  const absl::StatusOr<CommittedOffsets> all = store_.FetchAll(group);
  if (!all.ok()) {
    error = CodeForClients(all.status());
    return answer;
  }
  if (!topics) {
    for (const auto& [source, committed] : *all) {
      if (answer.empty() || answer.back().name != source.topic) answer.emplace_back().name = source.topic;
      add(committed, source.partition);
    }
    return answer;
  }
  for (const auto& topic : *topics) {
    answer.emplace_back().name = topic.name;
    for (const int32_t partition : topic.partition_indexes) {
      const auto found = all->find({topic.name, partition});
      add(found == all->end() ? CommittedOffset() : found->second, partition);
    }
  }
  return answer;
}

OffsetDeleteResponse GroupCoordinator::DeleteOffsets(const OffsetDeleteRequest& request) {
  OffsetDeleteResponse response;
  const SlotPtr slot = Find(request.group_id, IfMissing::kCreate, response.error_code);
  if (slot == nullptr) return response;
  std::vector<TopicPartition> forgotten;
  base::MutexLock lock(slot->mutex);
  for (const auto& topic : request.topics) {
    const ErrorCode error =
        HasReaderOf(slot->group, topic.name) ? ErrorCode::kGroupSubscribedToTopic : ErrorCode::kNone;
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    for (const auto& partition : topic.partitions) {
      answer.partitions.push_back({.partition_index = partition.partition_index, .error_code = error});
      if (error == ErrorCode::kNone) forgotten.push_back({topic.name, partition.partition_index});
    }
  }
  if (const absl::Status status = store_.Forget(request.group_id, forgotten); !status.ok()) {
    response.topics.clear();
    response.error_code = CodeForClients(status);
  }
  return response;
}

// --- retention ---

absl::Status GroupCoordinator::ExpireOffsets() {
  MOLDAU_ASSIGN_OR_RETURN(std::vector<std::string> groups, store_.ListGroups());
  {
    base::MutexLock lock(mutex_);
    for (const auto& [id, slot] : slots_) groups.push_back(id);  // also those of which nothing is stored
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  const Timestamp before = CalendarNow() - options_.offsets_retention;
  absl::Status first;
  for (const std::string& id : groups) {
    ErrorCode error = ErrorCode::kNone;
    if (const SlotPtr slot = Find(id, IfMissing::kCreate, error)) first.Update(ExpireOffsetsOf(slot, before));
  }
  return first;
}

absl::Status GroupCoordinator::ExpireOffsetsOf(const SlotPtr& slot, Timestamp before) {
  Replies nobody;  // waits for an empty group
  {
    base::MutexLock lock(slot->mutex);
    Group& group = slot->group;
    if (group.state() == GroupState::kDead || !group.is_vacant()) return absl::OkStatus();
    // Counted from the moment the last member left; of a group that never had one, from each commit.
    const bool had_members = group.generation() > 0;
    if (!had_members || group.state_since() <= before) MOLDAU_RETURN_IF_ERROR(store_.Expire(group.id(), before));
    MOLDAU_ASSIGN_OR_RETURN(const CommittedOffsets left, store_.FetchAll(group.id()));
    if (!left.empty() && had_members) return absl::OkStatus();
    if (left.empty()) {
      const absl::Status deleted = store_.DeleteGroup(group.id());
      if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
    }
    group.Kill(ErrorCode::kCoordinatorNotAvailable, nobody);
  }
  Erase(slot);
  return absl::OkStatus();
}

}  // namespace moldau::coordinator
