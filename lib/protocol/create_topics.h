// Creates topics, or says what would become of it.
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

struct CreateTopicsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kCreateTopics);

  struct Assignment {
    int32_t partition_index = 0;
    std::vector<int32_t> broker_ids;  // the first is preferred as leader

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Assignment;
      v.Field("partition_index", &M::partition_index);
      v.Field("broker_ids", &M::broker_ids);
    }
    friend bool operator==(const Assignment&, const Assignment&) = default;
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Config;
      v.Field("name", &M::name);
      v.Field("value", &M::value);
    }
    friend bool operator==(const Config&, const Config&) = default;
  };

  struct Topic {
    std::string name;
    // -1: the broker's default, or as many as there are assignments
    int32_t num_partitions = 0;
    int16_t replication_factor = 0;  // -1: the broker's default, or as in the assignments
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("num_partitions", &M::num_partitions);
      v.Field("replication_factor", &M::replication_factor);
      v.Field("assignments", &M::assignments);
      v.Field("configs", &M::configs);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::vector<Topic> topics;
  int32_t timeout_ms = 60000;
  bool validate_only = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = CreateTopicsRequest;
    v.Field("topics", &M::topics);
    v.Field("timeout_ms", &M::timeout_ms);
    v.Field("validate_only", &M::validate_only);
  }
  friend bool operator==(const CreateTopicsRequest&, const CreateTopicsRequest&) = default;
};

struct CreateTopicsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kCreateTopics);

  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    ConfigSource config_source = ConfigSource::kUnset;
    bool is_sensitive = false;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Config;
      v.Field("name", &M::name);
      v.Field("value", &M::value);
      v.Field("read_only", &M::read_only);
      v.Field("config_source", &M::config_source);
      v.Field("is_sensitive", &M::is_sensitive);
    }
    friend bool operator==(const Config&, const Config&) = default;
  };

  struct Topic {
    std::string name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    ErrorCode topic_config_error_code = ErrorCode::kNone;  // why there are no configs
    int32_t num_partitions = -1;
    int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs = std::vector<Config>{};

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("topic_id", &M::topic_id, Since(7).Ignorable());
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message);
      v.Field("topic_config_error_code", &M::topic_config_error_code, Since(5).Tag(0).Ignorable());
      v.Field("num_partitions", &M::num_partitions, Since(5).Ignorable());
      v.Field("replication_factor", &M::replication_factor, Since(5).Ignorable());
      v.Field("configs", &M::configs, Since(5).Ignorable());
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = CreateTopicsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("topics", &M::topics);
  }
  friend bool operator==(const CreateTopicsResponse&, const CreateTopicsResponse&) = default;
};

}  // namespace moldau::protocol
