// Assignors of the host's own: what they decide is done, and their mistakes are named.
#include <memory>
#include <stdexcept>
#include <string>

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

TEST_CASE("of what could be taken over only in part the host is told", "[client][consumer][group]") {
  World world;
  world.Create("a");
  world.Create("b1");
  char letter = 'a';
  Sources told;
  Consumer a = Subscribe(
      *world.broker,
      {.pattern = ".*",
       .assignors = {std::make_shared<ByLetter>(letter)},
       .on_assigned = [&](Consumer&, auto sources) { told.insert(told.end(), sources.begin(), sources.end()); },
       .on_revoked = [&](Consumer&, auto) { CHECK_OK(world.broker->DeleteTopic("b2")); }});
  told.clear();
  letter = 'b';
  world.Create("b2");  // younger than the subscription, which begins with it apart
  CHECK(absl::IsNotFound(a.Poll(0ms).status()));
  Settle({&a});
  CHECK(a.Assignment() == Sources{{"b1", 0}});
  CHECK(told == Sources{{"b1", 0}});
}

TEST_CASE("a static member whose assignor makes mistakes does not keep the lead", "[client][consumer][group]") {
  World world;
  world.Create("a");
  char broken = 'a';
  char sound = 'a';
  Consumer a =
      Subscribe(*world.broker,
                {.pattern = ".*", .assignors = {std::make_shared<ByLetter>(broken)}, .group_instance_id = "till-1"});
  Consumer b = Subscribe(*world.broker, {.pattern = ".*", .assignors = {std::make_shared<ByLetter>(sound)}});
  Settle({&a, &b});
  broken = '?';
  sound = 'b';
  world.Create("b");  // so that the group rebalances
  CHECK(Read(b).empty());
  CHECK(CodeOf(a.Poll(0ms).status()) == ErrorCode::kInconsistentGroupProtocol);
  Settle({&b, &a});
  CHECK(b.Assignment() == Sources{{"b", 0}});
}

// Throws in the call that the test names.
class Throwing final : public Assignor {
 public:
  Throwing(const std::string& in, bool cooperative) : in_(in), cooperative_(cooperative) {}
  [[nodiscard]] std::string_view name() const override { return "throwing"; }
  [[nodiscard]] bool is_cooperative() const override { return cooperative_; }
  [[nodiscard]] std::string UserData(const std::vector<TopicPartition>&, int32_t) const override {
    if (in_ == "UserData") throw std::runtime_error("no more paper");
    return {};
  }
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override {
    if (in_ == "Assign") throw std::runtime_error("no more paper");
    GroupAssignment assignment;
    for (int32_t p = 0; p < partitions.at("orders"); ++p) assignment[members[0].member_id].push_back({"orders", p});
    return assignment;
  }

 private:
  const std::string& in_;
  const bool cooperative_;
};

TEST_CASE("an assignor that throws is contained and named, and the consumer goes on once it throws no more",
          "[client][consumer][group]") {
  const std::string call = GENERATE("Assign", "UserData");
  const bool cooperative = GENERATE(false, true);
  World world;
  world.Create("orders", 2);
  std::string throws_in = call;
  const ConsumerOptions options{
      .group = "baristas", .topics = {"orders"}, .assignors = {std::make_shared<Throwing>(throws_in, cooperative)}};
  const absl::Status refused = Consumer::Subscribe(*world.broker, options).status();
  CHECK(absl::IsInternal(refused));
  for (const std::string& part : {std::string("assignor throwing"), call, std::string("no more paper")}) {
    CHECK_THAT(std::string(refused.message()), Catch::Matchers::Contains(part));
  }
  throws_in.clear();
  Consumer a = Subscribe(*world.broker, options);
  CHECK(a.Assignment().size() == 2);  // at once: the one before has left
  throws_in = call;
  REQUIRE_OK(world.broker->AddPartitions("orders", 3));  // so that the group rebalances
  for (int poll = 0; poll < 3; ++poll) CHECK(absl::IsInternal(a.Poll(0ms).status()));
  Consumer other = Subscribe(*world.broker, {.group = "baristas", .assignors = {"range"}});
  CHECK(other.Assignment().size() == 3);  // nor does it keep a place that it can do nothing with
  CHECK_OK(other.Close());
  throws_in.clear();
  Settle({&a});
  CHECK(a.Assignment().size() == 3);
}

class Named final : public Assignor {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>&, const PartitionCounts&) const override {
    return {};
  }

 private:
  const std::string name_;
};

TEST_CASE("an assignor whose name no group could keep is refused", "[client][consumer][group]") {
  World world;
  world.Create("orders");
  for (const size_t length : {size_t{0}, size_t{250}}) {
    const absl::Status refused =
        Consumer::Subscribe(
            *world.broker,
            {.group = "g", .topics = {"orders"}, .assignors = {std::make_shared<Named>(std::string(length, 'n'))}})
            .status();
    CHECK(absl::IsInvalidArgument(refused));
    CHECK_THAT(std::string(refused.message()), Catch::Matchers::Contains("name of an assignor"));
  }
  Subscribe(*world.broker, {.assignors = {std::make_shared<Named>(std::string(249, 'n'))}});
}

}  // namespace
}  // namespace moldau
