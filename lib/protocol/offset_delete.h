// Deletes offsets of a group for topics that it is not subscribed to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct OffsetDeleteRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kOffsetDelete);

  struct Partition {
    int32_t partition_index = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
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
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetDeleteRequest;
    v.Field("group_id", &M::group_id);
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetDeleteRequest&, const OffsetDeleteRequest&) = default;
};

struct OffsetDeleteResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kOffsetDelete);

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

  ErrorCode error_code = ErrorCode::kNone;
  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = OffsetDeleteResponse;
    v.Field("error_code", &M::error_code);
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(0).Ignorable());
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const OffsetDeleteResponse&, const OffsetDeleteResponse&) = default;
};

}  // namespace moldau::protocol
