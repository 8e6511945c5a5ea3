// Brokers, topics and who leads their partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "moldau/types.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/values.h"

namespace moldau::protocol {

struct MetadataRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kMetadata);

  struct Topic {
    Uuid topic_id;
    std::optional<std::string> name = "";  // null: the topic is named by its id

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic_id", &M::topic_id, Since(10).Ignorable());
      v.Field("name", &M::name, Since(0).NullableSince(10));
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};  // null: all; version 0 takes none for all
  bool allow_auto_topic_creation = true;                            // before version 4 always
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = MetadataRequest;
    v.Field("topics", &M::topics, Since(0).NullableSince(1));
    v.Field("allow_auto_topic_creation", &M::allow_auto_topic_creation, Since(4));
    v.Field("include_cluster_authorized_operations", &M::include_cluster_authorized_operations, Between(8, 10));
    v.Field("include_topic_authorized_operations", &M::include_topic_authorized_operations, Since(8));
  }
  friend bool operator==(const MetadataRequest&, const MetadataRequest&) = default;
};

struct MetadataResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kMetadata);

  struct Broker {
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Broker;
      v.Field("node_id", &M::node_id);
      v.Field("host", &M::host);
      v.Field("port", &M::port);
      v.Field("rack", &M::rack, Since(1).Ignorable());
    }
    friend bool operator==(const Broker&, const Broker&) = default;
  };

  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    int32_t partition_index = 0;
    int32_t leader_id = 0;
    int32_t leader_epoch = -1;
    std::vector<int32_t> replica_nodes;
    std::vector<int32_t> isr_nodes;
    std::vector<int32_t> offline_replicas;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("error_code", &M::error_code);
      v.Field("partition_index", &M::partition_index);
      v.Field("leader_id", &M::leader_id);
      v.Field("leader_epoch", &M::leader_epoch, Since(7).Ignorable());
      v.Field("replica_nodes", &M::replica_nodes);
      v.Field("isr_nodes", &M::isr_nodes);
      v.Field("offline_replicas", &M::offline_replicas, Since(5).Ignorable());
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> name = "";
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    int32_t topic_authorized_operations = kOperationsNotAskedFor;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("error_code", &M::error_code);
      v.Field("name", &M::name, Since(0).NullableSince(12));
      v.Field("topic_id", &M::topic_id, Since(10).Ignorable());
      v.Field("is_internal", &M::is_internal, Since(1).Ignorable());
      v.Field("partitions", &M::partitions);
      v.Field("topic_authorized_operations", &M::topic_authorized_operations, Since(8));
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  int32_t controller_id = -1;
  std::vector<Topic> topics;
  int32_t cluster_authorized_operations = kOperationsNotAskedFor;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = MetadataResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(3).Ignorable());
    v.Field("brokers", &M::brokers);
    v.Field("cluster_id", &M::cluster_id, Since(2).Ignorable());
    v.Field("controller_id", &M::controller_id, Since(1).Ignorable());
    v.Field("topics", &M::topics);
    v.Field("cluster_authorized_operations", &M::cluster_authorized_operations, Between(8, 10));
  }
  friend bool operator==(const MetadataResponse&, const MetadataResponse&) = default;
};

}  // namespace moldau::protocol
