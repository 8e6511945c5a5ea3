// A classic consumer group: who its members are, in which generation, and what the leader assigned to each.
//
//   Empty ── join ──► PreparingRebalance ── all have joined, or the time is up ──► CompletingRebalance
//     ▲                  ▲          ▲                                                   │ the leader's
//     │ the last left    │          └──── a member joins, leaves or expires ────────────┤ assignment
//     └──────────────────┘                                                              ▼
//                        └───────────── a member joins, leaves or expires ─────────── Stable
//
// Every event is answered through `Replies`, which the caller runs after it has let go of the group's lock; time enters
// as an argument only, so that histories can be replayed.
//
// group_join.cc joins and rebalances; group.cc syncs, beats, leaves, and says what is stored.
//
// Threads: the caller's lock guards it.   Ownership: borrows the storage and the options.
// Failure: Kafka's error codes in the responses.   Source: Kafka's classic group protocol; KIP-345, KIP-394, KIP-559.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "coordinator/group_member.h"
#include "coordinator/group_record.h"
#include "moldau/base/random.h"
#include "moldau/group_options.h"
#include "protocol/heartbeat.h"
#include "protocol/leave_group.h"

namespace moldau::coordinator {

enum class GroupState : uint8_t { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };

// As Kafka's tools print it.
[[nodiscard]] const char* GroupStateName(GroupState state);

// What is to be called once the group's lock is free.
class Replies {
 public:
  template <typename Response>
  void Add(Reply<Response> reply, Response response) {
    calls_.push_back(
        [reply = std::move(reply), response = std::move(response)]() mutable { reply(std::move(response)); });
  }
  void Add(std::function<void()> notice) {
    if (notice) calls_.push_back(std::move(notice));
  }
  void Run() {
    for (auto& call : std::exchange(calls_, {})) call();
  }

 private:
  std::vector<absl::AnyInvocable<void()>> calls_;
};

class Group {
 public:
  // Makes what a group has agreed on survive a restart.
  class Storage {
   public:
    virtual absl::Status Save(const GroupRecord& record) = 0;

   protected:
    ~Storage() = default;
  };

  Group(std::string id, const GroupOptions& options, Storage& storage, Random random);

  // The members of a stored group, each with a whole session to be heard of again; but for those that ended with the
  // process that stored it. A group of which nobody is left is stored as empty.
  void Restore(const GroupRecord& record, MonoTime now);

  void Join(protocol::JoinGroupRequest request, GroupClient client, MonoTime now,
            Reply<protocol::JoinGroupResponse> reply, Replies& replies);
  void Sync(protocol::SyncGroupRequest request, MonoTime now, Reply<protocol::SyncGroupResponse> reply,
            Replies& replies);
  ErrorCode Heartbeat(const protocol::HeartbeatRequest& request, MonoTime now);
  // One answer per member of the request.
  protocol::LeaveGroupResponse Leave(const protocol::LeaveGroupRequest& request, MonoTime now, Replies& replies);

  // Whether a member, or nobody in particular (generation -1), may commit offsets now.
  ErrorCode CheckCommit(int32_t generation, std::string_view member, const std::optional<std::string>& instance,
                        MonoTime now);

  // Lets go of what is overdue.
  void OnTime(MonoTime now, Replies& replies);
  // When OnTime has something to do next.
  [[nodiscard]] MonoTime NextDeadline() const;

  // Answers all who wait and forgets the members; the group is Dead.
  void Kill(ErrorCode error, Replies& replies);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] GroupState state() const noexcept { return state_; }
  // Nobody is in it or on the way into it.
  [[nodiscard]] bool is_vacant() const noexcept { return state_ == GroupState::kEmpty && pending_.empty(); }
  [[nodiscard]] int32_t generation() const noexcept { return generation_; }
  [[nodiscard]] const std::string& protocol_type() const noexcept { return protocol_type_; }
  [[nodiscard]] const std::optional<std::string>& protocol_name() const noexcept { return protocol_name_; }
  [[nodiscard]] const std::optional<std::string>& leader() const noexcept { return leader_; }
  [[nodiscard]] const std::map<std::string, GroupMember>& members() const noexcept { return members_; }
  // When the state was last entered, in wall clock time; what the retention of offsets counts from.
  [[nodiscard]] Timestamp state_since() const noexcept { return state_since_; }
  void set_wall_time(Timestamp now) noexcept { wall_now_ = now; }

