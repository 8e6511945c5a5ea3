// Gives topics more partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct CreatePartitionsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kCreatePartitions);

  struct Assignment {
    std::vector<int32_t> broker_ids;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Assignment;
      v.Field("broker_ids", &M::broker_ids);
    }
    friend bool operator==(const Assignment&, const Assignment&) = default;
  };

  struct Topic {
    std::string name;
    int32_t count = 0;  // that the topic is to have in the end
    // of the new partitions; null: the broker chooses
    std::optional<std::vector<Assignment>> assignments = std::vector<Assignment>{};

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("count", &M::count);
      v.Field("assignments", &M::assignments);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::vector<Topic> topics;
  int32_t timeout_ms = 0;
  bool validate_only = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = CreatePartitionsRequest;
    v.Field("topics", &M::topics);
    v.Field("timeout_ms", &M::timeout_ms);
    v.Field("validate_only", &M::validate_only);
  }
  friend bool operator==(const CreatePartitionsRequest&, const CreatePartitionsRequest&) = default;
};

struct CreatePartitionsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kCreatePartitions);

  struct Result {
    std::string name;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Result;
      v.Field("name", &M::name);
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message);
    }
    friend bool operator==(const Result&, const Result&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = CreatePartitionsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("results", &M::results);
  }
  friend bool operator==(const CreatePartitionsResponse&, const CreatePartitionsResponse&) = default;
};

}  // namespace moldau::protocol
