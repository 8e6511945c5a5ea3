#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "client/world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

// A poll that waits on a thread of its own. It may not have begun to wait when the test goes on: every outcome must be
// the same then.
template <typename Check>
void WhilePolling(Consumer& consumer, const std::function<void()>& meanwhile, Check check, std::stop_token stop = {}) {
  absl::StatusOr<ConsumerRecords> answer = absl::UnavailableError("");
  std::thread poller([&] { answer = consumer.Poll(kForever, stop); });
  meanwhile();
  poller.join();
  check(answer);
}

Consumer Subscribed(Broker& broker, WaitStrategy wait) {
  auto consumer = Consumer::Subscribe(broker, {.topics = {"orders"}, .wait = wait});
  REQUIRE_OK(consumer);
  return *std::move(consumer);
}

TEST_CASE("a poll that waits ends as soon as there is a reason", "[client][consumer][threads]") {
  const auto wait = GENERATE(WaitStrategy::kPark, WaitStrategy::kBackoff, WaitStrategy::kSpin);
  LiveWorld world;
  const Topic topic = world.Create("orders", 3);
  Consumer consumer = Subscribed(*world.broker, wait);
  const auto is_cancelled = [](const auto& answer) { CHECK(absl::IsCancelled(answer.status())); };

  SECTION("a record of any partition") {
    WhilePolling(
        consumer, [&] { REQUIRE_OK(topic.partition(2)->Append({.value = "v"})); },
        [](const auto& answer) {
          REQUIRE_OK(answer);
          CHECK(ValuesOf(*answer) == Strings{"v"});
        });
  }
  SECTION("a record of a partition that is added meanwhile") {
    WhilePolling(
        consumer,
        [&] {
          REQUIRE_OK(world.broker->AddPartitions("orders", 4));
          REQUIRE_OK(topic.partition(3)->Append({.value = "v"}));
        },
        [](const auto& answer) {
          REQUIRE_OK(answer);
          CHECK(ValuesOf(*answer) == Strings{"v"});
        });
  }
  SECTION("a wake-up, once") {
    WhilePolling(
        consumer, [&] { consumer.Wakeup(); }, is_cancelled);
    const auto next = consumer.Poll(0ms);
    REQUIRE_OK(next);
    CHECK(next->empty());
  }
  SECTION("a request to stop") {
    std::stop_source stop;
    WhilePolling(
        consumer, [&] { stop.request_stop(); },
        [](const auto& answer) {
          REQUIRE_OK(answer);
          CHECK(answer->empty());
        },
        stop.get_token());
  }
  SECTION("its own close") {
    WhilePolling(
        consumer, [&] { CHECK_OK(consumer.Close()); }, is_cancelled);
    CHECK(absl::IsCancelled(consumer.Poll(0ms).status()));
  }
  SECTION("the close of the broker") {
    WhilePolling(
        consumer, [&] { CHECK_OK(world.broker->Close()); }, is_cancelled);
  }
  SECTION("the deletion of its topic") {
    WhilePolling(
        consumer, [&] { CHECK_OK(world.broker->DeleteTopic("orders")); },
        [](const auto& answer) { CHECK(absl::IsNotFound(answer.status())); });
  }
  SECTION("its timeout") {
    const auto answer = consumer.Poll(1ms);
    REQUIRE_OK(answer);
    CHECK(answer->empty());
  }
}

TEST_CASE("a poll that waits lets a host without threads make progress", "[client][consumer]") {
  const auto wait = GENERATE(WaitStrategy::kPark, WaitStrategy::kBackoff, WaitStrategy::kSpin);
  World world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, {.linger = 0ms});
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}, .wait = wait});
  REQUIRE_OK(consumer);
  // Nobody but the poll itself can run the flush that makes the record visible.
  Sent(producer, "orders", {.value = "v"}).OnDone([](const absl::Status& status) { CHECK_OK(status); });
  const auto records = consumer->Poll(kForever);
  REQUIRE_OK(records);
  CHECK(ValuesOf(*records) == Strings{"v"});
}

