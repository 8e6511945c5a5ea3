// What every back end owes a Consumer that is by itself.
#include <map>
#include <stop_token>

#include "contract/clients.h"

namespace moldau::contract {
namespace {

TEST_CASE("a consumer begins at the oldest record or behind the last one, as it likes", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b"});
    Consumer earliest = Subscribed(environment);
    Consumer latest = Subscribed(environment, {.auto_offset_reset = OffsetReset::kLatest});
    CHECK((ReadValues(earliest, 2) == Strings{"a", "b"}));
    CHECK(HasNoMore(latest));
    Send(environment, {"c"});
    CHECK((ReadValues(earliest, 1) == Strings{"c"}));
    CHECK((ReadValues(latest, 1) == Strings{"c"}));
  });
}

TEST_CASE("a consumer without a choice where to begin is told the valid range", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a"});
    Consumer consumer = Subscribed(environment, {.auto_offset_reset = OffsetReset::kNone});
    REQUIRE_OK(consumer.Seek(kOrders0, 5));
    const auto records = consumer.Poll(1s);
    CHECK(absl::IsOutOfRange(records.status()));
    CHECK(CodeOf(records) == ErrorCode::kOffsetOutOfRange);
    REQUIRE_OK(consumer.Seek(kOrders0, 0));
    CHECK((ReadValues(consumer, 1) == Strings{"a"}));
  });
}

TEST_CASE("each partition is read in its order and from its beginning", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 3);
    Strings expected[3];
    for (int i = 0; i < 60; ++i) expected[i % 3].push_back(std::to_string(i));
    for (int32_t partition = 0; partition < 3; ++partition) Send(environment, expected[partition], partition);
    Consumer consumer = Subscribed(environment, {.max_poll_bytes = 100});
    Strings values[3];
    int64_t next[3] = {0, 0, 0};
    for (const Received& received : Read(consumer, 60)) {
      const auto partition = static_cast<size_t>(received.partition.partition);
      CHECK(received.offset == next[partition]++);
      values[partition].push_back(received.value.value());
    }
    for (int i = 0; i < 3; ++i) CHECK(values[i] == expected[i]);
  });
}

TEST_CASE("a consumer of several topics gets them all, one of given partitions gets no others",
          "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Create(environment, "bills");
    Send(environment, {"a"}, 0);
    Send(environment, {"b"}, 1);
    Send(environment, {"c"}, 0, "bills");
    Consumer both = Subscribed(environment, {.topics = {"orders", "bills"}});
    CHECK((Sorted(ReadValues(both, 3)) == Strings{"a", "b", "c"}));

    const TopicPartition second[] = {{"orders", 1}};
    auto assigned = environment.Assign(second, {});
    REQUIRE_OK(assigned);
    CHECK((ReadValues(*assigned, 1) == Strings{"b"}));
    CHECK(HasNoMore(*assigned));
    CHECK((assigned->Assignment() == std::vector<TopicPartition>{{"orders", 1}}));
  });
}

TEST_CASE("a pattern subscribes to each topic whose whole name it matches", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    for (const char* topic : {"orders.eu", "orders.us", "old.orders.eu"}) {
      Create(environment, topic);
      Send(environment, {topic}, 0, topic);
    }
    Consumer consumer = Subscribed(environment, {.pattern = "orders\\..*"});
    CHECK((Sorted(ReadValues(consumer, 2)) == Strings{"orders.eu", "orders.us"}));
    CHECK(HasNoMore(consumer));
  });
}

TEST_CASE("a consumer goes wherever it is sent, and says where it is and how much lies ahead", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b", "c", "d"});
    Consumer consumer = Subscribed(environment);
    CHECK((ReadValues(consumer, 4) == Strings{"a", "b", "c", "d"}));
    CHECK(consumer.Position(kOrders0).value() == 4);
    CHECK(consumer.Lag(kOrders0).value() == 0);

    REQUIRE_OK(consumer.Seek(kOrders0, 2));
    CHECK(consumer.Position(kOrders0).value() == 2);
    CHECK(consumer.Lag(kOrders0).value() == 2);
    CHECK((ReadValues(consumer, 2) == Strings{"c", "d"}));

    REQUIRE_OK(consumer.SeekToBeginning());
    CHECK(ReadValues(consumer, 4).front() == "a");
    REQUIRE_OK(consumer.SeekToBeginning());
    REQUIRE_OK(consumer.SeekToEnd());
    CHECK(HasNoMore(consumer));
    Send(environment, {"e"});
    CHECK((ReadValues(consumer, 1) == Strings{"e"}));
  });
}

