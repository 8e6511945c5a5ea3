#include "coordinator/group.h"

#include <algorithm>

#include "base/named_bug.h"

namespace moldau::coordinator {

const char* GroupStateName(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      return "Dead";
  }
  return "Unknown";
}

Group::Group(std::string id, const GroupOptions& options, Storage& storage, Random random)
    : id_(std::move(id)), options_(options), storage_(storage), random_(random) {}

void Group::SetState(GroupState state) {
  state_ = state;
  state_since_ = wall_now_;
}

std::string Group::NewMemberId(const GroupClient& client, const std::optional<std::string>& instance) {
  return (instance ? *instance : client.client_id) + "-" + random_.NextUuid().ToString();
}

// --- sync ---

void Group::Sync(protocol::SyncGroupRequest request, MonoTime now, Reply<protocol::SyncGroupResponse> reply,
                 Replies& replies) {
  const auto refuse = [&](ErrorCode error) {
    replies.Add(std::move(reply), protocol::SyncGroupResponse{.error_code = error});
  };
  if (const ErrorCode error = CheckMember(request.member_id, request.group_instance_id); error != ErrorCode::kNone)
    return refuse(error);
  if (request.generation_id != generation_) return refuse(ErrorCode::kIllegalGeneration);
  if ((request.protocol_type && *request.protocol_type != protocol_type_) ||
      (request.protocol_name && protocol_name_ && *request.protocol_name != *protocol_name_)) {
    return refuse(ErrorCode::kInconsistentGroupProtocol);
  }
  GroupMember& member = members_.find(request.member_id)->second;
  switch (state_) {
    case GroupState::kEmpty:
    case GroupState::kDead:
      return refuse(ErrorCode::kUnknownMemberId);
    case GroupState::kPreparingRebalance:
      return refuse(ErrorCode::kRebalanceInProgress);
    case GroupState::kStable:
      pending_sync_.erase(member.id);
      ResetSession(member, now);
      replies.Add(std::move(reply), SyncAnswer(member, ErrorCode::kNone));
      return;
    case GroupState::kCompletingRebalance:
      break;
  }
  pending_sync_.erase(member.id);
  if (member.awaiting_sync) {  // sent again, while the first one waits
    replies.Add(std::move(member.awaiting_sync), SyncAnswer(member, ErrorCode::kRebalanceInProgress));
  }
  member.awaiting_sync = std::move(reply);
  if (member.id != leader_) return;

  AdoptAssignments(request);
  if (const absl::Status saved = storage_.Save(ToRecord()); !saved.ok()) {
    // Nobody is told an assignment that would be forgotten: all join again.
    for (auto& [id, other] : members_) other.assignment.clear();
    const ErrorCode error = GetErrorCode(saved);
    AnswerSyncs(error, now, replies);
    PrepareRebalance(now, replies);
    return;
  }
  stored_generation_ = generation_;
  SetState(GroupState::kStable);
  AnswerSyncs(ErrorCode::kNone, now, replies);
}

void Group::AdoptAssignments(const protocol::SyncGroupRequest& request) {
  for (auto& [id, member] : members_) member.assignment.clear();
  for (const auto& assignment : request.assignments) {
    if (const auto member = members_.find(assignment.member_id); member != members_.end()) {
      member->second.assignment = assignment.assignment;
    }
  }
}

void Group::AnswerSyncs(ErrorCode error, MonoTime now, Replies& replies) {
  for (auto& [id, member] : members_) {
    if (!member.awaiting_sync) continue;
    replies.Add(std::exchange(member.awaiting_sync, nullptr), SyncAnswer(member, error));
    ResetSession(member, now);
  }
}

protocol::SyncGroupResponse Group::SyncAnswer(const GroupMember& member, ErrorCode error) const {
  protocol::SyncGroupResponse response{.error_code = error};
  if (error != ErrorCode::kNone) return response;
  response.protocol_type = protocol_type_;
  response.protocol_name = protocol_name_;
  response.assignment = member.assignment;
  return response;
}

// --- heartbeats, commits ---

ErrorCode Group::CheckMember(std::string_view member, const std::optional<std::string>& instance) const {
  if (state_ == GroupState::kDead) return ErrorCode::kCoordinatorNotAvailable;
  if (instance) {
    const auto known = static_members_.find(*instance);
    if (known == static_members_.end()) return ErrorCode::kUnknownMemberId;
    if (known->second != member) return ErrorCode::kFencedInstanceId;
  }
  return members_.contains(std::string(member)) ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
}

