// What consumers of a group tell each other through its coordinator, which passes the bytes on: each member its
// subscription in JoinGroup, the leader each member's assignment in SyncGroup. The bytes begin with their version.
// Kafka promises that later versions only append, so bytes of a version that is not known yet are read as the newest
// that is.
//
// Threads: safe.   Ownership: values.   Failure: statuses; kInvalidRequest for bytes that are none of this.
// Source: Kafka's ConsumerProtocol; KIP-429 (owned partitions), KIP-792 (generation), KIP-881 (rack).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/schema.h"

namespace moldau::protocol {

// The type of a group of consumers (JoinGroupRequest::protocol_type).
inline constexpr std::string_view kConsumerProtocolType = "consumer";

struct ConsumerProtocolPartitions {
  std::string topic;
  std::vector<int32_t> partitions;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ConsumerProtocolPartitions;
    v.Field("topic", &M::topic);
    v.Field("partitions", &M::partitions);
  }
  friend bool operator==(const ConsumerProtocolPartitions&, const ConsumerProtocolPartitions&) = default;
};

struct ConsumerProtocolSubscription {
  static constexpr Schema kSchema = {"ConsumerProtocol", "subscription", 0, 3, kNeverFlexible};

  std::vector<std::string> topics;
  std::optional<std::string> user_data;                      // the assignor's own
  std::vector<ConsumerProtocolPartitions> owned_partitions;  // that the member has from an earlier generation
  int32_t generation_id = -1;                                // in which it got them
  std::optional<std::string> rack_id;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ConsumerProtocolSubscription;
    v.Field("topics", &M::topics);
    v.Bytes("user_data", &M::user_data);
    v.Field("owned_partitions", &M::owned_partitions, Since(1).Ignorable());
    v.Field("generation_id", &M::generation_id, Since(2).Ignorable());
    v.Field("rack_id", &M::rack_id, Since(3).Ignorable());
  }
  friend bool operator==(const ConsumerProtocolSubscription&, const ConsumerProtocolSubscription&) = default;
};

struct ConsumerProtocolAssignment {
  static constexpr Schema kSchema = {"ConsumerProtocol", "assignment", 0, 3, kNeverFlexible};

  std::vector<ConsumerProtocolPartitions> assigned_partitions;
  std::optional<std::string> user_data;  // the assignor's own

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ConsumerProtocolAssignment;
    v.Field("assigned_partitions", &M::assigned_partitions);
    v.Bytes("user_data", &M::user_data);
  }
  friend bool operator==(const ConsumerProtocolAssignment&, const ConsumerProtocolAssignment&) = default;
};

// Fail for a version that does not exist and for strings of more than 32,767 bytes. What a version lacks is dropped.
[[nodiscard]] absl::StatusOr<std::string> EncodeSubscription(
    const ConsumerProtocolSubscription& subscription,
    int16_t version = ConsumerProtocolSubscription::kSchema.max_version);
[[nodiscard]] absl::StatusOr<std::string> EncodeAssignment(
    const ConsumerProtocolAssignment& assignment, int16_t version = ConsumerProtocolAssignment::kSchema.max_version);

[[nodiscard]] absl::StatusOr<ConsumerProtocolSubscription> DecodeSubscription(std::string_view bytes);
[[nodiscard]] absl::StatusOr<ConsumerProtocolAssignment> DecodeAssignment(std::string_view bytes);

}  // namespace moldau::protocol
