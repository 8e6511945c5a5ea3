// Which broker coordinates a group: before version 4 one, in the fields of the message itself, since then any number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/values.h"

namespace moldau::protocol {

struct FindCoordinatorRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kFindCoordinator);

  std::string key;
  CoordinatorType key_type = CoordinatorType::kGroup;
  std::vector<std::string> coordinator_keys;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = FindCoordinatorRequest;
    v.Field("key", &M::key, Until(3));
    v.Field("key_type", &M::key_type, Since(1));
    v.Field("coordinator_keys", &M::coordinator_keys, Since(4));
  }
  friend bool operator==(const FindCoordinatorRequest&, const FindCoordinatorRequest&) = default;
};

struct FindCoordinatorResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kFindCoordinator);

  struct Coordinator {
    std::string key;
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Coordinator;
      v.Field("key", &M::key);
      v.Field("node_id", &M::node_id);
      v.Field("host", &M::host);
      v.Field("port", &M::port);
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message);
    }
    friend bool operator==(const Coordinator&, const Coordinator&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  int32_t node_id = 0;
  std::string host;
  int32_t port = 0;
  std::vector<Coordinator> coordinators;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = FindCoordinatorResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("error_code", &M::error_code, Until(3));
    v.Field("error_message", &M::error_message, Between(1, 3).Ignorable());
    v.Field("node_id", &M::node_id, Until(3));
    v.Field("host", &M::host, Until(3));
    v.Field("port", &M::port, Until(3));
    v.Field("coordinators", &M::coordinators, Since(4));
  }
  friend bool operator==(const FindCoordinatorResponse&, const FindCoordinatorResponse&) = default;
};

}  // namespace moldau::protocol
