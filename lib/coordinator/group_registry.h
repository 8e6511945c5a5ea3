// Who consumes for a group. For now a group has one member at a time; sharing a group between members, with Kafka's
// rebalance protocol, takes this place later.
//
// Threads: all members may be called from any thread.
// Ownership: a membership may outlive the registry.   Failure: as documented.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/mutex.h"

namespace moldau::coordinator {

class GroupRegistry {
 public:
  // The right to consume for a group; given back when it is destroyed.
  class [[nodiscard]] Membership {
   public:
    Membership() = default;
    Membership(Membership&&) noexcept = default;
    Membership& operator=(Membership&& other) noexcept;
    ~Membership() { Release(); }

    [[nodiscard]] const std::string& group() const noexcept { return group_; }
    [[nodiscard]] const std::string& member() const noexcept { return member_; }
    // Gives it back early.
    void Release() noexcept;

   private:
    friend class GroupRegistry;
    struct Members;
    Membership(std::shared_ptr<Members> members, std::string group, std::string member)
        : members_(std::move(members)), group_(std::move(group)), member_(std::move(member)) {}

    std::shared_ptr<Members> members_;  // null: none
    std::string group_;
    std::string member_;
  };

  GroupRegistry();

  // FailedPrecondition (kGroupMaxSizeReached) naming the member that the group has already.
  absl::StatusOr<Membership> Acquire(std::string_view group, std::string_view member);

 private:
  std::shared_ptr<Membership::Members> members_;
};

}  // namespace moldau::coordinator
