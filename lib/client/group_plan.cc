#include "client/group_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/contained.h"
#include "base/named_bug.h"
#include "base/status_builder.h"
#include "protocol/consumer_protocol.h"

namespace moldau::client {
namespace {

using protocol::ConsumerProtocolPartitions;
using protocol::JoinGroupResponse;

std::vector<ConsumerProtocolPartitions> ByTopic(std::vector<TopicPartition> partitions) {
  std::sort(partitions.begin(), partitions.end());
  std::vector<ConsumerProtocolPartitions> topics;
  for (TopicPartition& partition : partitions) {
    if (topics.empty() || topics.back().topic != partition.topic) topics.emplace_back().topic = partition.topic;
    topics.back().partitions.push_back(partition.partition);
  }
  return topics;
}

std::vector<TopicPartition> Flatten(const std::vector<ConsumerProtocolPartitions>& topics) {
  std::vector<TopicPartition> partitions;
  for (const ConsumerProtocolPartitions& topic : topics) {
    for (const int32_t id : topic.partitions) partitions.push_back({topic.topic, id});
  }
  return partitions;
}

GroupSubscription SubscriptionOf(const JoinGroupResponse::Member& member) {
  GroupSubscription subscription{.member_id = member.member_id, .instance_id = member.group_instance_id};
  absl::StatusOr<protocol::ConsumerProtocolSubscription> said = protocol::DecodeSubscription(member.metadata);
  if (!said.ok()) return subscription;
  subscription.topics = std::move(said->topics);
  std::sort(subscription.topics.begin(), subscription.topics.end());
  subscription.topics.erase(std::unique(subscription.topics.begin(), subscription.topics.end()),
                            subscription.topics.end());
  subscription.owned = Flatten(said->owned_partitions);
  subscription.generation = said->generation_id;
  subscription.user_data = said->user_data.value_or("");
  return subscription;
}

std::vector<GroupSubscription> SubscriptionsOf(const std::vector<JoinGroupResponse::Member>& members) {
  std::vector<GroupSubscription> subscriptions;
  subscriptions.reserve(members.size());
  for (const JoinGroupResponse::Member& member : members) subscriptions.push_back(SubscriptionOf(member));
  std::sort(subscriptions.begin(), subscriptions.end(),
            [](const auto& a, const auto& b) { return a.member_id < b.member_id; });
  return subscriptions;
}

PartitionCounts CountAll(const std::vector<GroupSubscription>& members, CountPartitions count) {
  PartitionCounts counts;
  for (const GroupSubscription& member : members) {
    for (const std::string& topic : member.topics) {
      if (!counts.contains(topic)) counts.emplace(topic, count(topic));
    }
  }
  return counts;
}

// The host's code: what it throws must not leave the group waiting for this member.
absl::Status CallContained(const Assignor& assignor, const char* name, absl::FunctionRef<void()> call) {
  const std::optional<std::string> thrown = base::WhatIsThrownBy(call);
  if (!thrown) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInternal, "assignor %s: %s threw: %s", assignor.name(), name, *thrown);
}

// A mistake of the assignor; it must not become two owners of a partition.
absl::Status CheckAssignment(const Assignor& assignor, const GroupAssignment& assignment,
                             const std::vector<GroupSubscription>& members, const PartitionCounts& counts) {
  std::set<TopicPartition> given;
  for (const auto& [id, partitions] : assignment) {
    const char* mistake = nullptr;
    if (std::none_of(members.begin(), members.end(), [&id = id](const auto& m) { return m.member_id == id; })) {
      mistake = "is no member";
    }
    for (const TopicPartition& partition : partitions) {
      const auto topic = counts.find(partition.topic);
      if (topic == counts.end() || partition.partition < 0 || partition.partition >= topic->second) {
        mistake = "gets a partition that does not exist";
      } else if (!given.insert(partition).second) {
        mistake = "gets a partition that another one has got";
      }
      if (mistake == nullptr) continue;
      return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInconsistentGroupProtocol,
                         "assignor %s: %s %s: %s-%d", assignor.name(), id, mistake, partition.topic,
                         partition.partition);
    }
  }
  return absl::OkStatus();
}

