// Every message that the codec knows, for tests that hold for all of them.
#pragma once

#include <string>
#include <tuple>

#include "protocol/consumer_protocol.h"
#include "protocol/delete_groups.h"
#include "protocol/describe_groups.h"
#include "protocol/find_coordinator.h"
#include "protocol/heartbeat.h"
#include "protocol/join_group.h"
#include "protocol/leave_group.h"
#include "protocol/list_groups.h"
#include "protocol/offset_commit.h"
#include "protocol/offset_delete.h"
#include "protocol/offset_fetch.h"
#include "protocol/sync_group.h"

namespace moldau::protocol::test {

using Messages =
    std::tuple<DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
               FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest,
               JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse,
               OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
               OffsetFetchResponse, SyncGroupRequest, SyncGroupResponse>;

// Calls `visit` with a default value of each message.
template <typename Visit>
void ForEachMessage(Visit visit) {
  std::apply([&](const auto&... messages) { (visit(messages), ...); }, Messages{});
}

// As Kafka names it: "JoinGroupRequest".
inline std::string NameOf(const Schema& schema) {
  std::string kind = schema.kind;
  kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  return schema.name + kind;
}

}  // namespace moldau::protocol::test
