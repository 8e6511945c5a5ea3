#include "coordinator/group_registry.h"

#include <optional>

#include "moldau/error.h"
#include "support/catch.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("a group has one member at a time, and the second is told who it is", "[coordinator][group]") {
  GroupRegistry registry;
  auto first = registry.Acquire("baristas", "anna");
  REQUIRE_OK(first);
  CHECK(first->group() == "baristas");
  CHECK(first->member() == "anna");
  const absl::Status status = registry.Acquire("baristas", "ben").status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(GetErrorCode(status) == ErrorCode::kGroupMaxSizeReached);
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("anna") && Catch::Matchers::Contains("yet"));
  CHECK_OK(registry.Acquire("waiters", "ben"));
}

TEST_CASE("a membership that is dropped, released or moved over is free again", "[coordinator][group]") {
  GroupRegistry registry;
  {
    const auto dropped = registry.Acquire("baristas", "anna");
    REQUIRE_OK(dropped);
  }
  auto released = registry.Acquire("baristas", "ben");
  REQUIRE_OK(released);
  released->Release();
  released->Release();
  auto moved = registry.Acquire("baristas", "carl");
  REQUIRE_OK(moved);
  GroupRegistry::Membership kept = *std::move(moved);
  CHECK_FALSE(registry.Acquire("baristas", "dora").ok());
  kept = GroupRegistry::Membership();
  CHECK_OK(registry.Acquire("baristas", "dora"));
}

TEST_CASE("a membership may outlive its registry", "[coordinator][group]") {
  std::optional<GroupRegistry::Membership> kept;
  {
    GroupRegistry registry;
    kept = *registry.Acquire("baristas", "anna");
  }
  kept.reset();
}

}  // namespace
}  // namespace moldau::coordinator
