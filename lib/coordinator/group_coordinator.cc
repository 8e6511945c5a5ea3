#include "coordinator/group_coordinator.h"

#include <utility>

#include "coordinator/coordinator_error.h"
#include "coordinator/group_slot.h"

namespace moldau::coordinator {
namespace {

// To somebody who says that he is a member, a group that nobody knows is one that does not know him.
ErrorCode AsMember(ErrorCode error) {
  return error == ErrorCode::kGroupIdNotFound ? ErrorCode::kUnknownMemberId : error;
}

}  // namespace

GroupCoordinator::GroupCoordinator(OffsetStore& store, Executor& executor, GroupOptions options, Random random)
    : store_(store),
      executor_(executor),
      options_(options),
      began_(executor.clock().Now()),
      began_wall_(executor.clock().WallNow()),
      random_(random),
      timers_(executor) {}

GroupCoordinator::~GroupCoordinator() { Close(); }

void GroupCoordinator::Close() {
  std::map<std::string, SlotPtr, std::less<>> slots;
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    slots.swap(slots_);
  }
  for (const auto& [id, slot] : slots) {
    Handle(slot,
           [](Group& group, MonoTime, Replies& replies) { group.Kill(ErrorCode::kCoordinatorNotAvailable, replies); });
  }
  timers_.Close();
}

size_t GroupCoordinator::size() const {
  base::MutexLock lock(mutex_);
  return slots_.size();
}

Timestamp GroupCoordinator::CalendarNow() const {
  return began_wall_ + std::chrono::duration_cast<std::chrono::milliseconds>(executor_.clock().Now() - began_);
}

// --- the groups ---

GroupCoordinator::SlotPtr GroupCoordinator::Find(std::string_view group, IfMissing if_missing, ErrorCode& error) {
  {
    base::MutexLock lock(mutex_);
    if (closed_) {
      error = ErrorCode::kCoordinatorNotAvailable;
      return nullptr;
    }
    if (const auto found = slots_.find(group); found != slots_.end()) return found->second;
  }
  // Read without the lock: it may take the replay of a partition.
  const absl::StatusOr<std::optional<GroupRecord>> stored = store_.LoadGroup(group);
  if (!stored.ok()) {
    error = CodeForClients(stored.status());
    return nullptr;
  }
  if (!*stored && if_missing == IfMissing::kFail) {
    error = ErrorCode::kGroupIdNotFound;
    return nullptr;
  }
  return Insert(group, error);
}

GroupCoordinator::SlotPtr GroupCoordinator::Insert(std::string_view group, ErrorCode& error) {
  const auto slot = std::make_shared<Slot>(std::string(group), options_, store_, NewRandom());
  base::MutexLock slot_lock(slot->mutex);  // whoever finds it has to wait until it is read
  {
    base::MutexLock lock(mutex_);
    if (closed_) {
      error = ErrorCode::kCoordinatorNotAvailable;
      return nullptr;
    }
    const auto [place, is_new] = slots_.try_emplace(slot->id, slot);
    if (!is_new) return place->second;  // somebody was faster
  }
  // Read now that it can be found: before, somebody else may have deleted it.
  const absl::StatusOr<std::optional<GroupRecord>> stored = store_.LoadGroup(group);
  if (!stored.ok()) {
    error = CodeForClients(stored.status());
    Replies nobody;  // waits for a group that has not been read
    slot->group.Kill(error, nobody);
    Erase(slot);
    return nullptr;
  }
  slot->group.set_wall_time(CalendarNow());
  if (*stored) slot->group.Restore(**stored, executor_.clock().Now());
  slot->KeepTime(timers_, [this, slot] { OnTimer(slot); });
  return slot;
}

Random GroupCoordinator::NewRandom() {
  base::MutexLock lock(mutex_);
  return random_.Split();
}

void GroupCoordinator::Erase(const SlotPtr& slot) {
  base::MutexLock lock(mutex_);
  const auto found = slots_.find(slot->id);
  if (found != slots_.end() && found->second == slot) slots_.erase(found);
}

template <typename Event>
void GroupCoordinator::Handle(const SlotPtr& slot, const Event& event) {
  Replies replies;
  {
    base::MutexLock lock(slot->mutex);
    slot->group.set_wall_time(CalendarNow());
    const MonoTime now = executor_.clock().Now();
    event(slot->group, now, replies);
    if (slot->TimerIsLate(now)) slot->group.OnTime(now, replies);
    slot->KeepTime(timers_, [this, slot] { OnTimer(slot); });
  }
  replies.Run();
}

// --- membership ---

void GroupCoordinator::Join(protocol::JoinGroupRequest request, GroupClient client,
                            Reply<protocol::JoinGroupResponse> reply) {
  ErrorCode error = ErrorCode::kNone;
  const bool is_new = request.member_id.empty();
  const SlotPtr slot = Find(request.group_id, is_new ? IfMissing::kCreate : IfMissing::kFail, error);
  if (slot == nullptr) {
    protocol::JoinGroupResponse response;
    response.error_code = AsMember(error);
    response.member_id = request.member_id;
    return reply(std::move(response));
  }
  Handle(slot, [&](Group& group, MonoTime now, Replies& replies) {
    group.Join(std::move(request), std::move(client), now, std::move(reply), replies);
  });
}

void GroupCoordinator::Sync(protocol::SyncGroupRequest request, Reply<protocol::SyncGroupResponse> reply) {
  ErrorCode error = ErrorCode::kNone;
  const SlotPtr slot = Find(request.group_id, IfMissing::kFail, error);
  if (slot == nullptr) return reply(protocol::SyncGroupResponse{.error_code = AsMember(error)});
  Handle(slot, [&](Group& group, MonoTime now, Replies& replies) {
    group.Sync(std::move(request), now, std::move(reply), replies);
  });
}

protocol::HeartbeatResponse GroupCoordinator::Heartbeat(const protocol::HeartbeatRequest& request) {
  protocol::HeartbeatResponse response;
  ErrorCode error = ErrorCode::kNone;
  const SlotPtr slot = Find(request.group_id, IfMissing::kFail, error);
  if (slot == nullptr) {
    response.error_code = AsMember(error);
    return response;
  }
  Handle(slot, [&](Group& group, MonoTime now, Replies&) { response.error_code = group.Heartbeat(request, now); });
  return response;
}

protocol::LeaveGroupResponse GroupCoordinator::Leave(const protocol::LeaveGroupRequest& request) {
  protocol::LeaveGroupResponse response;
  ErrorCode error = ErrorCode::kNone;
  const SlotPtr slot = Find(request.group_id, IfMissing::kFail, error);
  if (slot != nullptr) {
    Handle(slot, [&](Group& group, MonoTime now, Replies& replies) { response = group.Leave(request, now, replies); });
    return response;
  }
  if (error != ErrorCode::kGroupIdNotFound) {
    response.error_code = error;
    return response;
  }
  for (const auto& member : request.members) {
    response.members.push_back({.member_id = member.member_id,
                                .group_instance_id = member.group_instance_id,
                                .error_code = ErrorCode::kUnknownMemberId});
  }
  return response;
}

// --- time ---

void GroupCoordinator::OnTimer(const SlotPtr& slot) {
  {
    base::MutexLock lock(slot->mutex);
    slot->timer_at = kForever;
    slot->timer = 0;
  }
  Handle(slot, [](Group& group, MonoTime now, Replies& replies) { group.OnTime(now, replies); });
}

}  // namespace moldau::coordinator