TEST_CASE("a consumer goes to the first record that is as late as a time", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Producer producer = MakeProducer(environment);
    const Timestamp start = environment.Now() - 1h;
    for (int minute = 0; minute < 10; ++minute) {
      SendOne(producer, "orders", {.value = std::to_string(minute), .timestamp = start + std::chrono::minutes(minute)});
    }
    Consumer consumer = Subscribed(environment);
    REQUIRE_OK(consumer.SeekToTime(start + 7min));
    CHECK((ReadValues(consumer, 3) == Strings{"7", "8", "9"}));
    REQUIRE_OK(consumer.SeekToTime(start + 6min + 1ms));
    CHECK((ReadValues(consumer, 3) == Strings{"7", "8", "9"}));
    REQUIRE_OK(consumer.SeekToTime(start - 1min));
    CHECK(ReadValues(consumer, 10).size() == 10);
    REQUIRE_OK(consumer.SeekToTime(start + 30min));
    CHECK(HasNoMore(consumer));
  });
}

TEST_CASE("a partition that is paused is left out, and goes on where it was", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Send(environment, {"a1"}, 0);
    Consumer consumer = Subscribed(environment);
    CHECK((ReadValues(consumer, 1) == Strings{"a1"}));
    const TopicPartition first[] = {kOrders0};
    REQUIRE_OK(consumer.Pause(first));
    Send(environment, {"a2"}, 0);
    Send(environment, {"b1"}, 1);
    CHECK((ReadValues(consumer, 1) == Strings{"b1"}));
    CHECK(HasNoMore(consumer));
    REQUIRE_OK(consumer.Resume(first));
    CHECK((ReadValues(consumer, 1) == Strings{"a2"}));
  });
}

TEST_CASE("a poll returns no more records than it was asked for, and the next one the rest", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b", "c", "d", "e"});
    Consumer consumer = Subscribed(environment, {.max_poll_records = 2});
    CHECK(Read(consumer, 1).size() == 2);
    CHECK(Read(consumer, 1).size() == 2);
    CHECK((ReadValues(consumer, 1) == Strings{"e"}));
  });
}

TEST_CASE("records stay readable after their consumer and whatever it polls next", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a", "b"});
    ConsumerRecords records;
    {
      Consumer consumer = Subscribed(environment, {.max_poll_records = 1});
      auto first = consumer.Poll(10s);
      REQUIRE_OK(first);
      records = *std::move(first);
      CHECK((ReadValues(consumer, 1) == Strings{"b"}));
    }
    REQUIRE_FALSE(records.empty());
    CHECK((*records.begin()).value() == "a");
    CHECK((records.NextOffsets() == Offsets{{kOrders0, 1}}));
  });
}

TEST_CASE("a poll ends when it is woken or told to stop", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Consumer consumer = Subscribed(environment);
    consumer.Wakeup();
    CHECK(absl::IsCancelled(consumer.Poll(1h).status()));
    std::stop_source source;
    source.request_stop();
    const auto records = consumer.Poll(1h, source.get_token());
    REQUIRE_OK(records);
    CHECK(records->empty());
  });
}

TEST_CASE("what a consumer cannot have is refused with Kafka's code", "[contract][consumer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    CHECK(CodeOf(environment.Subscribe({.topics = {"nowhere"}})) == ErrorCode::kUnknownTopicOrPartition);
    const TopicPartition missing[] = {{"orders", 1}};
    CHECK(CodeOf(environment.Assign(missing, {})) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(absl::IsInvalidArgument(environment.Subscribe({}).status()));
    CHECK(absl::IsInvalidArgument(environment.Subscribe({.pattern = "("}).status()));

    Consumer consumer = Subscribed(environment);
    CHECK(CodeOf(consumer.Commit()) == ErrorCode::kInvalidGroupId);
    CHECK(absl::IsFailedPrecondition(consumer.Seek({"orders", 1}, 0)));
    CHECK(absl::IsFailedPrecondition(consumer.Position({"orders", 1}).status()));
    REQUIRE_OK(consumer.Close());
    CHECK(absl::IsCancelled(consumer.Poll(0s).status()));
    CHECK_OK(consumer.Close());
  });
}

}  // namespace
}  // namespace moldau::contract
