// Deletes topics: before version 6 by name, in `topic_names`, since then by name or id, in `topics`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "moldau/types.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct DeleteTopicsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDeleteTopics);

  struct Topic {
    std::optional<std::string> name;  // null: the topic is named by its id
    Uuid topic_id;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("topic_id", &M::topic_id);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::vector<Topic> topics;
  std::vector<std::string> topic_names;
  int32_t timeout_ms = 0;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DeleteTopicsRequest;
    v.Field("topics", &M::topics, Since(6));
    v.Field("topic_names", &M::topic_names, Until(5).Ignorable());
    v.Field("timeout_ms", &M::timeout_ms);
  }
  friend bool operator==(const DeleteTopicsRequest&, const DeleteTopicsRequest&) = default;
};

struct DeleteTopicsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDeleteTopics);

  struct Result {
    std::optional<std::string> name = "";
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Result;
      v.Field("name", &M::name, Since(0).NullableSince(6));
      v.Field("topic_id", &M::topic_id, Since(6).Ignorable());
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message, Since(5).Ignorable());
    }
    friend bool operator==(const Result&, const Result&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Result> responses;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DeleteTopicsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("responses", &M::responses);
  }
  friend bool operator==(const DeleteTopicsResponse&, const DeleteTopicsResponse&) = default;
};

}  // namespace moldau::protocol
