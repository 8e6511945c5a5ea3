// The records of the metadata log: what was decided about topics and producer ids, one record per decision, in the
// encoding of Apache Kafka's own metadata log, so that its tools can read ours.
//
//   value = frame version (1) | record type | record version, all unsigned varints | the fields
//
// Threads: plain values and pure functions.   Ownership: values.
// Failure: decoding answers DataLoss for bytes that are no record, FailedPrecondition for a type or version of the
// future. Source: Kafka's metadata message definitions (TopicRecord, PartitionRecord, ConfigRecord, RemoveTopicRecord,
// ProducerIdsRecord).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "moldau/types.h"

namespace moldau::metadata {

struct TopicRecord {
  std::string name;
  Uuid id;

  friend bool operator==(const TopicRecord&, const TopicRecord&) = default;
};

struct PartitionRecord {
  int32_t partition = 0;
  Uuid topic_id;
  std::vector<int32_t> replicas;          // node ids, the preferred leader first
  std::vector<int32_t> in_sync_replicas;  // node ids
  int32_t leader = -1;
  int32_t leader_epoch = 0;
  int32_t partition_epoch = 0;    // rises with each change of the partition
  std::vector<Uuid> directories;  // the data directory of each replica

  friend bool operator==(const PartitionRecord&, const PartitionRecord&) = default;
};

// Sets one configuration of a topic, or takes it back.
struct ConfigRecord {
  std::string topic;
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const ConfigRecord&, const ConfigRecord&) = default;
};

// Removes a topic with its partitions and its configuration.
struct RemoveTopicRecord {
  Uuid topic_id;

  friend bool operator==(const RemoveTopicRecord&, const RemoveTopicRecord&) = default;
};

// Takes a block of producer ids: all below `next_producer_id` are given away.
struct ProducerIdsRecord {
  int32_t node = -1;
  int64_t node_epoch = -1;
  int64_t next_producer_id = 0;

  friend bool operator==(const ProducerIdsRecord&, const ProducerIdsRecord&) = default;
};

using MetadataRecord = std::variant<TopicRecord, PartitionRecord, ConfigRecord, RemoveTopicRecord, ProducerIdsRecord>;

[[nodiscard]] std::string EncodeMetadataRecord(const MetadataRecord& record);
[[nodiscard]] absl::StatusOr<MetadataRecord> DecodeMetadataRecord(std::string_view value);

}  // namespace moldau::metadata
