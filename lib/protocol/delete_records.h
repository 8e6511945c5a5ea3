// Trims partitions: what lies before an offset is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct DeleteRecordsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDeleteRecords);

  struct Partition {
    int32_t partition_index = 0;
    int64_t offset = 0;  // -1: the high watermark

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("offset", &M::offset);
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

  std::vector<Topic> topics;
  int32_t timeout_ms = 0;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DeleteRecordsRequest;
    v.Field("topics", &M::topics);
    v.Field("timeout_ms", &M::timeout_ms);
  }
  friend bool operator==(const DeleteRecordsRequest&, const DeleteRecordsRequest&) = default;
};

struct DeleteRecordsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDeleteRecords);

  struct Partition {
    int32_t partition_index = 0;
    int64_t low_watermark = 0;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("low_watermark", &M::low_watermark);
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
    using M = DeleteRecordsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const DeleteRecordsResponse&, const DeleteRecordsResponse&) = default;
};

}  // namespace moldau::protocol
