// How members come together into a new generation.
#include <algorithm>

#include "coordinator/group.h"
#include "protocol/consumer_protocol.h"

namespace moldau::coordinator {
namespace {

// A member that is told its id for the first time, or waits for its first generation, is given this long at most.
constexpr std::chrono::minutes kNewMemberTimeout{5};

// What is stored of a member are Kafka's short strings, of 32,767 bytes at most; its id is a name and 37 more.
constexpr size_t kMaxNameBytes = 32'000;
constexpr size_t kMaxInstanceIdBytes = 249;  // as Kafka's clients have it

bool HasLongNames(const protocol::JoinGroupRequest& request, const GroupClient& client) {
  const auto is_long = [](const std::string& name) { return name.size() > kMaxNameBytes; };
  return (request.group_instance_id && request.group_instance_id->size() > kMaxInstanceIdBytes) ||
         is_long(request.protocol_type) || is_long(client.client_id) || is_long(client.client_host) ||
         std::any_of(request.protocols.begin(), request.protocols.end(),
                     [&](const auto& offered) { return is_long(offered.name); });
}

// The topics that a consumer subscribes to. The rest of its subscription says what it has, which changes all the time.
std::optional<std::vector<std::string>> TopicsOf(const std::string& metadata) {
  absl::StatusOr<protocol::ConsumerProtocolSubscription> subscription = protocol::DecodeSubscription(metadata);
  if (!subscription.ok()) return std::nullopt;
  return std::move(subscription->topics);
}

// Whether a static member that was started again wants what it wanted before, so that its assignment can stand.
bool WantsTheSame(const GroupMember::Protocols& before, const GroupMember::Protocols& now) {
  return std::equal(before.begin(), before.end(), now.begin(), now.end(), [](const auto& a, const auto& b) {
    if (a.name != b.name) return false;
    if (a.metadata == b.metadata) return true;
    const std::optional<std::vector<std::string>> topics = TopicsOf(a.metadata);
    return topics && topics == TopicsOf(b.metadata);
  });
}

}  // namespace

void Group::Join(protocol::JoinGroupRequest request, GroupClient client, MonoTime now, JoinReply reply,
                 Replies& replies) {
  if (const ErrorCode error = CheckJoin(request, client); error != ErrorCode::kNone) {
    replies.Add(std::move(reply), JoinError(error, request.member_id));
    return;
  }
  if (request.member_id.empty()) {
    if (request.group_instance_id && static_members_.contains(*request.group_instance_id)) {
      return ReplaceStaticMember(std::move(request), std::move(client), now, std::move(reply), replies);
    }
    return JoinAsNewMember(std::move(request), std::move(client), now, std::move(reply), replies);
  }
  // Static members are not told their id beforehand.
  if (!request.group_instance_id && pending_.erase(request.member_id) > 0) {
    std::string id = request.member_id;
    return AddMember(std::move(id), std::move(request), std::move(client), now, std::move(reply), replies);
  }
  if (const ErrorCode error = CheckMember(request.member_id, request.group_instance_id); error != ErrorCode::kNone) {
    replies.Add(std::move(reply), JoinError(error, request.member_id));
    return;
  }
  GroupMember& member = members_.find(request.member_id)->second;
  JoinAgain(member, std::move(request), std::move(client), now, std::move(reply), replies);
}

ErrorCode Group::CheckJoin(const protocol::JoinGroupRequest& request, const GroupClient& client) const {
  if (state_ == GroupState::kDead) return ErrorCode::kCoordinatorNotAvailable;
  if (HasLongNames(request, client)) return ErrorCode::kInvalidRequest;
  const std::chrono::milliseconds session(request.session_timeout_ms);
  if (session < options_.min_session_timeout || session > options_.max_session_timeout)
    return ErrorCode::kInvalidSessionTimeout;
  if (!SharesProtocol(request)) return ErrorCode::kInconsistentGroupProtocol;
  const bool known = members_.contains(request.member_id) || pending_.contains(request.member_id) ||
                     (request.group_instance_id && static_members_.contains(*request.group_instance_id));
  if (!known && members_.size() + pending_.size() >= options_.max_size) return ErrorCode::kGroupMaxSizeReached;
  return ErrorCode::kNone;
}

bool Group::SharesProtocol(const protocol::JoinGroupRequest& request) const {
  if (request.protocol_type.empty() || request.protocols.empty()) return false;
  if (members_.empty()) return true;
  if (request.protocol_type != protocol_type_) return false;
  return std::any_of(request.protocols.begin(), request.protocols.end(), [&](const auto& offered) {
    return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
      // What it offered before does not bind the member that asks now.
      return entry.first == request.member_id || entry.second.Offers(offered.name);
    });
  });
}