ErrorCode Group::Heartbeat(const protocol::HeartbeatRequest& request, MonoTime now) {
  if (const ErrorCode error = CheckMember(request.member_id, request.group_instance_id); error != ErrorCode::kNone)
    return error;
  if (request.generation_id != generation_) return ErrorCode::kIllegalGeneration;
  if (state_ == GroupState::kEmpty) return ErrorCode::kUnknownMemberId;
  ResetSession(members_.find(request.member_id)->second, now);
  return state_ == GroupState::kPreparingRebalance ? ErrorCode::kRebalanceInProgress : ErrorCode::kNone;
}

ErrorCode Group::CheckCommit(int32_t generation, std::string_view member, const std::optional<std::string>& instance,
                             MonoTime now) {
  const bool from_nobody = generation < 0 && member.empty() && !instance;
  if (from_nobody) {
    if (state_ == GroupState::kDead) return ErrorCode::kCoordinatorNotAvailable;
    return state_ == GroupState::kEmpty ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
  }
  if (const ErrorCode error = CheckMember(member, instance); error != ErrorCode::kNone) return error;
  if (generation != generation_ && !MOLDAU_NAMED_BUG(M20)) return ErrorCode::kIllegalGeneration;
  ResetSession(members_.find(std::string(member))->second, now);
  // A generation that has not been shared out may be forgotten by a restart; its commits would then be followed by
  // those of the one before.
  return stored_generation_ == generation_ ? ErrorCode::kNone : ErrorCode::kRebalanceInProgress;
}

void Group::ResetSession(GroupMember& member, MonoTime now) {
  member.session_deadline = now + std::chrono::nanoseconds(member.session_timeout);
}

// --- leaving ---

protocol::LeaveGroupResponse Group::Leave(const protocol::LeaveGroupRequest& request, MonoTime now, Replies& replies) {
  protocol::LeaveGroupResponse response;
  for (const auto& member : request.members) {
    response.members.push_back({.member_id = member.member_id,
                                .group_instance_id = member.group_instance_id,
                                .error_code = LeaveOne(member.member_id, member.group_instance_id, now, replies)});
  }
  AfterRemoval(now, replies);
  return response;
}

ErrorCode Group::LeaveOne(const std::string& member, const std::optional<std::string>& instance, MonoTime now,
                          Replies& replies) {
  if (state_ == GroupState::kDead) return ErrorCode::kCoordinatorNotAvailable;
  if (!instance && pending_.erase(member) > 0) return ErrorCode::kNone;
  std::string leaving = member;
  if (instance && member.empty()) {  // an administrator removes a static member whose id he does not know
    const auto known = static_members_.find(*instance);
    if (known == static_members_.end()) return ErrorCode::kUnknownMemberId;
    leaving = known->second;
  }
  if (const ErrorCode error = CheckMember(leaving, instance); error != ErrorCode::kNone) return error;
  Remove(leaving, replies);
  if (state_ == GroupState::kStable || state_ == GroupState::kCompletingRebalance) PrepareRebalance(now, replies);
  return ErrorCode::kNone;
}

void Group::Remove(const std::string& member, Replies& replies) {
  const auto found = members_.find(member);
  GroupMember& leaving = found->second;
  if (leaving.awaiting_join) {
    replies.Add(std::move(leaving.awaiting_join), JoinError(ErrorCode::kUnknownMemberId, leaving.id));
  }
  if (leaving.awaiting_sync) {
    replies.Add(std::move(leaving.awaiting_sync), SyncAnswer(leaving, ErrorCode::kUnknownMemberId));
  }
  if (leaving.instance_id) {
    const auto known = static_members_.find(*leaving.instance_id);
    if (known != static_members_.end() && known->second == member) static_members_.erase(known);
  }
  if (leader_ == member) leader_ = std::nullopt;
  pending_sync_.erase(member);
  members_.erase(found);
}

// Those who are left may be all that a rebalance waits for.
void Group::AfterRemoval(MonoTime now, Replies& replies) {
  if (state_ == GroupState::kPreparingRebalance) CompleteJoinIfAllAreHere(now, replies);
}