 private:
  using JoinReply = Reply<protocol::JoinGroupResponse>;
  struct PendingMember {
    MonoTime expires_at;
  };

  // --- group_join.cc ---
  void JoinAsNewMember(protocol::JoinGroupRequest request, GroupClient client, MonoTime now, JoinReply reply,
                       Replies& replies);
  void JoinAgain(GroupMember& member, protocol::JoinGroupRequest request, GroupClient client, MonoTime now,
                 JoinReply reply, Replies& replies);
  void ReplaceStaticMember(protocol::JoinGroupRequest request, GroupClient client, MonoTime now, JoinReply reply,
                           Replies& replies);
  void AddMember(std::string member_id, protocol::JoinGroupRequest request, GroupClient client, MonoTime now,
                 JoinReply reply, Replies& replies);
  void Update(GroupMember& member, protocol::JoinGroupRequest request, GroupClient client, JoinReply reply);
  [[nodiscard]] ErrorCode CheckJoin(const protocol::JoinGroupRequest& request, const GroupClient& client) const;
  [[nodiscard]] bool SharesProtocol(const protocol::JoinGroupRequest& request) const;
  void PrepareRebalance(MonoTime now, Replies& replies);
  void CompleteJoinIfAllAreHere(MonoTime now, Replies& replies);
  void CompleteJoin(MonoTime now, Replies& replies);
  void BeginGeneration(MonoTime now, Replies& replies);
  [[nodiscard]] std::vector<std::string> CommonProtocols() const;
  [[nodiscard]] std::string ChooseProtocol() const;
  [[nodiscard]] protocol::JoinGroupResponse CurrentGeneration(const GroupMember& member, bool with_members) const;
  [[nodiscard]] protocol::JoinGroupResponse JoinError(ErrorCode error, std::string member_id) const;
  [[nodiscard]] std::chrono::milliseconds LongestRebalanceTimeout() const;

  // --- group.cc ---
  void SetState(GroupState state);
  // kNone if the request comes from a member of this generation.
  [[nodiscard]] ErrorCode CheckMember(std::string_view member, const std::optional<std::string>& instance) const;
  ErrorCode LeaveOne(const std::string& member, const std::optional<std::string>& instance, MonoTime now,
                     Replies& replies);
  void AdoptAssignments(const protocol::SyncGroupRequest& request);
  void AnswerSyncs(ErrorCode error, MonoTime now, Replies& replies);
  [[nodiscard]] protocol::SyncGroupResponse SyncAnswer(const GroupMember& member, ErrorCode error) const;
  void Remove(const std::string& member, Replies& replies);
  void AfterRemoval(MonoTime now, Replies& replies);
  void ResetSession(GroupMember& member, MonoTime now);
  [[nodiscard]] GroupRecord ToRecord() const;
  [[nodiscard]] std::string NewMemberId(const GroupClient& client, const std::optional<std::string>& instance);

  const std::string id_;
  const GroupOptions& options_;
  Storage& storage_;
  Random random_;

  GroupState state_ = GroupState::kEmpty;
  Timestamp wall_now_ = kNoTimestamp;
  Timestamp state_since_ = kNoTimestamp;
  int32_t generation_ = 0;
  int32_t stored_generation_ = -1;  // the last one that was shared out, so that it is found again
  std::string protocol_type_;       // empty until the first member has joined
  std::optional<std::string> protocol_name_;
  std::optional<std::string> leader_;
  std::map<std::string, GroupMember> members_;
  std::map<std::string, std::string> static_members_;  // member id by instance id
  std::map<std::string, PendingMember> pending_;       // were told their id and have not joined with it yet
  std::set<std::string> pending_sync_;                 // have got a generation and not asked for their assignment

  MonoTime join_deadline_ = kForever;         // PreparingRebalance: who has not joined by then is left out
  MonoTime latest_join_deadline_ = kForever;  // how far newcomers may put the first one off
  bool delaying_first_ = false;               // the first rebalance waits for more members (initial_rebalance_delay)
  bool newcomer_while_delaying_ = false;
  MonoTime sync_deadline_ = kForever;  // who has not asked for its assignment by then is left out
};

}  // namespace moldau::coordinator