void Group::JoinAsNewMember(protocol::JoinGroupRequest request, GroupClient client, MonoTime now, JoinReply reply,
                            Replies& replies) {
  std::string id = NewMemberId(client, request.group_instance_id);
  if (client.require_known_member_id && !request.group_instance_id) {
    pending_[id] = {.expires_at = now + std::chrono::milliseconds(request.session_timeout_ms)};
    replies.Add(std::move(reply), JoinError(ErrorCode::kMemberIdRequired, std::move(id)));
    return;
  }
  AddMember(std::move(id), std::move(request), std::move(client), now, std::move(reply), replies);
}

void Group::AddMember(std::string member_id, protocol::JoinGroupRequest request, GroupClient client, MonoTime now,
                      JoinReply reply, Replies& replies) {
  if (members_.empty()) protocol_type_ = request.protocol_type;
  GroupMember& member = members_[member_id];
  member.id = std::move(member_id);
  member.instance_id = request.group_instance_id;
  if (member.instance_id) static_members_[*member.instance_id] = member.id;
  Update(member, std::move(request), std::move(client), std::move(reply));
  member.session_deadline = now + kNewMemberTimeout;
  newcomer_while_delaying_ = delaying_first_;
  if (state_ == GroupState::kPreparingRebalance) return CompleteJoinIfAllAreHere(now, replies);
  PrepareRebalance(now, replies);
}

void Group::Update(GroupMember& member, protocol::JoinGroupRequest request, GroupClient client, JoinReply reply) {
  member.client = std::move(client);
  member.session_timeout = std::chrono::milliseconds(request.session_timeout_ms);
  member.rebalance_timeout = request.rebalance_timeout_ms < 0 ? member.session_timeout
                                                              : std::chrono::milliseconds(request.rebalance_timeout_ms);
  member.protocols = std::move(request.protocols);
  member.awaiting_join = std::move(reply);
}

void Group::JoinAgain(GroupMember& member, protocol::JoinGroupRequest request, GroupClient client, MonoTime now,
                      JoinReply reply, Replies& replies) {
  const bool unchanged = request.protocols == member.protocols;
  const bool answered_already = (state_ == GroupState::kCompletingRebalance && unchanged) ||
                                (state_ == GroupState::kStable && unchanged && member.id != leader_);
  if (answered_already) {  // its answer was lost, or it only wants to be sure
    member.client = std::move(client);
    ResetSession(member, now);
    replies.Add(std::move(reply), CurrentGeneration(member, member.id == leader_));
    return;
  }
  if (member.awaiting_join) {
    replies.Add(std::move(member.awaiting_join), JoinError(ErrorCode::kRebalanceInProgress, member.id));
  }
  Update(member, std::move(request), std::move(client), std::move(reply));
  if (state_ == GroupState::kPreparingRebalance) return CompleteJoinIfAllAreHere(now, replies);
  PrepareRebalance(now, replies);
}

// The instance was started again. It takes the place of the one before, which is fenced from now on.
void Group::ReplaceStaticMember(protocol::JoinGroupRequest request, GroupClient client, MonoTime now, JoinReply reply,
                                Replies& replies) {
  const std::string old_id = static_members_[*request.group_instance_id];
  auto node = members_.extract(old_id);
  GroupMember& member = node.mapped();
  if (member.awaiting_join) {
    replies.Add(std::move(member.awaiting_join), JoinError(ErrorCode::kFencedInstanceId, old_id));
  }
  if (member.awaiting_sync) {
    replies.Add(std::exchange(member.awaiting_sync, nullptr), SyncAnswer(member, ErrorCode::kFencedInstanceId));
  }
  replies.Add(member.client.on_rebalance);  // so that it learns that it is fenced
  member.id = NewMemberId(client, request.group_instance_id);
  static_members_[*request.group_instance_id] = member.id;
  pending_sync_.erase(old_id);
  const bool was_leader = leader_ == old_id;
  if (was_leader) leader_ = member.id;
  node.key() = member.id;
  members_.insert(std::move(node));

  if (state_ == GroupState::kStable && WantsTheSame(member.protocols, request.protocols)) {
    Update(member, std::move(request), std::move(client), nullptr);
    ResetSession(member, now);
    if (const absl::Status saved = storage_.Save(ToRecord()); !saved.ok()) {
      replies.Add(std::move(reply), JoinError(GetErrorCode(saved), member.id));
      return;
    }
    // The assignment stands: even the leader has nothing to compute.
    protocol::JoinGroupResponse response = CurrentGeneration(member, was_leader);
    response.skip_assignment = was_leader;
    replies.Add(std::move(reply), std::move(response));
    return;
  }
  Update(member, std::move(request), std::move(client), std::move(reply));
  if (state_ == GroupState::kPreparingRebalance) return CompleteJoinIfAllAreHere(now, replies);
  PrepareRebalance(now, replies);
}

// --- the rebalance ---

