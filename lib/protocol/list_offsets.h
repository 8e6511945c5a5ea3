// The offset of the first record that is not older than a time, or of an end of the log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/values.h"

namespace moldau::protocol {

struct ListOffsetsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kListOffsets);

  struct Partition {
    int32_t partition_index = 0;
    int32_t current_leader_epoch = -1;  // that the client knows; another is refused
    int64_t timestamp = 0;              // or kLatestTimestamp and its like

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("current_leader_epoch", &M::current_leader_epoch, Since(4).Ignorable());
      v.Field("timestamp", &M::timestamp);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t replica_id = -1;  // of a follower
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ListOffsetsRequest;
    v.Field("replica_id", &M::replica_id);
    v.Field("isolation_level", &M::isolation_level, Since(2));
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const ListOffsetsRequest&, const ListOffsetsRequest&) = default;
};

struct ListOffsetsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kListOffsets);

  struct Partition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int64_t timestamp = -1;  // -1 with offset -1: there is no such record
    int64_t offset = -1;
    int32_t leader_epoch = -1;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("error_code", &M::error_code);
      v.Field("timestamp", &M::timestamp);
      v.Field("offset", &M::offset);
      v.Field("leader_epoch", &M::leader_epoch, Since(4));
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ListOffsetsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(2).Ignorable());
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const ListOffsetsResponse&, const ListOffsetsResponse&) = default;
};

}  // namespace moldau::protocol
