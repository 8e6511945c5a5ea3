#include "client/group_plan.h"

#include "support/catch.h"

namespace moldau::client {
namespace {

using protocol::JoinGroupResponse;

const std::vector<std::string> kTopics = {"t"};

JoinGroupResponse::Member Member(const Assignor& assignor, std::string id, const std::vector<TopicPartition>& owned,
                                 int32_t generation = 1) {
  auto offer = EncodeOffer(assignor, kTopics, owned, generation);
  REQUIRE_OK(offer);
  return {.member_id = std::move(id), .metadata = *std::move(offer)};
}

int32_t FourOfT(const std::string& topic) { return topic == "t" ? 4 : 0; }

std::map<std::string, std::vector<TopicPartition>> Shares(const GroupPlan& plan) {
  std::map<std::string, std::vector<TopicPartition>> shares;
  for (const auto& one : plan.assignments) {
    auto decoded = DecodePartitions(one.assignment);
    REQUIRE_OK(decoded);
    shares[one.member_id] = *std::move(decoded);
  }
  return shares;
}

// Does what it is told.
class Scripted final : public Assignor {
 public:
  Scripted(GroupAssignment script, bool cooperative) : script_(std::move(script)), cooperative_(cooperative) {}
  [[nodiscard]] std::string_view name() const override { return "scripted"; }
  [[nodiscard]] bool is_cooperative() const override { return cooperative_; }
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>&, const PartitionCounts&) const override {
    return script_;
  }

 private:
  const GroupAssignment script_;
  const bool cooperative_;
};

TEST_CASE("a plan has bytes for every member, also for one that gets nothing", "[client][group]") {
  const Scripted assignor({{"a", {{"t", 2}, {"t", 0}}}}, false);
  const auto plan = PlanGroup(assignor, {Member(assignor, "a", {}), Member(assignor, "b", {})}, FourOfT);
  REQUIRE_OK(plan);
  CHECK(Shares(*plan) == GroupAssignment{{"a", {{"t", 0}, {"t", 2}}}, {"b", {}}});
  CHECK(plan->counts == PartitionCounts{{"t", 4}});
}

TEST_CASE("what another member still has is left to nobody for one round, of a cooperative assignor",
          "[client][group]") {
  const GroupAssignment script = {{"a", {{"t", 0}}}, {"b", {{"t", 1}, {"t", 2}}}};
  for (const bool cooperative : {true, false}) {
    const Scripted assignor(script, cooperative);
    const auto plan =
        PlanGroup(assignor, {Member(assignor, "a", {{"t", 0}, {"t", 1}}), Member(assignor, "b", {{"t", 2}})}, FourOfT);
    REQUIRE_OK(plan);
    if (cooperative) {
      CHECK(Shares(*plan) == GroupAssignment{{"a", {{"t", 0}}}, {"b", {{"t", 2}}}});
    } else {
      CHECK(Shares(*plan) == script);
    }
  }
}

TEST_CASE("an older claim does not take a partition from whoever has it since", "[client][group]") {
  const Scripted assignor({{"a", {}}, {"b", {{"t", 1}}}}, true);
  const auto plan =
      PlanGroup(assignor, {Member(assignor, "a", {{"t", 1}}, 3), Member(assignor, "b", {{"t", 1}}, 4)}, FourOfT);
  REQUIRE_OK(plan);
  CHECK(Shares(*plan).at("b") == std::vector<TopicPartition>{{"t", 1}});
}

TEST_CASE("an assignor that makes a mistake is named instead of followed", "[client][group]") {
  const GroupAssignment mistakes[] = {
      {{"a", {{"t", 0}}}, {"b", {{"t", 0}}}}, {{"stranger", {{"t", 0}}}}, {{"a", {{"t", 4}}}}, {{"a", {{"u", 0}}}}};
  for (const GroupAssignment& mistake : mistakes) {
    const Scripted assignor(mistake, false);
    const absl::Status refused =
        PlanGroup(assignor, {Member(assignor, "a", {}), Member(assignor, "b", {})}, FourOfT).status();
    CHECK(absl::IsFailedPrecondition(refused));
    CHECK(GetErrorCode(refused) == ErrorCode::kInconsistentGroupProtocol);
    CHECK_THAT(std::string(refused.message()), Catch::Matchers::Contains("scripted"));
  }
}

TEST_CASE("a member whose subscription cannot be read gets nothing, and the others get all", "[client][group]") {
  const auto assignor = FindAssignor("range");
  REQUIRE_OK(assignor);
  const auto plan =
      PlanGroup(**assignor, {Member(**assignor, "a", {}), {.member_id = "b", .metadata = "\x01"}}, FourOfT);
  REQUIRE_OK(plan);
  CHECK(Shares(*plan).at("a").size() == 4);
  CHECK(Shares(*plan).at("b").empty());
}

TEST_CASE("an assignment that is missing is an empty one, and one that is damaged is refused", "[client][group]") {
  CHECK(DecodePartitions("")->empty());
  CHECK_FALSE(DecodePartitions("\xff").ok());
}

}  // namespace
}  // namespace moldau::client