// --- time ---

MonoTime Group::NextDeadline() const {
  MonoTime next = std::min(join_deadline_, sync_deadline_);
  for (const auto& [id, pending] : pending_) next = std::min(next, pending.expires_at);
  for (const auto& [id, member] : members_) next = std::min(next, member.ExpiresAt());
  return next;
}

void Group::OnTime(MonoTime now, Replies& replies) {
  std::erase_if(pending_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  std::vector<std::string> overdue;
  for (const auto& [id, member] : members_) {
    if (member.ExpiresAt() <= now) overdue.push_back(id);
  }
  if (sync_deadline_ <= now) {
    sync_deadline_ = kForever;
    for (const std::string& id : pending_sync_) {
      if (std::find(overdue.begin(), overdue.end(), id) == overdue.end()) overdue.push_back(id);
    }
  }
  for (const std::string& id : overdue) Remove(id, replies);
  if (!overdue.empty() && (state_ == GroupState::kStable || state_ == GroupState::kCompletingRebalance)) {
    PrepareRebalance(now, replies);
  }
  if (join_deadline_ <= now) {
    CompleteJoin(now, replies);
  } else {
    AfterRemoval(now, replies);
  }
}

void Group::Kill(ErrorCode error, Replies& replies) {
  for (auto& [id, member] : members_) {
    if (member.awaiting_join) replies.Add(std::move(member.awaiting_join), JoinError(error, id));
    if (member.awaiting_sync) replies.Add(std::move(member.awaiting_sync), SyncAnswer(member, error));
    replies.Add(member.client.on_rebalance);
  }
  members_.clear();
  static_members_.clear();
  pending_.clear();
  pending_sync_.clear();
  join_deadline_ = sync_deadline_ = kForever;
  SetState(GroupState::kDead);
}

// --- what is stored ---

GroupRecord Group::ToRecord() const {
  GroupRecord record{.protocol_type = protocol_type_,
                     .generation = generation_,
                     .protocol_name = protocol_name_,
                     .leader = leader_,
                     .state_since = wall_now_};
  for (const auto& [id, member] : members_) {
    record.members.push_back({.id = id,
                              .instance_id = member.instance_id,
                              .client_id = member.client.client_id,
                              .client_host = member.client.client_host,
                              .rebalance_timeout = member.rebalance_timeout,
                              .session_timeout = member.session_timeout,
                              .subscription = member.MetadataFor(protocol_name_.value_or("")),
                              .assignment = member.assignment});
  }
  return record;
}

void Group::Restore(const GroupRecord& record, MonoTime now) {
  protocol_type_ = record.protocol_type;
  generation_ = record.generation;
  stored_generation_ = record.generation;
  protocol_name_ = record.protocol_name;
  for (const GroupRecord::Member& stored : record.members) {
    if (stored.client_host == kInProcessHost && !stored.instance_id) continue;
    GroupMember& member = members_[stored.id];
    member.id = stored.id;
    member.instance_id = stored.instance_id;
    member.client.client_id = stored.client_id;
    member.client.client_host = stored.client_host;
    member.rebalance_timeout = stored.rebalance_timeout;
    member.session_timeout = stored.session_timeout;
    member.protocols.push_back({.name = record.protocol_name.value_or(""), .metadata = stored.subscription});
    member.assignment = stored.assignment;
    member.is_new = false;
    ResetSession(member, now);
    if (stored.instance_id) static_members_[*stored.instance_id] = stored.id;
  }
  if (record.leader && members_.contains(*record.leader)) leader_ = record.leader;
  const bool all_are_here = members_.size() == record.members.size();
  state_since_ = all_are_here && record.state_since != kNoTimestamp ? record.state_since : wall_now_;
  if (members_.empty()) {
    protocol_name_ = std::nullopt;
    state_ = GroupState::kEmpty;
    // Else each start of a process would count the retention of its offsets anew. If this fails the next one tries.
    if (!all_are_here) storage_.Save(ToRecord()).IgnoreError();
  } else if (all_are_here) {
    state_ = GroupState::kStable;
  } else {  // what the others had has to be shared out
    state_ = GroupState::kPreparingRebalance;
    join_deadline_ = now + std::chrono::nanoseconds(LongestRebalanceTimeout());
  }
}

}  // namespace moldau::coordinator
