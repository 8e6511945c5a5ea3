// A member says that it lives, and learns whether its group rebalances.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct HeartbeatRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kHeartbeat);

  std::string group_id;
  int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = HeartbeatRequest;
    v.Field("group_id", &M::group_id);
    v.Field("generation_id", &M::generation_id);
    v.Field("member_id", &M::member_id);
    v.Field("group_instance_id", &M::group_instance_id, Since(3));
  }
  friend bool operator==(const HeartbeatRequest&, const HeartbeatRequest&) = default;
};

struct HeartbeatResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kHeartbeat);

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = HeartbeatResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("error_code", &M::error_code);
  }
  friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
};

}  // namespace moldau::protocol
