// A member asks to take part in a group's next generation; the answer comes when all have joined, and the leader's has
// the members to share the partitions out to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct JoinGroupRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kJoinGroup);

  struct Protocol {
    std::string name;      // of an assignor
    std::string metadata;  // for the "consumer" type a ConsumerProtocolSubscription

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Protocol;
      v.Field("name", &M::name);
      v.Bytes("metadata", &M::metadata);
    }
    friend bool operator==(const Protocol&, const Protocol&) = default;
  };

  std::string group_id;
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = -1;             // version 0 has none: the session timeout takes its place
  std::string member_id;                         // empty: a new member, which gets one
  std::optional<std::string> group_instance_id;  // of a static member
  std::string protocol_type;
  std::vector<Protocol> protocols;  // in the order of preference
  std::optional<std::string> reason;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = JoinGroupRequest;
    v.Field("group_id", &M::group_id);
    v.Field("session_timeout_ms", &M::session_timeout_ms);
    v.Field("rebalance_timeout_ms", &M::rebalance_timeout_ms, Since(1).Ignorable());
    v.Field("member_id", &M::member_id);
    v.Field("group_instance_id", &M::group_instance_id, Since(5));
    v.Field("protocol_type", &M::protocol_type);
    v.Field("protocols", &M::protocols);
    v.Field("reason", &M::reason, Since(8).Ignorable());
  }
  friend bool operator==(const JoinGroupRequest&, const JoinGroupRequest&) = default;
};

struct JoinGroupResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kJoinGroup);

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string metadata;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Member;
      v.Field("member_id", &M::member_id);
      v.Field("group_instance_id", &M::group_instance_id, Since(5).Ignorable());
      v.Bytes("metadata", &M::metadata);
    }
    friend bool operator==(const Member&, const Member&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name = "";  // the assignor that all members know
  std::string leader;                             // its member id
  bool skip_assignment = false;                   // the leader is not to assign anew
  std::string member_id;                          // of the member that is answered
  std::vector<Member> members;                    // of the leader's answer alone

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = JoinGroupResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(2).Ignorable());
    v.Field("error_code", &M::error_code);
    v.Field("generation_id", &M::generation_id);
    v.Field("protocol_type", &M::protocol_type, Since(7).Ignorable());
    v.Field("protocol_name", &M::protocol_name, Since(0).NullableSince(7));
    v.Field("leader", &M::leader);
    v.Field("skip_assignment", &M::skip_assignment, Since(9));
    v.Field("member_id", &M::member_id);
    v.Field("members", &M::members);
  }
  friend bool operator==(const JoinGroupResponse&, const JoinGroupResponse&) = default;
};

}  // namespace moldau::protocol
