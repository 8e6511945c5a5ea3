// Consumers that nobody stands in: callbacks and coroutines on an executor of the host.
#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

#include "client/coroutine.h"
#include "client/host_world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

using Polled = absl::StatusOr<ConsumerRecords>;

struct ConsumerWorld : HostWorld {
  explicit ConsumerWorld(ConsumerOptions options = {}) : topic(Create("orders", 2)) {
    options.topics = {"orders"};
    auto subscribed = Consumer::Subscribe(*broker, std::move(options));
    REQUIRE_OK(subscribed);
    consumer.emplace(*std::move(subscribed));
  }
  void Append(const std::string& value, int32_t partition = 0) const {
    REQUIRE_OK(topic.partition(partition)->Append({.value = value}));
  }
  // A callback that notes what it gets.
  RecordsCallback Note() {
    return [this](Polled polled) {
      last = polled.status();
      if (!polled.ok()) return;
      for (std::string& value : ValuesOf(*polled)) seen.push_back(std::move(value));
    };
  }
  Task Await(std::chrono::nanoseconds timeout = kForever, std::stop_token stop = {}) {
    auto polled = co_await consumer->PollAsync(*host, timeout, stop);
    last = polled.status();
    if (polled.ok()) seen = ValuesOf(*polled);
  }

  Topic topic;
  std::optional<Consumer> consumer;
  Strings seen;
  absl::Status last = absl::UnknownError("not called");
};

TEST_CASE("a callback gets what comes, in tasks of the host's executor, until the consumer is closed",
          "[client][async]") {
  ConsumerWorld world;
  world.Append("a");
  world.consumer->OnRecords(*world.host, world.Note());
  CHECK(absl::IsUnknown(world.last));
  world.RunHost();
  CHECK(world.seen == Strings{"a"});
  CHECK(world.RunHost() == 0);  // it sleeps

  world.Append("b", 1);
  CHECK(world.seen.size() == 1);
  world.RunHost();
  CHECK(world.seen == Strings{"a", "b"});

  CHECK_OK(world.consumer->Close());
  world.RunHost();
  CHECK(absl::IsCancelled(world.last));
  CHECK(world.RunHost() == 0);
}

TEST_CASE("the last call of a callback says why it is the last", "[client][async]") {
  ConsumerWorld world;
  std::stop_source stop;
  world.consumer->OnRecords(*world.host, world.Note(), stop.get_token());
  world.RunHost();
  SECTION("a request to stop") {
    stop.request_stop();
    world.RunHost();
    CHECK(absl::IsCancelled(world.last));
    world.Append("left");
    CHECK(world.RunHost() == 0);
    CHECK(ValuesOf(*world.consumer->Poll(0ms)) == Strings{"left"});
  }
  SECTION("a wake-up") {
    world.consumer->Wakeup();
    world.RunHost();
    CHECK(absl::IsCancelled(world.last));
  }
  SECTION("the close of the broker") {
    CHECK_OK(world.broker->Close());
    world.RunHost();
    CHECK(absl::IsCancelled(world.last));
  }
  SECTION("the end of the consumer") {
    world.consumer.reset();
    world.RunHost();
    CHECK(absl::IsCancelled(world.last));
  }
  SECTION("an error of a partition") {
    CHECK_OK(world.broker->DeleteTopic("orders"));
    world.RunHost();
    CHECK(absl::IsNotFound(world.last));
  }
  CHECK(world.RunHost() == 0);
}

TEST_CASE("a callback that throws is told, reported with topic, partition and offsets, and its records come again",
          "[client][async]") {
  ConsumerWorld world({.group = "g"});
  world.Append("a");
  world.consumer->OnRecords(*world.host, world.Note());
  world.RunHost();
  CHECK_OK(world.consumer->Close());
  world.RunHost();

  world.consumer.emplace(Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}}).value());
  for (const char* value : {"b", "c"}) world.Append(value);
  world.consumer->OnRecords(*world.host, [&](Polled polled) {
    world.last = polled.status();
    if (polled.ok()) throw std::runtime_error("no milk");
  });
  world.RunHost();
  CHECK(absl::IsInternal(world.last));
  CHECK(std::string(world.last.message()) == "consumer: the callback threw for orders-0 at offsets 1 to 2: no milk");
  CHECK(world.log.find("the callback threw for orders-0 at offsets 1 to 2: no milk") != std::string::npos);
  CHECK(world.RunHost() == 0);

  CHECK_OK(world.consumer->Commit());
  CHECK(world.consumer->Committed({"orders", 0}).value() == 1);
  world.seen.clear();
  world.consumer->OnRecords(*world.host, world.Note());
  world.RunHost();
  CHECK(world.seen == Strings{"b", "c"});
}

