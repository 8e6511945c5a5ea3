// What administrators ask of groups.
#include <algorithm>
#include <utility>

#include "coordinator/coordinator_error.h"
#include "coordinator/group_slot.h"

namespace moldau::coordinator {
namespace {

constexpr const char* kClassicType = "classic";

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool Passes(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() || std::any_of(filter.begin(), filter.end(),
                                       [&](const std::string& wanted) { return EqualsIgnoringCase(wanted, value); });
}

void DescribeInto(const Group& group, protocol::DescribeGroupsResponse::Group& answer) {
  answer.group_state = GroupStateName(group.state());
  answer.protocol_type = group.protocol_type();
  const bool is_stable = group.state() == GroupState::kStable;
  if (is_stable) answer.protocol_data = group.protocol_name().value_or("");
  for (const auto& [id, member] : group.members()) {
    auto& described = answer.members.emplace_back();
    described.member_id = id;
    described.group_instance_id = member.instance_id;
    described.client_id = member.client.client_id;
    described.client_host = member.client.client_host;
    if (!is_stable) continue;
    described.member_metadata = member.MetadataFor(answer.protocol_data);
    described.member_assignment = member.assignment;
  }
}

}  // namespace

protocol::ListGroupsResponse GroupCoordinator::List(const protocol::ListGroupsRequest& request) {
  protocol::ListGroupsResponse response;
  absl::StatusOr<std::vector<std::string>> ids = store_.ListGroups();
  if (!ids.ok()) {
    response.error_code = CodeForClients(ids.status());
    return response;
  }
  {
    base::MutexLock lock(mutex_);
    if (closed_) {
      response.error_code = ErrorCode::kCoordinatorNotAvailable;
      return response;
    }
    for (const auto& [id, slot] : slots_) ids->push_back(id);
  }
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  if (!Passes(request.types_filter, kClassicType)) return response;
  for (const std::string& id : *ids) {
    const protocol::DescribeGroupsResponse::Group group = DescribeOne(id);
    if (group.group_state == GroupStateName(GroupState::kDead) || !Passes(request.states_filter, group.group_state)) {
      continue;
    }
    response.groups.push_back({.group_id = id,
                               .protocol_type = group.protocol_type,
                               .group_state = group.group_state,
                               .group_type = kClassicType});
  }
  return response;
}

protocol::DescribeGroupsResponse GroupCoordinator::Describe(const protocol::DescribeGroupsRequest& request) {
  protocol::DescribeGroupsResponse response;
  for (const std::string& id : request.groups) response.groups.push_back(DescribeOne(id));
  return response;
}

protocol::DescribeGroupsResponse::Group GroupCoordinator::DescribeOne(std::string_view id) {
  protocol::DescribeGroupsResponse::Group answer;
  answer.group_id = id;
  answer.group_state = GroupStateName(GroupState::kDead);
  const SlotPtr slot = Find(id, IfMissing::kFail, answer.error_code);
  if (slot == nullptr) {
    if (answer.error_code != ErrorCode::kGroupIdNotFound) return answer;
    // It may have been used for offsets only.
    answer.error_code = ErrorCode::kNone;
    const absl::StatusOr<CommittedOffsets> offsets = store_.FetchAll(id);
    if (!offsets.ok()) {
      answer.error_code = CodeForClients(offsets.status());
    } else if (!offsets->empty()) {
      answer.group_state = GroupStateName(GroupState::kEmpty);
    }
    return answer;
  }
  base::MutexLock lock(slot->mutex);
  DescribeInto(slot->group, answer);
  return answer;
}

protocol::DeleteGroupsResponse GroupCoordinator::Delete(const protocol::DeleteGroupsRequest& request) {
  protocol::DeleteGroupsResponse response;
  for (const std::string& id : request.groups_names) {
    response.results.push_back({.group_id = id, .error_code = DeleteOne(id)});
  }
  return response;
}

ErrorCode GroupCoordinator::DeleteOne(std::string_view id) {
  ErrorCode error = ErrorCode::kNone;
  const SlotPtr slot = Find(id, IfMissing::kCreate, error);
  if (slot == nullptr) return error;
  Replies nobody;  // waits for an empty group
  {
    base::MutexLock lock(slot->mutex);
    Group& group = slot->group;
    if (group.state() != GroupState::kDead && !group.is_vacant()) return ErrorCode::kNonEmptyGroup;
    const bool was_joined = group.generation() > 0;
    const absl::Status deleted = store_.DeleteGroup(id);
    const bool was_there = deleted.ok() || was_joined;
    if (!deleted.ok() && !absl::IsNotFound(deleted)) return CodeForClients(deleted);
    if (!was_there) error = ErrorCode::kGroupIdNotFound;
    group.Kill(ErrorCode::kCoordinatorNotAvailable, nobody);
  }
  Erase(slot);
  return error;
}

}  // namespace moldau::coordinator
