// A group stores how far it has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct OffsetCommitRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kOffsetCommit);

  struct Partition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> committed_metadata;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("committed_offset", &M::committed_offset);
      v.Field("committed_leader_epoch", &M::committed_leader_epoch, Since(6).Ignorable());
      v.Field("committed_metadata", &M::committed_metadata);
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

  std::string group_id;
  int32_t generation_id = -1;  // -1 with an empty member id: a commit from outside the group
  std::string member_id;
  std::optional<std::string> group_instance_id;
  int64_t retention_time_ms = -1;  // later the broker's configuration alone decides
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetCommitRequest;
    v.Field("group_id", &M::group_id);
    v.Field("generation_id", &M::generation_id);
    v.Field("member_id", &M::member_id, Since(0).Ignorable());
    v.Field("group_instance_id", &M::group_instance_id, Since(7));
    v.Field("retention_time_ms", &M::retention_time_ms, Between(2, 4).Ignorable());
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetCommitRequest&, const OffsetCommitRequest&) = default;
};

struct OffsetCommitResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kOffsetCommit);

  struct Partition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("error_code", &M::error_code);
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
    using M = OffsetCommitResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(3).Ignorable());
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetCommitResponse&, const OffsetCommitResponse&) = default;
};

}  // namespace moldau::protocol