TEST_CASE("a callback may close its consumer, or destroy it", "[client][async]") {
  const bool destroy = GENERATE(true, false);
  ConsumerWorld world;
  int calls = 0;
  world.consumer->OnRecords(*world.host, [&](Polled polled) {
    world.last = polled.status();
    if (++calls > 1) return;
    if (destroy) {
      world.consumer.reset();
    } else {
      CHECK_OK(world.consumer->Close());
    }
  });
  world.Append("a");
  world.RunHost();
  CHECK(calls == 2);
  CHECK(absl::IsCancelled(world.last));
}

TEST_CASE("a callback may commit what it got, and move on from there", "[client][async]") {
  ConsumerWorld world({.group = "g"});
  for (const char* value : {"a", "b", "c"}) world.Append(value);
  world.consumer->OnRecords(*world.host, [&](Polled polled) {
    world.Note()(std::move(polled));
    if (world.seen.size() > 3) return;
    CHECK_OK(world.consumer->Commit());
    CHECK_OK(world.consumer->Seek({"orders", 0}, 2));
  });
  world.RunHost();
  CHECK(world.seen == Strings{"a", "b", "c", "c"});
  CHECK(world.consumer->Committed({"orders", 0}).value() == 3);
}

TEST_CASE("a coroutine that awaits a poll goes on in a task of the executor that it gave", "[client][async]") {
  ConsumerWorld world;
  SECTION("with what is there") {
    world.Append("a");
    const Task task = world.Await();
    CHECK_FALSE(task.done());
    world.RunHost();
    CHECK(task.done());
    CHECK(world.seen == Strings{"a"});
  }
  SECTION("with what comes") {
    const Task task = world.Await();
    world.RunHost();
    world.Append("a", 1);
    CHECK_FALSE(task.done());
    world.RunHost();
    CHECK(task.done());
    CHECK(world.seen == Strings{"a"});
  }
  SECTION("not because of what is none of its business") {
    const Task task = world.Await();
    world.RunHost();
    world.Create("others");
    CHECK(world.RunHost() == 1);
    CHECK_FALSE(task.done());
    world.Append("a");
    world.RunHost();
    CHECK(world.seen == Strings{"a"});
  }
  SECTION("with nothing when its time is up, once") {
    const Task task = world.Await(1h);
    world.RunHost();
    world.clock.Advance(1h - 1ns);
    CHECK(world.RunHost() == 0);
    world.clock.Advance(1ns);
    world.RunHost();
    CHECK(task.done());
    CHECK_OK(world.last);
    CHECK(world.seen.empty());
    world.Append("a");
    CHECK(world.RunHost() == 0);
    CHECK(world.host->NextDue() == kForever);
  }
  SECTION("with what comes in time, and leaves no timer") {
    const Task task = world.Await(1h);
    world.RunHost();
    world.Append("a");
    world.RunHost();
    CHECK(task.done());
    CHECK(world.host->NextDue() == kForever);
  }
  SECTION("with nothing when it is to stop") {
    std::stop_source stop;
    const Task task = world.Await(kForever, stop.get_token());
    world.RunHost();
    stop.request_stop();
    world.RunHost();
    CHECK(task.done());
    CHECK_OK(world.last);
  }
  SECTION("with Cancelled when the consumer is closed, or has gone") {
    const bool destroy = GENERATE(true, false);
    const bool waits = GENERATE(true, false);
    const Task task = world.Await();
    if (waits) world.RunHost();
    if (destroy) {
      world.consumer.reset();
    } else {
      CHECK_OK(world.consumer->Close());
    }
    world.RunHost();
    CHECK(task.done());
    CHECK(absl::IsCancelled(world.last));
  }
  SECTION("with Cancelled when the broker is closed") {
    const Task task = world.Await();
    world.RunHost();
    CHECK_OK(world.broker->Close());
    world.RunHost();
    CHECK(absl::IsCancelled(world.last));
  }
}

TEST_CASE("a coroutine that is destroyed while it waits takes nothing", "[client][async]") {
  ConsumerWorld world;
  auto task = std::make_optional(world.Await());
  SECTION("before it was polled for") {}
  SECTION("while it sleeps") { world.RunHost(); }
  SECTION("when it is about to be told") {
    world.RunHost();
    world.Append("a");
  }
  SECTION("when its time is about to be up") {
    task.reset();
    task.emplace(world.Await(1s));
    world.RunHost();
    world.clock.Advance(1s);
  }
  task.reset();
  world.Append("b");
  world.RunHost();
  CHECK(world.RunHost() == 0);
  CHECK(absl::IsUnknown(world.last));
  const auto records = world.consumer->Poll(0ms);
  REQUIRE_OK(records);
  CHECK(ValuesOf(*records).back() == "b");
  CHECK(world.consumer->Lag().value() == 0);
}

