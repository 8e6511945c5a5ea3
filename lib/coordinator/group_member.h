// What a group knows of one member: what it offered when it joined, what it was assigned, and the answer it waits for.
//
// Threads: its group's lock guards it.   Ownership: its group's.   Failure: none.
// Source: Kafka's classic group protocol.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "moldau/base/clock.h"
#include "protocol/join_group.h"
#include "protocol/sync_group.h"

namespace moldau::coordinator {

// Answers a request, now or later, once; never called with a lock of the coordinator held.
template <typename Response>
using Reply = absl::AnyInvocable<void(Response)>;

// The host of members that live in the broker's own process. They end with it, so after a restart nobody waits for
// them, unless they are static.
inline constexpr std::string_view kInProcessHost = "in-process";

// What is known of whoever sent a request, beyond its fields.
struct GroupClient {
  std::string client_id;
  std::string client_host;
  // A member that is not known yet is first told its id and has to join again with it (KIP-394), so that a client that
  // gives up waiting leaves no unknown member behind. False for clients of versions that cannot do that.
  bool require_known_member_id = true;
  // Called when a rebalance begins, so that a member in this process need not wait for its next heartbeat to learn it.
  std::function<void()> on_rebalance;
};

struct GroupMember {
  using Protocols = std::vector<protocol::JoinGroupRequest::Protocol>;

  std::string id;
  std::optional<std::string> instance_id;  // of a static member (KIP-345)
  GroupClient client;
  std::chrono::milliseconds rebalance_timeout{0};
  std::chrono::milliseconds session_timeout{0};
  Protocols protocols;     // that it offers, the most wanted first
  std::string assignment;  // bytes that only clients understand

  // It has to be heard of before this; does not count while it waits for an answer, unless it has never had one.
  MonoTime session_deadline = kForever;
  bool is_new = true;

  Reply<protocol::JoinGroupResponse> awaiting_join;  // empty unless it waits for the rebalance to complete
  Reply<protocol::SyncGroupResponse> awaiting_sync;  // empty unless it waits for the leader's assignment

  [[nodiscard]] bool is_static() const noexcept { return instance_id.has_value(); }
  [[nodiscard]] bool Offers(std::string_view protocol) const;
  // The bytes offered under `protocol`; empty if there are none.
  [[nodiscard]] const std::string& MetadataFor(std::string_view protocol) const;
  // The first of `candidates` in its own order.
  [[nodiscard]] const std::string& VoteFor(const std::vector<std::string>& candidates) const;
  // When its session is over; kForever while that cannot happen.
  [[nodiscard]] MonoTime ExpiresAt() const noexcept;
};

}  // namespace moldau::coordinator
