// Static members: consumers that keep their name, and with it their partitions, when they are started again.
#include <optional>
#include <string>

#include "client/group_consumers.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("a static member that is started again has its partitions, and the others notice nothing",
          "[client][consumer][group]") {
  const auto assignor = GENERATE("range", "cooperative-sticky");
  World world;
  world.Create("orders", 4);
  int changes = 0;
  const auto count = [&](Consumer&, std::span<const TopicPartition>) { ++changes; };
  const ConsumerOptions options{.assignors = {assignor}, .group_instance_id = "till-1"};
  auto till = std::make_optional(Subscribe(*world.broker, options));
  Consumer other = Subscribe(*world.broker, {.assignors = {assignor}, .on_assigned = count, .on_revoked = count});
  Settle({&*till, &other});
  const Sources before = till->Assignment();
  CHECK(before.size() == 2);
  changes = 0;
  till.reset();
  world.Pass(20s);
  till = Subscribe(*world.broker, options);
  CHECK(till->Assignment() == before);
  Settle({&*till, &other});
  CHECK(till->Assignment() == before);
  CHECK(changes == 0);
}

TEST_CASE("of two consumers with one instance id the older is fenced for good", "[client][consumer][group][G8]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  int lost = 0;
  Consumer a = Subscribe(*world.broker, {.group_instance_id = "till-1",
                                         .on_lost = [&](Consumer&, std::span<const TopicPartition>) { ++lost; },
                                         .enable_auto_commit = false});
  CHECK(Read(a).size() == 1);
  Consumer b = Subscribe(*world.broker, {.group_instance_id = "till-1"});
  CHECK(b.Assignment().size() == 1);
  CHECK(CodeOf(a.Commit()) == ErrorCode::kFencedInstanceId);
  for (int i = 0; i < 3; ++i) {
    const absl::Status fenced = a.Poll(0ms).status();
    CHECK(absl::IsFailedPrecondition(fenced));
    CHECK(CodeOf(fenced) == ErrorCode::kFencedInstanceId);
  }
  CHECK(lost == 1);
  CHECK(Read(b).size() == 1);
  CHECK_OK(b.Commit());
}

TEST_CASE("a static member that leads and is started again shares out what was added while it was away",
          "[client][consumer][group][G5]") {
  const auto assignor = GENERATE("range", "cooperative-sticky");
  World world;
  const Topic topic = world.Create("orders", 2);
  const ConsumerOptions options{.assignors = {assignor}, .group_instance_id = "till-1"};
  auto till = std::make_optional(Subscribe(*world.broker, options));  // leads: it was the first
  Consumer other = Subscribe(*world.broker, {.assignors = {assignor}});
  Settle({&*till, &other});
  till.reset();
  REQUIRE_OK(world.broker->AddPartitions("orders", 4));
  for (int32_t p = 0; p < 4; ++p) Append(topic, p, std::to_string(p));
  till = Subscribe(*world.broker, options);
  CHECK(Settle({&*till, &other}).size() == 4);
  CHECK(till->Assignment().size() == 2);
  CHECK(other.Assignment().size() == 2);
}

TEST_CASE("after a restart the others get what a static member had that does not come back, when its session ends",
          "[client][consumer][group][G5]") {
  World world;
  world.Create("orders", 4);
  {
    Consumer till = Subscribe(*world.broker, {.group_instance_id = "till-1"});
    Consumer other = Subscribe(*world.broker);
    Settle({&till, &other});
    CHECK(till.Assignment().size() == 2);
  }
  world.Reopen();
  Consumer next = Subscribe(*world.broker);
  for (int second = 0; second < 44; ++second) {
    world.Pass(1s);
    Read(next);
  }
  CHECK(next.Assignment().empty());  // it may still come
  world.Pass(1s);
  Settle({&next});
  CHECK(next.Assignment().size() == 4);
}

TEST_CASE("a consumer that is closed after it has lost its place is told that its partitions are lost",
          "[client][consumer][group]") {
  World world;
  world.Create("orders");
  Strings told;
  Consumer a = Subscribe(*world.broker, {.group_instance_id = "till-1",
                                         .max_poll_interval = 60s,
                                         .on_revoked = [&](Consumer&, auto) { told.emplace_back("revoked"); },
                                         .on_lost = [&](Consumer&, auto) { told.emplace_back("lost"); },
                                         .enable_auto_commit = false});
  CHECK(a.Assignment().size() == 1);
  std::optional<Consumer> b;
  SECTION("to another one of its name") { b = Subscribe(*world.broker, {.group_instance_id = "till-1"}); }
  SECTION("because it has not polled for long") { world.Pass(60s); }
  CHECK_OK(a.Close());
  CHECK(told == Strings{"lost"});
}

TEST_CASE("a name that Kafka would not take for an instance is refused", "[client][consumer][group]") {
  World world;
  world.Create("orders");
  for (const std::string& name : {std::string(250, 't'), std::string("till 1"), std::string("..")}) {
    const absl::Status refused =
        Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}, .group_instance_id = name}).status();
    CHECK(absl::IsInvalidArgument(refused));
    CHECK_THAT(std::string(refused.message()), Catch::Matchers::Contains("group_instance_id"));
  }
  Subscribe(*world.broker, {.group_instance_id = std::string(249, 't')});
}

}  // namespace
}  // namespace moldau