// Nobody gets what another member still has: its owner finds that it is to give it up, does so, and the group
// rebalances once more.
void WithholdOwned(const std::vector<GroupSubscription>& members, GroupAssignment& assignment) {
  if (MOLDAU_NAMED_BUG(M21)) return;
  std::map<TopicPartition, std::map<std::string, int32_t>> claims;  // by whom, and since which generation
  for (const GroupSubscription& member : members) {
    for (const TopicPartition& partition : member.owned) claims[partition][member.member_id] = member.generation;
  }
  for (auto& [id, partitions] : assignment) {
    std::erase_if(partitions, [&, &id = id](const TopicPartition& partition) {
      const auto claimed = claims.find(partition);
      if (claimed == claims.end()) return false;
      const auto own = claimed->second.find(id);
      return std::any_of(claimed->second.begin(), claimed->second.end(), [&](const auto& claim) {
        return claim.first != id && (own == claimed->second.end() || claim.second >= own->second);
      });
    });
  }
}

}  // namespace

absl::StatusOr<GroupPlan> PlanGroup(const Assignor& assignor, const std::vector<JoinGroupResponse::Member>& members,
                                    CountPartitions count) {
  const std::vector<GroupSubscription> subscriptions = SubscriptionsOf(members);
  GroupPlan plan;
  plan.counts = CountAll(subscriptions, count);
  PartitionCounts existing = plan.counts;
  std::erase_if(existing, [](const auto& topic) { return topic.second == 0; });
  GroupAssignment assignment;
  MOLDAU_RETURN_IF_ERROR(
      CallContained(assignor, "Assign", [&] { assignment = assignor.Assign(subscriptions, existing); }));
  MOLDAU_RETURN_IF_ERROR(CheckAssignment(assignor, assignment, subscriptions, existing));
  if (assignor.is_cooperative()) WithholdOwned(subscriptions, assignment);
  for (const GroupSubscription& member : subscriptions) {
    MOLDAU_ASSIGN_OR_RETURN(std::string bytes, EncodePartitions(assignment[member.member_id]));
    plan.assignments.push_back({.member_id = member.member_id, .assignment = std::move(bytes)});
  }
  return plan;
}

PartitionCounts CountTopics(const std::vector<JoinGroupResponse::Member>& members, CountPartitions count) {
  return CountAll(SubscriptionsOf(members), count);
}

bool AreSharedOut(const PartitionCounts& counts, const std::vector<std::string>& assignments) {
  std::set<TopicPartition> missing;
  for (const auto& [topic, count] : counts) {
    for (int32_t id = 0; id < count; ++id) missing.insert({topic, id});
  }
  for (const std::string& assignment : assignments) {
    const absl::StatusOr<std::vector<TopicPartition>> partitions = DecodePartitions(assignment);
    if (!partitions.ok()) continue;
    for (const TopicPartition& partition : *partitions) missing.erase(partition);
  }
  return missing.empty();
}

absl::StatusOr<std::string> EncodePartitions(const std::vector<TopicPartition>& partitions) {
  protocol::ConsumerProtocolAssignment assignment;
  assignment.assigned_partitions = ByTopic(partitions);
  return protocol::EncodeAssignment(assignment);
}

absl::StatusOr<std::vector<TopicPartition>> DecodePartitions(const std::string& assignment) {
  if (assignment.empty()) return std::vector<TopicPartition>();  // the leader knew nothing of this member
  absl::StatusOr<protocol::ConsumerProtocolAssignment> decoded = protocol::DecodeAssignment(assignment);
  if (!decoded.ok()) return std::move(decoded).status();
  return Flatten(decoded->assigned_partitions);
}

absl::StatusOr<std::string> EncodeOffer(const Assignor& assignor, const std::vector<std::string>& topics,
                                        const std::vector<TopicPartition>& owned, int32_t generation) {
  protocol::ConsumerProtocolSubscription subscription;
  subscription.topics = topics;
  std::string user_data;
  MOLDAU_RETURN_IF_ERROR(
      CallContained(assignor, "UserData", [&] { user_data = assignor.UserData(owned, generation); }));
  if (!user_data.empty()) subscription.user_data = std::move(user_data);
  subscription.owned_partitions = ByTopic(owned);
  subscription.generation_id = generation;
  return protocol::EncodeSubscription(subscription);
}

}  // namespace moldau::client
