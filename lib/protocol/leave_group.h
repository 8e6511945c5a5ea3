// Members leave a group: before version 3 the one in `member_id`, since then all in `members`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct LeaveGroupRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kLeaveGroup);

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;  // names a static member whatever its member id
    std::optional<std::string> reason;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Member;
      v.Field("member_id", &M::member_id);
      v.Field("group_instance_id", &M::group_instance_id);
      v.Field("reason", &M::reason, Since(5).Ignorable());
    }
    friend bool operator==(const Member&, const Member&) = default;
  };

  std::string group_id;
  std::string member_id;
  std::vector<Member> members;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = LeaveGroupRequest;
    v.Field("group_id", &M::group_id);
    v.Field("member_id", &M::member_id, Until(2));
    v.Field("members", &M::members, Since(3));
  }
  friend bool operator==(const LeaveGroupRequest&, const LeaveGroupRequest&) = default;
};

struct LeaveGroupResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kLeaveGroup);

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Member;
      v.Field("member_id", &M::member_id);
      v.Field("group_instance_id", &M::group_instance_id);
      v.Field("error_code", &M::error_code);
    }
    friend bool operator==(const Member&, const Member&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Member> members;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = LeaveGroupResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("error_code", &M::error_code);
    v.Field("members", &M::members, Since(3));
  }
  friend bool operator==(const LeaveGroupResponse&, const LeaveGroupResponse&) = default;
};

}  // namespace moldau::protocol