void Group::PrepareRebalance(MonoTime now, Replies& replies) {
  if (state_ == GroupState::kCompletingRebalance) {
    for (auto& [id, member] : members_) member.assignment.clear();
    AnswerSyncs(ErrorCode::kRebalanceInProgress, now, replies);
  }
  const bool first = state_ == GroupState::kEmpty;
  SetState(GroupState::kPreparingRebalance);
  pending_sync_.clear();
  sync_deadline_ = kForever;
  const MonoTime last = now + std::chrono::nanoseconds(LongestRebalanceTimeout());
  delaying_first_ = first && options_.initial_rebalance_delay.count() > 0;
  newcomer_while_delaying_ = false;
  latest_join_deadline_ = last;
  join_deadline_ =
      delaying_first_ ? std::min(last, now + std::chrono::nanoseconds(options_.initial_rebalance_delay)) : last;
  for (auto& [id, member] : members_) {
    if (!member.awaiting_join) replies.Add(member.client.on_rebalance);
  }
  CompleteJoinIfAllAreHere(now, replies);
}

void Group::CompleteJoinIfAllAreHere(MonoTime now, Replies& replies) {
  if (delaying_first_ && !members_.empty()) return;
  const bool all_here = pending_.empty() && std::all_of(members_.begin(), members_.end(), [](const auto& entry) {
                          return static_cast<bool>(entry.second.awaiting_join);
                        });
  if (all_here) CompleteJoin(now, replies);
}

void Group::CompleteJoin(MonoTime now, Replies& replies) {
  if (delaying_first_ && newcomer_while_delaying_ && now < latest_join_deadline_) {
    newcomer_while_delaying_ = false;
    join_deadline_ = std::min(latest_join_deadline_, now + std::chrono::nanoseconds(options_.initial_rebalance_delay));
    return;
  }
  std::vector<std::string> absent;
  size_t present = 0;
  for (const auto& [id, member] : members_) {
    if (member.awaiting_join) {
      ++present;
    } else if (!member.is_static()) {
      absent.push_back(id);
    }
  }
  for (const std::string& id : absent) Remove(id, replies);
  if (present == 0 && !members_.empty()) {
    // Static members only, none of which has come: they are waited for until their sessions end.
    join_deadline_ = now + std::chrono::nanoseconds(LongestRebalanceTimeout());
    return;
  }
  delaying_first_ = false;
  join_deadline_ = kForever;
  BeginGeneration(now, replies);
}

void Group::BeginGeneration(MonoTime now, Replies& replies) {
  ++generation_;
  if (members_.empty()) {
    protocol_name_ = std::nullopt;
    leader_ = std::nullopt;
    SetState(GroupState::kEmpty);
    // If this is lost the members are found again after a restart, and expire.
    storage_.Save(ToRecord()).IgnoreError();
    return;
  }
  protocol_name_ = ChooseProtocol();
  const auto leads = [](const auto& entry) { return static_cast<bool>(entry.second.awaiting_join); };
  if (!leader_ || !leads(*members_.find(*leader_))) {
    leader_ = std::find_if(members_.begin(), members_.end(), leads)->first;
  }
  SetState(GroupState::kCompletingRebalance);
  sync_deadline_ = now + std::chrono::nanoseconds(LongestRebalanceTimeout());
  for (auto& [id, member] : members_) {
    if (!member.awaiting_join) continue;
    pending_sync_.insert(id);
    member.is_new = false;
    ResetSession(member, now);
    replies.Add(std::exchange(member.awaiting_join, nullptr), CurrentGeneration(member, id == leader_));
  }
}

std::vector<std::string> Group::CommonProtocols() const {
  std::vector<std::string> common;
  for (const auto& offered : members_.begin()->second.protocols) {
    const bool by_all = std::all_of(members_.begin(), members_.end(),
                                    [&](const auto& entry) { return entry.second.Offers(offered.name); });
    if (by_all) common.push_back(offered.name);
  }
  return common;
}

std::string Group::ChooseProtocol() const {
  const std::vector<std::string> common = CommonProtocols();
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) ++votes[member.VoteFor(common)];
  return std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

protocol::JoinGroupResponse Group::CurrentGeneration(const GroupMember& member, bool with_members) const {
  protocol::JoinGroupResponse response;
  response.generation_id = generation_;
  response.protocol_type = protocol_type_;
  response.protocol_name = protocol_name_;
  response.leader = leader_.value_or("");
  response.member_id = member.id;
  if (!with_members) return response;
  for (const auto& [id, other] : members_) {
    response.members.push_back({.member_id = id,
                                .group_instance_id = other.instance_id,
                                .metadata = other.MetadataFor(protocol_name_.value_or(""))});
  }
  return response;
}

protocol::JoinGroupResponse Group::JoinError(ErrorCode error, std::string member_id) const {
  protocol::JoinGroupResponse response;
  response.error_code = error;
  response.member_id = std::move(member_id);
  return response;
}

std::chrono::milliseconds Group::LongestRebalanceTimeout() const {
  std::chrono::milliseconds longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

}  // namespace moldau::coordinator
