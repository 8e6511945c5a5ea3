// The record of `__consumer_offsets` that holds what a group has agreed on, in Kafka's encoding.
//
//   key   = version 2 | group                                                    (GroupMetadataKey)
//   value = version 3 | protocol type | generation | protocol | leader | since | members   (GroupMetadataValue), or
//           null: the group was deleted
//
// Threads: pure functions.   Ownership: values.
// Failure: decoding answers DataLoss for bytes that are no such record, FailedPrecondition for a version of the future.
// Source: Kafka's group coordinator message definitions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "moldau/types.h"
#include "protocol/wire_writer.h"

namespace moldau::coordinator {

struct GroupRecord {
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::chrono::milliseconds rebalance_timeout{0};
    std::chrono::milliseconds session_timeout{0};
    std::string subscription;  // what it offered under the chosen protocol
    std::string assignment;

    friend bool operator==(const Member&, const Member&) = default;
  };

  std::string protocol_type;
  int32_t generation = 0;
  std::optional<std::string> protocol_name;
  std::optional<std::string> leader;
  Timestamp state_since = kNoTimestamp;
  std::vector<Member> members;

  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

[[nodiscard]] std::string EncodeGroupKey(std::string_view group);
[[nodiscard]] std::string EncodeGroupValue(const GroupRecord& record);
// The key behind what has been written already.
void PutGroupKey(protocol::WireWriter& out, std::string_view group);

// nullopt if the key belongs to a record of another kind.
[[nodiscard]] absl::StatusOr<std::optional<std::string>> DecodeGroupKey(std::string_view key);
[[nodiscard]] absl::StatusOr<GroupRecord> DecodeGroupValue(std::string_view value);

}  // namespace moldau::coordinator
