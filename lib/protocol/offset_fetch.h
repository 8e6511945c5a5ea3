// How far groups have come: before version 8 one group, in the fields of the request itself, since then any number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct OffsetFetchRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kOffsetFetch);

  struct Topic {
    std::string name;
    std::vector<int32_t> partition_indexes;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("partition_indexes", &M::partition_indexes);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  struct Group {
    std::string group_id;
    std::optional<std::vector<Topic>> topics = std::vector<Topic>{};  // null: all that have offsets

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Group;
      v.Field("group_id", &M::group_id);
      v.Field("topics", &M::topics);
    }
    friend bool operator==(const Group&, const Group&) = default;
  };

  std::string group_id;
  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};  // null: all that have offsets
  std::vector<Group> groups;
  // rather an error than an offset that a pending transaction may change
  bool require_stable = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetFetchRequest;
    v.Field("group_id", &M::group_id, Until(7));
    v.Field("topics", &M::topics, Until(7).NullableSince(2));
    v.Field("groups", &M::groups, Since(8));
    v.Field("require_stable", &M::require_stable, Since(7));
  }
  friend bool operator==(const OffsetFetchRequest&, const OffsetFetchRequest&) = default;
};

struct OffsetFetchResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kOffsetFetch);

  struct Partition {
    int32_t partition_index = 0;
    int64_t committed_offset = 0;  // -1: none
    int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("committed_offset", &M::committed_offset);
      v.Field("committed_leader_epoch", &M::committed_leader_epoch, Since(5).Ignorable());
      v.Field("metadata", &M::metadata);
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

  struct Group {
    std::string group_id;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Group;
      v.Field("group_id", &M::group_id);
      v.Field("topics", &M::topics);
      v.Field("error_code", &M::error_code);
    }
    friend bool operator==(const Group&, const Group&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Group> groups;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetFetchResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(3).Ignorable());
    v.Field("topics", &M::topics, Until(7));
    v.Field("error_code", &M::error_code, Between(2, 7).Ignorable());
    v.Field("groups", &M::groups, Since(8));
  }
  friend bool operator==(const OffsetFetchResponse&, const OffsetFetchResponse&) = default;
};

}  // namespace moldau::protocol
