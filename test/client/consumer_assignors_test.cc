// Assignors of the host's own: what they decide is done, and their mistakes are named.
#include "client/group_consumers.h"

namespace moldau {
namespace {

using namespace test;

// The first member gets everything.
class WinnerTakesAll final : public Assignor {
 public:
  explicit WinnerTakesAll(bool twice = false) : twice_(twice) {}
  [[nodiscard]] std::string_view name() const override { return "winner"; }
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override {
    GroupAssignment assignment;
    for (const auto& [topic, count] : partitions) {
      for (int32_t p = 0; p < count; ++p) {
        assignment[members.front().member_id].push_back({topic, p});
        if (twice_) assignment[members.back().member_id].push_back({topic, p});
      }
    }
    return assignment;
  }

 private:
  const bool twice_;
};

TEST_CASE("a host's own assignor decides, and one that gives a partition twice is stopped",
          "[client][consumer][group]") {
  World world;
  world.Create("orders", 3);
  const std::shared_ptr<const Assignor> fair = std::make_shared<WinnerTakesAll>();
  Consumer a = Subscribe(*world.broker, {.assignors = {fair, "range"}});
  Consumer b = Subscribe(*world.broker, {.assignors = {fair}});
  Settle({&a, &b});
  CHECK(std::max(a.Assignment().size(), b.Assignment().size()) == 3);

  const std::shared_ptr<const Assignor> wrong = std::make_shared<WinnerTakesAll>(true);
  const absl::Status refused =
      Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}, .assignors = {wrong}}).status();
  CHECK(CodeOf(refused) == ErrorCode::kInconsistentGroupProtocol);
  CHECK_THAT(std::string(refused.message()), Catch::Matchers::Contains("winner"));
}

// Gives the first member the topics whose names begin with a letter that the test chooses; all to a stranger for '?'.
class ByLetter final : public Assignor {
 public:
  explicit ByLetter(const char& letter) : letter_(letter) {}
  [[nodiscard]] std::string_view name() const override { return "letter"; }
  [[nodiscard]] bool is_cooperative() const override { return true; }
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override {
    GroupAssignment assignment;
    for (const auto& [topic, count] : partitions) {
      if (topic[0] == letter_) assignment[members[0].member_id].push_back({topic, 0});
      if (letter_ == '?') assignment["a stranger"].push_back({topic, 0});
    }
    return assignment;
  }

 private:
  const char& letter_;
};

TEST_CASE("a consumer whose assignor makes mistakes says so in every poll, and goes on once it makes none",
          "[client][consumer][group]") {
  World world;
  world.Create("a");
  char letter = 'a';
  const ConsumerOptions options{.pattern = ".*", .assignors = {std::make_shared<ByLetter>(letter)}};
  Consumer a = Subscribe(*world.broker, options);
  CHECK(a.Assignment() == Sources{{"a", 0}});
  letter = '?';
  world.Create("b");  // so that the group rebalances
  for (int poll = 0; poll < 3; ++poll) {
    CHECK(CodeOf(a.Poll(0ms).status()) == ErrorCode::kInconsistentGroupProtocol);
  }
  CHECK(a.Assignment().empty());
  letter = 'a';
  Settle({&a});
  CHECK(a.Assignment() == Sources{{"a", 0}});
}

TEST_CASE("what could not be taken over at once is taken over in the next poll", "[client][consumer][group]") {
  World world;
  const Topic old = world.Create("a");
  world.Create("b1");
  const Topic added = world.Create("b2");
  Append(added, 0, "b2");
  char letter = 'a';
  // The host deletes a topic while the consumer is about to begin with it.
  Consumer a = Subscribe(
      *world.broker,
      {.pattern = ".*", .assignors = {std::make_shared<ByLetter>(letter)}, .on_revoked = [&](Consumer&, auto sources) {
         CHECK(Listed(sources) == Sources{{"a", 0}});
         CHECK_OK(world.broker->DeleteTopic("b1"));
       }});
  CHECK(a.Assignment() == Sources{{"a", 0}});
  letter = 'b';
  world.Create("c");  // so that the group rebalances
  CHECK(absl::IsNotFound(a.Poll(0ms).status()));
  CHECK(Settle({&a}) == Strings{"b2"});
  CHECK(a.Assignment() == Sources{{"b2", 0}});
}

}  // namespace
}  // namespace moldau
