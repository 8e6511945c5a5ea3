// How much of a broker's disks the partitions take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct DescribeLogDirsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDescribeLogDirs);

  struct Topic {
    std::string topic;
    std::vector<int32_t> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::optional<std::vector<Topic>> topics = std::vector<Topic>{};  // null: all

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeLogDirsRequest;
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const DescribeLogDirsRequest&, const DescribeLogDirsRequest&) = default;
};

struct DescribeLogDirsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDescribeLogDirs);

  struct Partition {
    int32_t partition_index = 0;
    int64_t partition_size = 0;  // in bytes
    int64_t offset_lag = 0;
    bool is_future_key = false;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("partition_size", &M::partition_size);
      v.Field("offset_lag", &M::offset_lag);
      v.Field("is_future_key", &M::is_future_key);
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

  struct Result {
    ErrorCode error_code = ErrorCode::kNone;
    std::string log_dir;
    std::vector<Topic> topics;
    int64_t total_bytes = -1;   // of the volume
    int64_t usable_bytes = -1;  // of the volume

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Result;
      v.Field("error_code", &M::error_code);
      v.Field("log_dir", &M::log_dir);
      v.Field("topics", &M::topics);
      v.Field("total_bytes", &M::total_bytes, Since(4).Ignorable());
      v.Field("usable_bytes", &M::usable_bytes, Since(4).Ignorable());
    }
    friend bool operator==(const Result&, const Result&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Result> results;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeLogDirsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("error_code", &M::error_code, Since(3).Ignorable());
    v.Field("results", &M::results);
  }
  friend bool operator==(const DescribeLogDirsResponse&, const DescribeLogDirsResponse&) = default;
};

}  // namespace moldau::protocol