TEST_CASE("a task that runs on the thread that polls can close the consumer", "[client][consumer][group]") {
  const auto wait = GENERATE(WaitStrategy::kPark, WaitStrategy::kBackoff, WaitStrategy::kSpin);
  World world;
  const Topic topic = world.Create("orders");
  REQUIRE_OK(topic.partition(0)->Append({.value = "v"}));
  int revoked = 0;
  const ConsumerOptions options{.group = "baristas",
                                .topics = {"orders"},
                                .on_revoked = [&](Consumer&, std::span<const TopicPartition>) { ++revoked; },
                                .wait = wait};
  auto consumer = Consumer::Subscribe(*world.broker, options);
  REQUIRE_OK(consumer);
  CHECK(ValuesOf(consumer->Poll(0ms).value()) == Strings{"v"});
  absl::Status closed = absl::UnavailableError("");
  world.executor->Post([&] { closed = consumer->Close(); });
  CHECK(absl::IsCancelled(consumer->Poll(kForever).status()));
  CHECK_OK(closed);
  CHECK(revoked == 1);
  CHECK_OK(consumer->Close());
  auto next = Consumer::Subscribe(*world.broker, options);
  REQUIRE_OK(next);
  CHECK(next->Assignment().size() == 1);  // nobody is in the group any more
  CHECK(next->Poll(0ms)->empty());        // and what was read is committed
}

TEST_CASE("a timeout is counted by the injected clock", "[client][consumer]") {
  World world;
  world.Create("orders");
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  std::atomic<bool> returned{false};
  absl::StatusOr<ConsumerRecords> records = absl::UnavailableError("");
  std::thread poller([&] {
    records = consumer->Poll(1h);
    returned.store(true);
  });
  while (!returned.load()) world.clock.Advance(10min);
  poller.join();
  REQUIRE_OK(records);
  CHECK(records->empty());
}

TEST_CASE("a second thread that uses a consumer at the same time is told so", "[client][consumer][threads]") {
  LiveWorld world;
  world.Create("orders");
  Consumer consumer = Subscribed(*world.broker, WaitStrategy::kPark);
  absl::Status polled;
  std::thread poller([&] {
    do polled = consumer.Poll(kForever).status();
    while (absl::IsFailedPrecondition(polled));  // it may be this thread that comes second
  });
  for (;;) {
    const absl::Status status = consumer.SeekToBeginning();
    if (absl::IsFailedPrecondition(status)) break;
    CHECK_OK(status);
  }
  CHECK_OK(consumer.Close());
  poller.join();
  CHECK(absl::IsCancelled(polled));
}

TEST_CASE("no record and no wake-up is lost between a producer and a consumer that parks",
          "[client][consumer][threads]") {
  const auto wait = GENERATE(WaitStrategy::kPark, WaitStrategy::kBackoff, WaitStrategy::kSpin);
  const int count = Scaled(2000);
  LiveWorld world;
  const Topic topic = world.Create("orders", 2);
  Consumer consumer = Subscribed(*world.broker, wait);
  Findings findings;
  std::thread producer([&] {
    for (int i = 0; i < count; ++i) {
      findings.Expect(topic.partition(i % 2)->Append({.value = std::to_string(i)}));
      if (i % 7 == 0) std::this_thread::yield();
    }
  });
  int seen = 0;
  int next[2] = {0, 1};
  while (seen < count) {
    const auto records = consumer.Poll(kForever);
    REQUIRE_OK(records);
    for (const ConsumerRecord& record : *records) {
      REQUIRE(record.value() == std::to_string(next[record.partition()]));
      next[record.partition()] += 2;
      ++seen;
    }
  }
  producer.join();
  CHECK(findings.text().empty());
  CHECK(consumer.Lag().value() == 0);
}

TEST_CASE("consumer and broker can be destroyed in either order", "[client][consumer]") {
  const bool broker_first = GENERATE(true, false);
  World world;
  world.Create("orders");
  auto consumer =
      std::make_unique<Consumer>(Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}}).value());
  if (broker_first) {
    world.broker.reset();
    CHECK(absl::IsCancelled(consumer->Poll(0ms).status()));
    CHECK(absl::IsCancelled(consumer->Commit()));
    consumer.reset();
  } else {
    consumer.reset();
    world.broker.reset();
  }
}

}  // namespace
}  // namespace moldau
