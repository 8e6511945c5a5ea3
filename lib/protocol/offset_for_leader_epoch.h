// Where an epoch ended in the leader's log: how clients and followers find that their log was truncated (KIP-101,
// KIP-320).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct OffsetForLeaderEpochRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kOffsetForLeaderEpoch);

  struct Partition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1;  // that the client knows; another is refused
    int32_t leader_epoch = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition", &M::partition);
      v.Field("current_leader_epoch", &M::current_leader_epoch);
      v.Field("leader_epoch", &M::leader_epoch);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t replica_id = -2;  // of a follower; -1: a consumer, -2: not said
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetForLeaderEpochRequest;
    v.Field("replica_id", &M::replica_id, Since(3).Ignorable());
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetForLeaderEpochRequest&, const OffsetForLeaderEpochRequest&) = default;
};

struct OffsetForLeaderEpochResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kOffsetForLeaderEpoch);

  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    int32_t partition = 0;
    int32_t leader_epoch = -1;  // the largest that is not above the one asked for
    int64_t end_offset = -1;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("error_code", &M::error_code);
      v.Field("partition", &M::partition);
      v.Field("leader_epoch", &M::leader_epoch);
      v.Field("end_offset", &M::end_offset);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetForLeaderEpochResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetForLeaderEpochResponse&, const OffsetForLeaderEpochResponse&) = default;
};

}  // namespace moldau::protocol
