// What every back end owes the consumers of a group.
#include <map>

#include "contract/clients.h"

namespace moldau::contract {
namespace {

ConsumerOptions InGroup(ConsumerOptions options = {}) {
  if (options.group.empty()) options.group = "baristas";
  return options;
}

// Without the help of a commit that is made by itself.
ConsumerOptions ByHand() { return {.group = "baristas", .enable_auto_commit = false}; }

size_t Owned(const Consumer& consumer) { return consumer.Assignment().size(); }

TEST_CASE("a group goes on where it has committed, not where it has read", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b", "c", "d"});
    {
      ConsumerOptions options = ByHand();
      options.max_poll_records = 2;
      Consumer consumer = Subscribed(environment, options);
      CHECK((ReadValues(consumer, 2) == Strings{"a", "b"}));
      REQUIRE_OK(consumer.Commit());
      CHECK(consumer.Committed(kOrders0).value() == 2);
      CHECK((ReadValues(consumer, 2) == Strings{"c", "d"}));
      REQUIRE_OK(consumer.Close());
    }
    Consumer next = Subscribed(environment, ByHand());
    CHECK((ReadValues(next, 2) == Strings{"c", "d"}));
  });
}

TEST_CASE("the offsets of a commit may be chosen, and belong to their group alone", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Send(environment, {"a", "b", "c"});
    Consumer consumer = Subscribed(environment, ByHand());
    CHECK(Read(consumer, 3).size() == 3);
    REQUIRE_OK(consumer.Commit({{kOrders0, 1}}));
    CHECK(consumer.Committed(kOrders0).value() == 1);
    CHECK(consumer.Committed({"orders", 1}).value() == std::nullopt);
    REQUIRE_OK(consumer.Close());

    Consumer again = Subscribed(environment, ByHand());
    CHECK((ReadValues(again, 2) == Strings{"b", "c"}));
    Consumer other = Subscribed(environment, InGroup({.group = "cashiers"}));
    CHECK((ReadValues(other, 3) == Strings{"a", "b", "c"}));
  });
}

TEST_CASE("a commit need not be waited for", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b"});
    Consumer consumer = Subscribed(environment, ByHand());
    CHECK(Read(consumer, 2).size() == 2);
    const auto receipt = consumer.CommitAsync();
    REQUIRE_OK(receipt);
    REQUIRE_OK(receipt->Wait());
    CHECK(consumer.Committed(kOrders0).value() == 2);
  });
}

TEST_CASE("a consumer that is closed has committed what it was given, unless that is switched off",
          "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b"});
    for (const bool automatic : {false, true}) {
      Consumer consumer = Subscribed(environment, InGroup({.enable_auto_commit = automatic}));
      CHECK((ReadValues(consumer, 2) == Strings{"a", "b"}));
      REQUIRE_OK(consumer.Close());
    }
    Consumer last = Subscribed(environment, InGroup());
    CHECK(HasNoMore(last));
  });
}

TEST_CASE("two members share the partitions, and each record goes to one of them", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 4);
    Consumer first = Subscribed(environment, InGroup());
    Consumer second = Subscribed(environment, InGroup());
    PollUntil({&first, &second}, [&] { return Owned(first) == 2 && Owned(second) == 2; });

    std::map<TopicPartition, int> owners;
    for (const Consumer* consumer : {&first, &second}) {
      for (const TopicPartition& partition : consumer->Assignment()) ++owners[partition];
    }
    CHECK(owners.size() == 4);

    Strings expected;
    for (int32_t partition = 0; partition < 4; ++partition) {
      expected.push_back("to " + std::to_string(partition));
      Send(environment, {expected.back()}, partition);
    }
    Strings values = ReadValues(first, 2);
    for (const std::string& value : ReadValues(second, 2)) values.push_back(value);
    CHECK(Sorted(values) == expected);
    CHECK(HasNoMore(first));
    CHECK(HasNoMore(second));
  });
}

TEST_CASE("who takes a partition over goes on where the one before had committed", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Consumer stays = Subscribed(environment, ByHand());
    Consumer leaves = Subscribed(environment, ByHand());
    PollUntil({&stays, &leaves}, [&] { return Owned(stays) == 1 && Owned(leaves) == 1; });
    const TopicPartition moved = leaves.Assignment().front();
    Send(environment, {"done", "not done"}, moved.partition);
    CHECK(Read(leaves, 2).size() == 2);
    REQUIRE_OK(leaves.Commit({{moved, 1}}));
    REQUIRE_OK(leaves.Close());

    const auto taken_over = PollUntil({&stays}, [&] { return Owned(stays) == 2; });
    Strings values = ValuesOf(taken_over);
    if (values.empty()) values = ReadValues(stays, 1);
    CHECK((values == Strings{"not done"}));
  });
}

