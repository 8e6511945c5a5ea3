// Topics that come, grow, go and come again under a subscription.
#include <algorithm>
#include <string>

#include "client/group_consumers.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("a pattern is followed to topics that come, and not to those that Moldau keeps",
          "[client][consumer][group]") {
  World world;
  const Topic first = world.Create("orders.eu");
  world.Create("audit");
  Append(first, 0, "eu");
  for (const std::string& group : {std::string("baristas"), std::string()}) {
    auto subscribed = Consumer::Subscribe(*world.broker, {.group = group, .pattern = "orders\\..*|__.*"});
    REQUIRE_OK(subscribed);
    Consumer a = *std::move(subscribed);
    CHECK(Read(a) == Strings{"eu"});
    const Topic second = world.Create("orders." + (group.empty() ? "none" : group), 2);
    Append(second, 1, "new");
    CHECK(Read(a) == Strings{"new"});
    REQUIRE_OK(world.broker->DeleteTopic(second.name()));
  }
}

TEST_CASE("a pattern may match nothing yet, and one that is none is refused", "[client][consumer][group]") {
  World world;
  Consumer a = Subscribe(*world.broker, {.pattern = "orders"});
  CHECK(a.Assignment().empty());
  CHECK(Read(a).empty());
  world.Create("orders");
  Read(a);
  CHECK(a.Assignment() == Sources{{"orders", 0}});
  world.Create("orders-of-others");
  Read(a);
  CHECK(a.Assignment().size() == 1);  // the whole name has to match

  const auto refused = Consumer::Subscribe(*world.broker, {.group = "g", .pattern = "(orders"});
  CHECK(absl::IsInvalidArgument(refused.status()));
}

TEST_CASE("members may read different topics", "[client][consumer][group]") {
  World world;
  world.Create("orders", 2);
  world.Create("refunds", 2);
  Consumer a = Subscribe(*world.broker, {.topics = {"orders", "refunds"}});
  Consumer b = Subscribe(*world.broker, {.topics = {"refunds"}});
  Settle({&a, &b});
  CHECK(a.Assignment() == Sources{{"orders", 0}, {"orders", 1}});
  CHECK(b.Assignment() == Sources{{"refunds", 0}, {"refunds", 1}});
}

TEST_CASE("partitions that are added are shared out, and nothing in them is missed", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Consumer a = Subscribe(*world.broker, {.auto_offset_reset = OffsetReset::kLatest});
  Consumer b = Subscribe(*world.broker, {.auto_offset_reset = OffsetReset::kLatest});
  Settle({&a, &b});
  REQUIRE_OK(world.broker->AddPartitions("orders", 4));
  Append(topic, 2, "2");
  Append(topic, 3, "3");
  Strings seen = Settle({&a, &b});
  std::sort(seen.begin(), seen.end());
  CHECK(seen == Strings{"2", "3"});
  CHECK(a.Assignment().size() == 2);
  CHECK(b.Assignment().size() == 2);
}

// --- topics that are made anew ---

TEST_CASE("a topic that is made anew under its name between two polls is read from its first record on",
          "[client][consumer][group]") {
  const auto assignor = GENERATE("range", "cooperative-sticky");
  const auto reset = GENERATE(OffsetReset::kEarliest, OffsetReset::kLatest);
  World world;
  const Topic old = world.Create("orders", 2);
  Sources lost;
  Consumer a =
      Subscribe(*world.broker, {.assignors = {assignor},
                                .on_lost = [&](Consumer&, std::span<const TopicPartition> all) { lost = Listed(all); },
                                .auto_offset_reset = reset});
  for (const char* value : {"0", "1", "2"}) Append(old, 0, value);
  CHECK(Read(a).size() == 3);
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  const Topic anew = world.Create("orders", 2);
  Append(anew, 0, "new");
  CHECK(Settle({&a}) == Strings{"new"});
  CHECK(lost == Sources{{"orders", 0}, {"orders", 1}});
  CHECK_OK(a.Commit());
  CHECK(a.Committed({"orders", 0}).value() == 1);
}

