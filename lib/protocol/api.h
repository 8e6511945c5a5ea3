// The requests that exist, and in which versions: one table for the codec, for a server's ApiVersions answer and for a
// client's choice of a version. What is not in the table is not spoken: transactions, KIP-848, share groups and SASL
// have their keys reserved by Kafka and are added here when they come.
//
// Threads: constants.   Ownership: none.   Failure: none.
// Source: Kafka protocol guide, API keys; KIP-482 for flexible versions; KIP-511 for the headers of ApiVersions.
#pragma once

#include <cstdint>
#include <limits>

namespace moldau::protocol {

enum class ApiKey : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kLeaveGroup = 13,
  kSyncGroup = 14,
  kDescribeGroups = 15,
  kListGroups = 16,
  kApiVersions = 18,
  kCreateTopics = 19,
  kDeleteTopics = 20,
  kDeleteRecords = 21,
  kInitProducerId = 22,
  kOffsetForLeaderEpoch = 23,
  kDescribeConfigs = 32,
  kAlterConfigs = 33,
  kDescribeLogDirs = 35,
  kCreatePartitions = 37,
  kDeleteGroups = 42,
  kIncrementalAlterConfigs = 44,
  kOffsetDelete = 47,
  kDescribeCluster = 60,
};

inline constexpr int16_t kNeverFlexible = std::numeric_limits<int16_t>::max();

struct Api {
  ApiKey key;
  const char* name;
  // What is encoded and decoded, both included.
  int16_t min_version;
  int16_t max_version;
  // From this version on: compact lengths, and tagged fields after each struct.
  int16_t first_flexible_version;
  // The lowest version that ApiVersions names. It is below min_version for Produce alone: older librdkafka sends
  // batches uncompressed to whoever does not name version 0, which nobody sends any more.
  int16_t advertised_min_version = min_version;

  [[nodiscard]] constexpr bool Supports(int16_t version) const noexcept {
    return min_version <= version && version <= max_version;
  }
  [[nodiscard]] constexpr bool IsFlexible(int16_t version) const noexcept { return version >= first_flexible_version; }
};

inline constexpr Api kApis[] = {
    {ApiKey::kProduce, "Produce", 3, 9, 9, 0},
    {ApiKey::kFetch, "Fetch", 4, 12, 12},
    {ApiKey::kListOffsets, "ListOffsets", 1, 7, 6},
    {ApiKey::kMetadata, "Metadata", 0, 12, 9},
    {ApiKey::kOffsetCommit, "OffsetCommit", 2, 8, 8},
    {ApiKey::kOffsetFetch, "OffsetFetch", 1, 8, 6},
    {ApiKey::kFindCoordinator, "FindCoordinator", 0, 4, 3},
    {ApiKey::kJoinGroup, "JoinGroup", 0, 9, 6},
    {ApiKey::kHeartbeat, "Heartbeat", 0, 4, 4},
    {ApiKey::kLeaveGroup, "LeaveGroup", 0, 5, 4},
    {ApiKey::kSyncGroup, "SyncGroup", 0, 5, 4},
    {ApiKey::kDescribeGroups, "DescribeGroups", 0, 5, 5},
    {ApiKey::kListGroups, "ListGroups", 0, 5, 3},
    {ApiKey::kApiVersions, "ApiVersions", 0, 4, 3},
    {ApiKey::kCreateTopics, "CreateTopics", 2, 7, 5},
    {ApiKey::kDeleteTopics, "DeleteTopics", 1, 6, 4},
    {ApiKey::kDeleteRecords, "DeleteRecords", 0, 2, 2},
    {ApiKey::kInitProducerId, "InitProducerId", 0, 4, 2},
    {ApiKey::kOffsetForLeaderEpoch, "OffsetForLeaderEpoch", 2, 4, 4},
    {ApiKey::kDescribeConfigs, "DescribeConfigs", 1, 4, 4},
    {ApiKey::kAlterConfigs, "AlterConfigs", 0, 2, 2},
    {ApiKey::kDescribeLogDirs, "DescribeLogDirs", 1, 4, 2},
    {ApiKey::kCreatePartitions, "CreatePartitions", 0, 3, 2},
    {ApiKey::kDeleteGroups, "DeleteGroups", 0, 2, 2},
    {ApiKey::kIncrementalAlterConfigs, "IncrementalAlterConfigs", 0, 1, 1},
    {ApiKey::kOffsetDelete, "OffsetDelete", 0, 0, kNeverFlexible},
    {ApiKey::kDescribeCluster, "DescribeCluster", 0, 1, 0},
};

// Null for a key that is not spoken.
[[nodiscard]] constexpr const Api* FindApi(int16_t key) noexcept {
  for (const Api& api : kApis) {
    if (static_cast<int16_t>(api.key) == key) return &api;
  }
  return nullptr;
}

[[nodiscard]] constexpr const Api& ApiOf(ApiKey key) noexcept { return *FindApi(static_cast<int16_t>(key)); }

}  // namespace moldau::protocol
