// Consumers that wait in an event loop of the host.
#include <atomic>
#include <thread>

#include "client/descriptors.h"
#include "client/world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

// Polls until there is nothing; what there was.
Strings Drain(Consumer& consumer) {
  Strings values;
  for (;;) {
    const auto records = consumer.Poll(0ms);
    REQUIRE_OK(records);
    if (records->empty()) return values;
    for (std::string& value : ValuesOf(*records)) values.push_back(std::move(value));
  }
}

struct WaitingWorld : World {
  explicit WaitingWorld(ConsumerOptions options = {}) {
    topic.emplace(Create("orders", 3));
    options.topics = {"orders"};
    auto subscribed = Consumer::Subscribe(*broker, std::move(options));
    REQUIRE_OK(subscribed);
    consumer.emplace(*std::move(subscribed));
    fd = DescriptorOf(*consumer);
    CHECK(IsReadable(fd));
    CHECK(Drain(*consumer).empty());
    CHECK_FALSE(IsReadable(fd));
  }
  void Append(const std::string& value, int32_t partition = 0) const {
    REQUIRE_OK(topic->partition(partition)->Append({.value = value}));
  }

  std::optional<Topic> topic;
  std::optional<Consumer> consumer;
  int fd = -1;
};

TEST_CASE("a consumer's descriptor becomes readable as soon as there is a reason to poll", "[client][descriptor]") {
  WaitingWorld world;
  Consumer& consumer = *world.consumer;
  CHECK(DescriptorOf(consumer) == world.fd);

  SECTION("a record of any partition") {
    world.Append("v", 2);
    CHECK(IsReadable(world.fd));
    CHECK(Drain(consumer) == Strings{"v"});
    CHECK_FALSE(IsReadable(world.fd));
    world.Append("w", 1);
    CHECK(IsReadable(world.fd));
  }
  SECTION("a record of a partition that was added meanwhile") {
    REQUIRE_OK(world.broker->AddPartitions("orders", 4));
    CHECK(IsReadable(world.fd));
    CHECK(Drain(consumer).empty());
    CHECK_FALSE(IsReadable(world.fd));
    world.Append("v", 3);
    CHECK(IsReadable(world.fd));
  }
  SECTION("a position that was moved") {
    world.Append("v");
    CHECK(Drain(consumer) == Strings{"v"});
    CHECK_OK(consumer.SeekToBeginning());
    CHECK(IsReadable(world.fd));
    CHECK(Drain(consumer) == Strings{"v"});
    CHECK_OK(consumer.Seek({"orders", 0}, 0));
    CHECK(IsReadable(world.fd));
  }
  SECTION("a partition that is read again") {
    const std::vector<TopicPartition> first{{"orders", 0}};
    CHECK_OK(consumer.Pause(first));
    CHECK(Drain(consumer).empty());
    world.Append("v");
    CHECK_FALSE(IsReadable(world.fd));
    CHECK_OK(consumer.Resume(first));
    CHECK(IsReadable(world.fd));
    CHECK(Drain(consumer) == Strings{"v"});
  }
  SECTION("a wake-up, once") {
    consumer.Wakeup();
    CHECK(IsReadable(world.fd));
    CHECK(absl::IsCancelled(consumer.Poll(0ms).status()));
    CHECK(Drain(consumer).empty());
    CHECK_FALSE(IsReadable(world.fd));
  }
  SECTION("the deletion of its topic") {
    CHECK_OK(world.broker->DeleteTopic("orders"));
    CHECK(IsReadable(world.fd));
    CHECK(absl::IsNotFound(consumer.Poll(0ms).status()));
  }
  SECTION("the close of the broker, for good") {
    CHECK_OK(world.broker->Close());
    CHECK(IsReadable(world.fd));
    CHECK(absl::IsCancelled(consumer.Poll(0ms).status()));
    CHECK(IsReadable(world.fd));
  }
  SECTION("its own close, for good") {
    CHECK_OK(consumer.Close());
    CHECK(IsReadable(world.fd));
    CHECK(absl::IsCancelled(consumer.ReadyDescriptor().status()));
  }
}

TEST_CASE("a consumer's descriptor stays readable until a poll has found nothing", "[client][descriptor]") {
  WaitingWorld world({.max_poll_records = 1});
  for (const char* value : {"a", "b", "c"}) world.Append(value);
  for (const char* value : {"a", "b", "c"}) {
    CHECK(IsReadable(world.fd));
    const auto records = world.consumer->Poll(0ms);
    REQUIRE_OK(records);
    CHECK(ValuesOf(*records) == Strings{value});
  }
  CHECK(Drain(*world.consumer).empty());
  CHECK_FALSE(IsReadable(world.fd));
}

