// The leader of a generation hands in everybody's assignment, and each member is answered with its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct SyncGroupRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kSyncGroup);

  struct Assignment {
    std::string member_id;
    std::string assignment;  // for the "consumer" type a ConsumerProtocolAssignment

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Assignment;
      v.Field("member_id", &M::member_id);
      v.Bytes("assignment", &M::assignment);
    }
    friend bool operator==(const Assignment&, const Assignment&) = default;
  };

  std::string group_id;
  int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments;  // the leader's; the others send none

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = SyncGroupRequest;
    v.Field("group_id", &M::group_id);
    v.Field("generation_id", &M::generation_id);
    v.Field("member_id", &M::member_id);
    v.Field("group_instance_id", &M::group_instance_id, Since(3));
    v.Field("protocol_type", &M::protocol_type, Since(5).Ignorable());
    v.Field("protocol_name", &M::protocol_name, Since(5).Ignorable());
    v.Field("assignments", &M::assignments);
  }
  friend bool operator==(const SyncGroupRequest&, const SyncGroupRequest&) = default;
};

struct SyncGroupResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kSyncGroup);

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string assignment;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = SyncGroupResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("error_code", &M::error_code);
    v.Field("protocol_type", &M::protocol_type, Since(5).Ignorable());
    v.Field("protocol_name", &M::protocol_name, Since(5).Ignorable());
    v.Bytes("assignment", &M::assignment);
  }
  friend bool operator==(const SyncGroupResponse&, const SyncGroupResponse&) = default;
};

}  // namespace moldau::protocol
