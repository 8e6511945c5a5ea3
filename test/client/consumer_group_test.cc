#include <optional>
#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

const TopicPartition kOrders{"orders", 0};

struct GroupWorld : World {
  GroupWorld() {
    Create("orders");
    for (int i = 0; i < 10; ++i) Add(std::to_string(i));
  }
  void Add(const std::string& value) {
    REQUIRE_OK(broker->FindTopic("orders")->partition(0)->Append({.value = value}));
  }
  // Reads two records at a time.
  std::optional<Consumer> Member(ConsumerOptions options = {}) {
    options.group = "baristas";
    options.topics = {"orders"};
    options.max_poll_records = 2;
    auto consumer = Consumer::Subscribe(*broker, options);
    REQUIRE_OK(consumer);
    return *std::move(consumer);
  }
};

Strings Next(std::optional<Consumer>& consumer) {
  const auto records = consumer->Poll(0ms);
  REQUIRE_OK(records);
  return ValuesOf(*records);
}

TEST_CASE("a group goes on where it committed, also after a restart", "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member({.enable_auto_commit = false});
  CHECK(Next(consumer) == Strings{"0", "1"});
  CHECK_OK(consumer->Commit());
  CHECK(consumer->Committed(kOrders).value() == 2);
  CHECK(Next(consumer) == Strings{"2", "3"});
  consumer.reset();

  consumer = world.Member({.enable_auto_commit = false});
  CHECK(Next(consumer) == Strings{"2", "3"});
  CHECK_OK(consumer->Commit());
  consumer.reset();
  world.Reopen();
  consumer = world.Member();
  CHECK(Next(consumer).front() == "4");
}

TEST_CASE("offsets can be committed record by record", "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member({.enable_auto_commit = false});
  const auto records = consumer->Poll(0ms);
  const ConsumerRecord first = *records->begin();
  CHECK_OK(consumer->Commit({{{first.topic(), first.partition()}, first.offset() + 1}}));
  CHECK(consumer->Committed(kOrders).value() == 1);
  consumer.reset();
  consumer = world.Member();
  CHECK(Next(consumer) == Strings{"1", "2"});
}

TEST_CASE("automatic commit says what earlier polls returned, once in a while and at close",
          "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member({.auto_commit_interval = 5s});
  CHECK(Next(consumer) == Strings{"0", "1"});
  CHECK(Next(consumer) == Strings{"2", "3"});
  CHECK(consumer->Committed(kOrders).value() == std::nullopt);
  world.Pass(5s);
  CHECK(Next(consumer) == Strings{"4", "5"});
  CHECK(consumer->Committed(kOrders).value() == 4);
  CHECK(Next(consumer) == Strings{"6", "7"});
  CHECK(consumer->Committed(kOrders).value() == 4);
  CHECK_OK(consumer->Close());
  consumer = world.Member();
  CHECK(consumer->Committed(kOrders).value() == 8);
  CHECK(Next(consumer) == Strings{"8", "9"});
}

TEST_CASE("a consumer that is destroyed without close does not claim what it returned last",
          "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member();
  CHECK(Next(consumer) == Strings{"0", "1"});
  CHECK(Next(consumer) == Strings{"2", "3"});
  consumer.reset();  // as when an exception unwinds the loop
  consumer = world.Member();
  CHECK(Next(consumer) == Strings{"2", "3"});
}

TEST_CASE("without automatic commit nothing is committed unless asked for", "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member({.max_poll_interval = 2h, .enable_auto_commit = false});
  CHECK(Next(consumer) == Strings{"0", "1"});
  world.Pass(1h);
  CHECK(Next(consumer) == Strings{"2", "3"});
  CHECK_OK(consumer->Close());
  consumer = world.Member();
  CHECK(Next(consumer) == Strings{"0", "1"});
}

TEST_CASE("a consumer with assigned partitions uses the offsets of a group without being its member",
          "[client][consumer][group]") {
  GroupWorld world;
  auto member = world.Member({.enable_auto_commit = false});
  Next(member);
  CHECK_OK(member->Commit());
  auto assigned = Consumer::Assign(*world.broker, {&kOrders, 1}, {.group = "baristas", .max_poll_records = 2});
  REQUIRE_OK(assigned);
  CHECK(ValuesOf(assigned->Poll(0ms).value()) == Strings{"2", "3"});
  // What members have agreed on is not for others to change.
  const absl::Status refused = assigned->Commit();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK(GetErrorCode(refused) == ErrorCode::kUnknownMemberId);
  CHECK(member->Committed(kOrders).value() == 2);
  CHECK_OK(member->Close());
  CHECK_OK(assigned->Commit());
  CHECK(assigned->Committed(kOrders).value() == 4);
}

TEST_CASE("without a group there is nothing to commit to", "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  REQUIRE_OK(consumer->Poll(0ms));
  CHECK(absl::IsFailedPrecondition(consumer->Commit()));
  CHECK(GetErrorCode(consumer->Commit()) == ErrorCode::kInvalidGroupId);
  CHECK(absl::IsFailedPrecondition(consumer->Committed(kOrders).status()));
  CHECK_OK(consumer->Close());
}

TEST_CASE("a commit for a partition that does not exist is refused and changes nothing", "[client][consumer][group]") {
  GroupWorld world;
  auto consumer = world.Member({.enable_auto_commit = false});
  const absl::Status refused = consumer->Commit({{kOrders, 5}, {{"nowhere", 0}, 1}});
  CHECK(absl::IsNotFound(refused));
  CHECK(GetErrorCode(refused) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(consumer->Committed(kOrders).value() == std::nullopt);
}

TEST_CASE("what is wrong with a subscription is all named at once", "[client][consumer]") {
  World world;
  world.Create("orders");
  const auto bad = Consumer::Subscribe(*world.broker, {.max_poll_bytes = 0, .auto_commit_interval = -1ms});
  CHECK(absl::IsInvalidArgument(bad.status()));
  for (const char* problem : {"topics are missing", "max_poll_bytes is 0", "auto_commit_interval is -1"}) {
    CHECK(std::string(bad.status().message()).find(problem) != std::string::npos);
  }
  const auto twice = Consumer::Subscribe(*world.broker, {.topics = {"orders", "orders"}});
  CHECK(absl::IsInvalidArgument(twice.status()));
  const auto group = Consumer::Subscribe(*world.broker, {.topics = {"orders"},
                                                         .pattern = "orders",
                                                         .group_instance_id = "till 1",
                                                         .session_timeout = 3s,
                                                         .heartbeat_interval = 3s,
                                                         .max_poll_interval = 0ms});
  CHECK(absl::IsInvalidArgument(group.status()));
  for (const char* problem : {"exclude each other", "group_instance_id is for a group", "less than session_timeout",
                              "max_poll_interval is 0 ms"}) {
    CHECK(std::string(group.status().message()).find(problem) != std::string::npos);
  }
  const auto unknown = Consumer::Subscribe(*world.broker, {.topics = {"nowhere"}});
  CHECK(absl::IsNotFound(unknown.status()));
  CHECK(GetErrorCode(unknown.status()) == ErrorCode::kUnknownTopicOrPartition);

  const TopicPartition missing{"orders", 1};
  CHECK(absl::IsNotFound(Consumer::Assign(*world.broker, {&missing, 1}).status()));
  CHECK(absl::IsInvalidArgument(Consumer::Assign(*world.broker, {}).status()));
}

}  // namespace
}  // namespace moldau
