// State and members of groups.
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

struct DescribeGroupsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDescribeGroups);

  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeGroupsRequest;
    v.Field("groups", &M::groups);
    v.Field("include_authorized_operations", &M::include_authorized_operations, Since(3));
  }
  friend bool operator==(const DescribeGroupsRequest&, const DescribeGroupsRequest&) = default;
};

struct DescribeGroupsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDescribeGroups);

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::string member_metadata;    // while the group is stable
    std::string member_assignment;  // while the group is stable

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Member;
      v.Field("member_id", &M::member_id);
      v.Field("group_instance_id", &M::group_instance_id, Since(4).Ignorable());
      v.Field("client_id", &M::client_id);
      v.Field("client_host", &M::client_host);
      v.Bytes("member_metadata", &M::member_metadata);
      v.Bytes("member_assignment", &M::member_assignment);
    }
    friend bool operator==(const Member&, const Member&) = default;
  };

  struct Group {
    ErrorCode error_code = ErrorCode::kNone;
    std::string group_id;
    std::string group_state;  // "Dead" if there is no such group
    std::string protocol_type;
    std::string protocol_data;  // while the group is stable the name of the assignor
    std::vector<Member> members;
    int32_t authorized_operations = kOperationsNotAskedFor;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Group;
      v.Field("error_code", &M::error_code);
      v.Field("group_id", &M::group_id);
      v.Field("group_state", &M::group_state);
      v.Field("protocol_type", &M::protocol_type);
      v.Field("protocol_data", &M::protocol_data);
      v.Field("members", &M::members);
      v.Field("authorized_operations", &M::authorized_operations, Since(3));
    }
    friend bool operator==(const Group&, const Group&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeGroupsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("groups", &M::groups);
  }
  friend bool operator==(const DescribeGroupsResponse&, const DescribeGroupsResponse&) = default;
};

}  // namespace moldau::protocol