TEST_CASE("polls that nobody asked for leave a consumer's descriptor as it has to be", "[client][descriptor]") {
  WaitingWorld world({.max_poll_records = 1});
  CHECK(Drain(*world.consumer).empty());
  CHECK_FALSE(IsReadable(world.fd));
  std::stop_source stop;
  stop.request_stop();
  REQUIRE_OK(world.consumer->Poll(kForever, stop.get_token()));
  world.Append("a");
  CHECK(Drain(*world.consumer) == Strings{"a"});
  REQUIRE_OK(world.consumer->Poll(0ms));
  CHECK_FALSE(IsReadable(world.fd));
  world.Append("b");
  CHECK(IsReadable(world.fd));
}

TEST_CASE("what was read is committed in time though the descriptor has nothing new", "[client][descriptor]") {
  WaitingWorld world({.group = "g", .auto_commit_interval = 5s});
  world.Append("v");
  CHECK(Drain(*world.consumer) == Strings{"v"});
  CHECK_FALSE(IsReadable(world.fd));
  CHECK_FALSE(world.consumer->Committed({"orders", 0})->has_value());
  world.Pass(5s);
  CHECK(IsReadable(world.fd));
  CHECK(Drain(*world.consumer).empty());
  CHECK(world.consumer->Committed({"orders", 0}).value() == 1);
  world.Pass(1min);
  CHECK_FALSE(IsReadable(world.fd));
}

TEST_CASE("a consumer that waits on its descriptor is not slow, and one that leaves it readable is",
          "[client][descriptor][group]") {
  int lost = 0;
  WaitingWorld world({.group = "g",
                      .max_poll_interval = 1min,
                      .on_lost = [&](Consumer&, std::span<const TopicPartition>) { ++lost; },
                      .enable_auto_commit = false});
  for (int i = 0; i < 100; ++i) world.Pass(3s);
  world.Append("v");
  CHECK(Drain(*world.consumer) == Strings{"v"});
  CHECK_OK(world.consumer->Commit());
  CHECK(lost == 0);

  world.Append("w");
  for (int i = 0; i < 100; ++i) world.Pass(3s);
  CHECK(Drain(*world.consumer) == Strings{"w"});  // it has joined anew
  CHECK(lost == 1);
}

TEST_CASE("a consumer's descriptor tells of a rebalance", "[client][descriptor][group]") {
  WaitingWorld world({.group = "g", .assignors = {"range"}});
  REQUIRE(world.consumer->Assignment().size() == 3);
  auto other = Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}, .assignors = {"range"}});
  REQUIRE_OK(other);
  for (int i = 0; i < 10 && other->Assignment().empty(); ++i) {
    world.RunTasks();
    if (IsReadable(world.fd)) Drain(*world.consumer);
    Drain(*other);
  }
  CHECK(other->Assignment().size() == 1);
  CHECK(world.consumer->Assignment().size() == 2);
  CHECK(Drain(*world.consumer).empty());
  CHECK_FALSE(IsReadable(world.fd));
}

TEST_CASE("a loop that sleeps on a consumer's descriptor misses no record", "[client][descriptor][threads]") {
  const int count = Scaled(20'000);
  LiveWorld world;
  const Topic topic = world.Create("orders", 2);
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  const int fd = DescriptorOf(*consumer);
  Findings findings;
  std::atomic<int> seen{0};
  // Each record only when the one before was seen: none makes up for a wake-up that another one lost.
  std::thread producer([&] {
    for (int i = 0; i < count; ++i) {
      while (seen.load() < i) std::this_thread::yield();
      for (int spins = i % 64 * 16; spins > 0; --spins) (void)seen.load();
      findings.Expect(topic.partition(i % 2)->Append({.value = "v"}));
    }
  });
  while (seen.load() < count && AwaitReadable(fd)) {
    const auto records = consumer->Poll(0ms);
    REQUIRE_OK(records);
    for (const ConsumerRecord& record : *records) seen.fetch_add(record.has_value() ? 1 : 0);
  }
  producer.join();
  CHECK(seen == count);
  CHECK(findings.text().empty());
}

TEST_CASE("a loop that sleeps on a descriptor is woken by a close from another thread",
          "[client][descriptor][threads]") {
  const bool broker = GENERATE(true, false);
  LiveWorld world;
  world.Create("orders");
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  const int fd = DescriptorOf(*consumer);
  CHECK(Drain(*consumer).empty());
  absl::Status polled;
  std::thread loop([&] {
    while (polled.ok() && AwaitReadable(fd)) polled = consumer->Poll(0ms).status();
  });
  CHECK_OK(broker ? world.broker->Close() : consumer->Close());
  loop.join();
  CHECK(absl::IsCancelled(polled));
}

}  // namespace
}  // namespace moldau
