// Every message that the codec knows, for tests that hold for all of them.
#pragma once

#include <string>
#include <tuple>

#include "protocol/alter_configs.h"
#include "protocol/api_versions.h"
#include "protocol/consumer_protocol.h"
#include "protocol/create_partitions.h"
#include "protocol/create_topics.h"
#include "protocol/delete_groups.h"
#include "protocol/delete_records.h"
#include "protocol/delete_topics.h"
#include "protocol/describe_cluster.h"
#include "protocol/describe_configs.h"
#include "protocol/describe_groups.h"
#include "protocol/describe_log_dirs.h"
#include "protocol/fetch.h"
#include "protocol/find_coordinator.h"
#include "protocol/heartbeat.h"
#include "protocol/incremental_alter_configs.h"
#include "protocol/init_producer_id.h"
#include "protocol/join_group.h"
#include "protocol/leave_group.h"
#include "protocol/list_groups.h"
#include "protocol/list_offsets.h"
#include "protocol/metadata.h"
#include "protocol/offset_commit.h"
#include "protocol/offset_delete.h"
#include "protocol/offset_fetch.h"
#include "protocol/offset_for_leader_epoch.h"
#include "protocol/produce.h"
#include "protocol/sync_group.h"

namespace moldau::protocol::test {

using Messages =
    std::tuple<AlterConfigsRequest, AlterConfigsResponse, ApiVersionsRequest, ApiVersionsResponse,
               CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
               DeleteGroupsRequest, DeleteGroupsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
               DeleteTopicsRequest, DeleteTopicsResponse, DescribeClusterRequest, DescribeClusterResponse,
               DescribeConfigsRequest, DescribeConfigsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
               DescribeLogDirsRequest, DescribeLogDirsResponse, FetchRequest, FetchResponse, FindCoordinatorRequest,
               FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, IncrementalAlterConfigsRequest,
               IncrementalAlterConfigsResponse, InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest,
               JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse,
               ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetCommitRequest,
               OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse,
               OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse,
               SyncGroupRequest, SyncGroupResponse>;

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