TEST_CASE("members hear what they get and what they have to give up", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    std::map<TopicPartition, int> owned;
    const auto change = [&owned](int by) {
      return [&owned, by](Consumer&, std::span<const TopicPartition> partitions) {
        for (const TopicPartition& partition : partitions) owned[partition] += by;
      };
    };
    ConsumerOptions options = InGroup();
    options.on_assigned = change(+1);
    options.on_revoked = change(-1);
    Consumer consumer = Subscribed(environment, options);
    PollUntil({&consumer}, [&] { return owned[{"orders", 0}] == 1 && owned[{"orders", 1}] == 1; });
    Consumer other = Subscribed(environment, InGroup());
    PollUntil({&consumer, &other}, [&] { return owned[{"orders", 0}] + owned[{"orders", 1}] == 1; });
    REQUIRE_OK(consumer.Close());
    CHECK(owned[{"orders", 0}] + owned[{"orders", 1}] == 0);
  });
}

TEST_CASE("partitions that are added are shared out, and nothing in them is missed", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 1);
    Consumer consumer = Subscribed(environment, InGroup());
    PollUntil({&consumer}, [&] { return Owned(consumer) == 1; });
    REQUIRE_OK(environment.AddPartitions("orders", 3));
    Send(environment, {"early"}, 2);
    Strings values = ValuesOf(PollUntil({&consumer}, [&] { return Owned(consumer) == 3; }));
    if (values.empty()) values = ReadValues(consumer, 1);
    CHECK((values == Strings{"early"}));
  });
}

TEST_CASE("a group refuses what its members have not agreed on", "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Consumer member = Subscribed(environment, InGroup());
    PollUntil({&member}, [&] { return Owned(member) == 1; });

    const TopicPartition partitions[] = {kOrders0};
    auto outsider = environment.Assign(partitions, InGroup());
    REQUIRE_OK(outsider);
    CHECK(CodeOf(outsider->Commit({{kOrders0, 0}})) == ErrorCode::kUnknownMemberId);

    ConsumerOptions eager = InGroup({.topics = {"orders"}, .assignors = {"range"}});
    CHECK(CodeOf(environment.Subscribe(eager)) == ErrorCode::kInconsistentGroupProtocol);
    ConsumerOptions unknown = InGroup({.topics = {"orders"}, .assignors = {"fair"}});
    CHECK(CodeOf(environment.Subscribe(unknown)) == ErrorCode::kInconsistentGroupProtocol);
    ConsumerOptions hasty = InGroup({.group = "hasty", .topics = {"orders"}, .session_timeout = 1s});
    hasty.heartbeat_interval = 100ms;
    CHECK(CodeOf(environment.Subscribe(hasty)) == ErrorCode::kInvalidSessionTimeout);
    CHECK(CodeOf(member.Commit({{{"nowhere", 0}, 1}})) == ErrorCode::kUnknownTopicOrPartition);
  });
}

TEST_CASE("of two members with one instance id the older is fenced, and changes nothing any more",
          "[contract][group]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a"});
    ConsumerOptions options = ByHand();
    options.group_instance_id = "left-till";
    Consumer older = Subscribed(environment, options);
    CHECK(Read(older, 1).size() == 1);
    Consumer newer = Subscribed(environment, options);
    PollUntil({&newer}, [&] { return Owned(newer) == 1; });
    CHECK(CodeOf(older.Commit()) == ErrorCode::kFencedInstanceId);
    CHECK(newer.Committed(kOrders0).value() == std::nullopt);
  });
}

TEST_CASE("a member that does not poll in time loses its partitions, and its late commit changes nothing",
          "[contract][group]") {
  OnEachBackend(
      [](Environment& environment) {
        Create(environment, "orders");
        Send(environment, {"a"});
        Consumer slow = Subscribed(environment, ByHand());
        CHECK(Read(slow, 1).size() == 1);
        environment.Pass(10min);
        Consumer quick = Subscribed(environment, ByHand());
        CHECK((ReadValues(quick, 1) == Strings{"a"}));
        CHECK_FALSE(slow.Commit().ok());
        CHECK(quick.Committed(kOrders0).value() == std::nullopt);
      },
      &Abilities::clock);
}

}  // namespace
}  // namespace moldau::contract