TEST_CASE("a consumer that a coroutine waits for is not slow", "[client][async][group]") {
  ConsumerWorld world({.group = "g", .max_poll_interval = 1min});
  const Task task = world.Await();
  world.RunHost();
  for (int i = 0; i < 100; ++i) {
    world.Pass(3s);
    world.RunHost();
  }
  CHECK_FALSE(task.done());
  CHECK_OK(world.consumer->Commit());
}

TEST_CASE("a coroutine awaits the outcome of a receipt", "[client][async][receipt]") {
  HostWorld world;
  world.Create("orders", 1, Durability::kFlushed);
  std::optional<absl::Status> outcome;
  const auto await = [&](Receipt receipt) -> Task { outcome = co_await WaitAsync(std::move(receipt), *world.host); };

  SECTION("that is known") {
    const Task task = await(Receipt(0, 7));
    CHECK_FALSE(outcome);
    world.RunHost();
    CHECK(outcome == absl::OkStatus());
  }
  Producer producer(*world.broker);
  const Receipt receipt = Sent(producer, "orders", {.value = "v"});
  SECTION("that is open, until the record is durable") {
    const Task task = await(receipt);
    world.RunHost();
    CHECK_FALSE(outcome);
    for (int i = 0; i < 4; ++i) world.Pass(5ms);  // linger, and then the flush
    CHECK_FALSE(outcome);
    world.RunHost();
    CHECK(outcome == absl::OkStatus());
  }
  SECTION("that fails") {
    const Task task = await(receipt);
    CHECK_OK(world.broker->DeleteTopic("orders"));
    for (int i = 0; i < 4; ++i) world.Pass(5ms);
    world.RunHost();
    REQUIRE(outcome);
    CHECK_FALSE(outcome->ok());
  }
  SECTION("unless it is destroyed before") {
    { const Task task = await(receipt); }
    CHECK_OK(producer.Flush());
    world.RunTasks();
    world.RunHost();
    CHECK_FALSE(outcome);
  }
}

TEST_CASE("what a coroutine lets through is contained", "[client][async]") {
  ConsumerWorld world;
  world.Append("a");
  bool went_on = false;
  const auto throws = [&]() -> Task {
    (void)co_await world.consumer->PollAsync(*world.host);
    went_on = true;
    throw std::runtime_error("spilled");
  };
  const Task task = throws();
  world.RunHost();
  CHECK(went_on);
}

TEST_CASE("a callback on an executor of several threads gets every record in order, one call at a time",
          "[client][async][threads]") {
  const int count = Scaled(3000);
  const auto pool = MakeThreadExecutor(Clock::System(), 2, "pool");
  LiveWorld world;
  const Topic topic = world.Create("orders");
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  Findings findings;
  std::atomic<bool> in_call{false};
  std::atomic<bool> ended{false};
  base::EventCount end;
  std::atomic<int> seen{0};
  consumer->OnRecords(*pool, [&](Polled polled) {
    findings.Expect(!in_call.exchange(true), "two calls at a time");
    for (const std::string& value : polled.ok() ? ValuesOf(*polled) : Strings()) {
      findings.Expect(value == std::to_string(seen.fetch_add(1)), "out of order");
    }
    if (polled.ok() && seen.load() == count) findings.Expect(consumer->Close());
    in_call.store(false);
    if (!polled.ok()) ended.store(true);
    end.Notify();
  });
  for (int i = 0; i < count; ++i) {
    // Half of them only when the one before was seen: none makes up for a wake-up that another one lost.
    while (i % 2 == 0 && seen.load() < i) std::this_thread::yield();
    REQUIRE_OK(topic.partition(0)->Append({.value = std::to_string(i)}));
  }
  pool->WaitUntil(
      end, [&] { return ended.load(); }, kForever);
  CHECK(seen == count);
  CHECK(findings.text().empty());
}

TEST_CASE("a consumer may be closed by any thread while a coroutine waits for it", "[client][async][threads]") {
  for (int i = 0; i < Scaled(100); ++i) {
    auto pool = MakeThreadExecutor(Clock::System(), 2, "pool");
    LiveWorld world;
    const Topic topic = world.Create("orders");
    auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
    REQUIRE_OK(consumer);
    std::atomic<bool> ended{false};
    base::EventCount end;
    const auto loop = [&]() -> Task {
      while ((co_await consumer->PollAsync(*pool, 1h)).ok()) {
      }
      ended.store(true);
      end.Notify();
    };
    const Task task = loop();
    std::thread producer([&] { topic.partition(0)->Append({.value = "v"}).IgnoreError(); });
    if (i % 2 == 0) std::this_thread::yield();
    CHECK_OK(i % 3 == 0 ? world.broker->Close() : consumer->Close());
    pool->WaitUntil(
        end, [&] { return ended.load(); }, kForever);
    producer.join();
    pool.reset();  // it may still be on its way out
    CHECK(task.done());
  }
}

}  // namespace
}  // namespace moldau
