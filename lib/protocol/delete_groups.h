// Deletes groups that have no members, with their offsets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct DeleteGroupsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDeleteGroups);

  std::vector<std::string> groups_names;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DeleteGroupsRequest;
    v.Field("groups_names", &M::groups_names);
  }
  friend bool operator==(const DeleteGroupsRequest&, const DeleteGroupsRequest&) = default;
};

struct DeleteGroupsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDeleteGroups);

  struct Result {
    std::string group_id;
    ErrorCode error_code = ErrorCode::kNone;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Result;
      v.Field("group_id", &M::group_id);
      v.Field("error_code", &M::error_code);
    }
    friend bool operator==(const Result&, const Result&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DeleteGroupsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("results", &M::results);
  }
  friend bool operator==(const DeleteGroupsResponse&, const DeleteGroupsResponse&) = default;
};

}  // namespace moldau::protocol
