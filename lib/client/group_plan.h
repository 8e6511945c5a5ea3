// What the leader of a group does for all its members: decides who gets which partitions.
//
// Threads: safe.   Ownership: values.   Failure: as documented.   Source: Kafka's ConsumerProtocol; KIP-429.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "moldau/assignor.h"
#include "protocol/join_group.h"
#include "protocol/sync_group.h"

namespace moldau::client {

// How many partitions a topic has; 0 if it does not exist.
using CountPartitions = absl::FunctionRef<int32_t(const std::string& topic)>;

struct GroupPlan {
  std::vector<protocol::SyncGroupRequest::Assignment> assignments;  // of every member
  PartitionCounts counts;  // what it was made from, topics that do not exist too; when it changes it is out of date
};

// A member whose subscription cannot be read gets nothing. FailedPrecondition (kInconsistentGroupProtocol) if the
// assignor gives a partition twice, to a stranger, or one that does not exist; Internal if it throws.
[[nodiscard]] absl::StatusOr<GroupPlan> PlanGroup(const Assignor& assignor,
                                                  const std::vector<protocol::JoinGroupResponse::Member>& members,
                                                  CountPartitions count);

// The counts alone.
[[nodiscard]] PartitionCounts CountTopics(const std::vector<protocol::JoinGroupResponse::Member>& members,
                                          CountPartitions count);

// Whether each of these partitions is in one of the assignments. What cannot be read has none.
[[nodiscard]] bool AreSharedOut(const PartitionCounts& counts, const std::vector<std::string>& assignments);

// ConsumerProtocol's bytes. Internal if the assignor throws.
[[nodiscard]] absl::StatusOr<std::string> EncodePartitions(const std::vector<TopicPartition>& partitions);
[[nodiscard]] absl::StatusOr<std::vector<TopicPartition>> DecodePartitions(const std::string& assignment);
[[nodiscard]] absl::StatusOr<std::string> EncodeOffer(const Assignor& assignor, const std::vector<std::string>& topics,
                                                      const std::vector<TopicPartition>& owned, int32_t generation);

}  // namespace moldau::client