TEST_CASE("what was read of a topic is not committed for another one of its name", "[client][consumer][group]") {
  World world;
  const Topic old = world.Create("orders");
  for (const char* value : {"0", "1", "2"}) Append(old, 0, value);
  Consumer a = Subscribe(*world.broker, {.auto_commit_interval = 0ms});
  CHECK(Read(a).size() == 3);
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  const Topic anew = world.Create("orders");
  SECTION("by a commit of the positions") { CHECK_OK(a.Commit()); }
  SECTION("by a commit of an offset") {
    const absl::Status refused = a.Commit({{{"orders", 0}, 3}});
    CHECK(absl::IsNotFound(refused));
    CHECK(CodeOf(refused) == ErrorCode::kUnknownTopicOrPartition);
  }
  SECTION("by a poll") { CHECK(Settle({&a}).empty()); }
  SECTION("by its close") { CHECK_OK(a.Close()); }
  auto outside = Consumer::Assign(*world.broker, Sources{{"orders", 0}}, {.group = "baristas"});
  REQUIRE_OK(outside);
  CHECK(outside->Committed({"orders", 0}).value().value_or(0) == 0);  // of the new one nothing has been read
}

TEST_CASE("a topic that is made anew with other partitions is shared out anew", "[client][consumer][group]") {
  const auto assignor = GENERATE("range", "cooperative-sticky");
  const int32_t partitions = GENERATE(2, 6);
  World world;
  world.Create("orders", 4);
  Consumer a = Subscribe(*world.broker, {.assignors = {assignor}});
  Consumer b = Subscribe(*world.broker, {.assignors = {assignor}});
  Settle({&a, &b});
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  if (GENERATE(false, true)) Settle({&b});  // only one of them sees that it is gone
  const Topic anew = world.Create("orders", partitions);
  for (int32_t p = 0; p < partitions; ++p) Append(anew, p, std::to_string(p));
  CHECK(Settle({&a, &b}).size() == static_cast<size_t>(partitions));
  CHECK(a.Assignment().size() == static_cast<size_t>(partitions) / 2);
  CHECK(b.Assignment().size() == static_cast<size_t>(partitions) / 2);
}

TEST_CASE("without a group, too, a topic that is made anew is read from its first record on", "[client][consumer]") {
  World world;
  const Topic old = world.Create("orders", 2);
  Append(old, 0, "old");
  auto named = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  auto matching = Consumer::Subscribe(*world.broker, {.pattern = "orders|audit"});
  for (auto* consumer : {&named, &matching}) {
    REQUIRE_OK(*consumer);
    CHECK(Read(**consumer) == Strings{"old"});
  }
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  CHECK(absl::IsNotFound(named->Poll(0ms).status()));  // it is missed
  CHECK(Read(*matching).empty());                      // it may come and go
  const Topic anew = world.Create("orders");
  Append(anew, 0, "new");
  for (auto* consumer : {&named, &matching}) {
    CHECK(Read(**consumer) == Strings{"new"});
    CHECK((*consumer)->Assignment() == Sources{{"orders", 0}});
  }
}

TEST_CASE("a consumer closes durably though one of its topics has gone", "[client][consumer][group]") {
  World world;
  const Topic orders = world.Create("orders");
  const Topic audit = world.Create("audit");
  Append(orders, 0, "o");
  Append(audit, 0, "a");
  Consumer a = Subscribe(*world.broker, {.topics = {"audit", "orders"}});
  CHECK(Read(a).size() == 2);
  REQUIRE_OK(world.broker->DeleteTopic("audit"));
  CHECK_OK(a.Close());
  World after({}, world.disk.CrashImage({}));
  auto outside = Consumer::Assign(*after.broker, Sources{{"orders", 0}}, {.group = "baristas"});
  REQUIRE_OK(outside);
  CHECK(outside->Committed({"orders", 0}).value() == 1);
}

}  // namespace
}  // namespace moldau
