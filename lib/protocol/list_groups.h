// The groups that a broker coordinates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct ListGroupsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kListGroups);

  std::vector<std::string> states_filter;  // empty: all
  std::vector<std::string> types_filter;   // empty: all

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ListGroupsRequest;
    v.Field("states_filter", &M::states_filter, Since(4));
    v.Field("types_filter", &M::types_filter, Since(5));
  }
  friend bool operator==(const ListGroupsRequest&, const ListGroupsRequest&) = default;
};

struct ListGroupsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kListGroups);

  struct Group {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Group;
      v.Field("group_id", &M::group_id);
      v.Field("protocol_type", &M::protocol_type);
      v.Field("group_state", &M::group_state, Since(4).Ignorable());
      v.Field("group_type", &M::group_type, Since(5).Ignorable());
    }
    friend bool operator==(const Group&, const Group&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Group> groups;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ListGroupsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("error_code", &M::error_code);
    v.Field("groups", &M::groups);
  }
  friend bool operator==(const ListGroupsResponse&, const ListGroupsResponse&) = default;
};

}  // namespace moldau::protocol
