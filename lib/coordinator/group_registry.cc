#include "coordinator/group_registry.h"

#include <utility>

#include "base/status_builder.h"

namespace moldau::coordinator {

struct GroupRegistry::Membership::Members {
  base::Mutex mutex;
  std::map<std::string, std::string, std::less<>> member_of ABSL_GUARDED_BY(mutex);  // by group
};

GroupRegistry::GroupRegistry() : members_(std::make_shared<Membership::Members>()) {}

absl::StatusOr<GroupRegistry::Membership> GroupRegistry::Acquire(std::string_view group, std::string_view member) {
  base::MutexLock lock(members_->mutex);
  const auto [place, is_free] = members_->member_of.try_emplace(std::string(group), member);
  if (!is_free) {
    return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kGroupMaxSizeReached,
                       "group %s: has the member %s already; a group cannot be shared by several members yet", group,
                       place->second);
  }
  return Membership(members_, std::string(group), std::string(member));
}

GroupRegistry::Membership& GroupRegistry::Membership::operator=(Membership&& other) noexcept {
  if (this == &other) return *this;
  Release();
  members_ = std::move(other.members_);
  group_ = std::move(other.group_);
  member_ = std::move(other.member_);
  return *this;
}

void GroupRegistry::Membership::Release() noexcept {
  if (members_ == nullptr) return;
  {
    base::MutexLock lock(members_->mutex);
    members_->member_of.erase(group_);
  }
  members_.reset();
}

}  // namespace moldau::coordinator
