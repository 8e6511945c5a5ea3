#include <atomic>
#include <thread>

#include "testing/memory_world.h"

namespace moldau::test {
namespace {

TEST_CASE("a broker in memory keeps what is sent, and opens with a few dozen operations", "[testing][open]") {
  MemoryBroker broker = OpenQuietly();
  CHECK(broker.disk().operation_count() < 40);
  REQUIRE_OK(broker->OpenTopic("orders"));
  Producer producer(*broker);
  const auto receipt = producer.Send("orders", {.key = "alice", .value = "espresso"});
  REQUIRE_OK(receipt);
  REQUIRE_OK(receipt->Wait());
  CHECK(ValuesOf(broker, "orders") == Strings{"espresso"});
}

TEST_CASE("each timer runs at its own time while the clock is advanced", "[testing][clock]") {
  MemoryBroker broker = OpenQuietly();
  REQUIRE_OK(broker->OpenTopic("orders", {.durability = Durability::kBuffered}));
  Producer slow(*broker, {.linger = 20min});
  Producer slower(*broker, {.linger = 40min});
  const Timestamp start = broker.clock().WallNow();
  std::vector<std::pair<std::string, Timestamp>> done;
  const auto note = [&](const char* what) {
    return [&, what](const absl::Status& status) {
      CHECK_OK(status);
      done.emplace_back(what, broker.clock().WallNow());
    };
  };
  slower.Send("orders", {.value = "later"})->OnDone(note("later"));
  slow.Send("orders", {.value = "soon"})->OnDone(note("soon"));

  broker.Advance(19min);
  CHECK(done.empty());
  broker.Advance(24h);
  REQUIRE(done.size() == 2);
  CHECK(done[0] == std::pair<std::string, Timestamp>{"soon", start + 20min});
  CHECK(done[1] == std::pair<std::string, Timestamp>{"later", start + 40min});
  CHECK(broker.clock().WallNow() == start + 19min + 24h);
}

TEST_CASE("a wait takes no time and moves the clock by as much as it would have lasted", "[testing][clock]") {
  MemoryBroker broker = OpenQuietly();
  REQUIRE_OK(broker->OpenTopic("orders"));
  auto consumer = Consumer::Subscribe(*broker, {.group = "baristas", .topics = {"orders"}});
  REQUIRE_OK(consumer);
  const MonoTime before = broker.clock().Now();
  auto records = consumer->Poll(10h);
  REQUIRE_OK(records);
  CHECK(records->empty());
  CHECK(broker.clock().Now() - before == 10h);
}

TEST_CASE("a lock expires when its time has come and not before", "[testing][clock]") {
  MemoryBroker broker = OpenQuietly();
  auto jobs = Queue::Open(*broker, "jobs", {.lock_duration = 30s});
  REQUIRE_OK(jobs);
  REQUIRE_OK(jobs->Send({.value = "espresso"})->Wait());
  auto lease = jobs->Receive(0s);
  REQUIRE_OK(lease);
  REQUIRE(static_cast<bool>(*lease));

  CHECK_FALSE(static_cast<bool>(*jobs->Receive(29s)));
  const auto again = jobs->Receive(1s);
  REQUIRE_OK(again);
  CHECK(again->delivery_count() == 2);
  CHECK_FALSE(lease->Ack().ok());
}

TEST_CASE("where time needs to be advanced, a wait lasts until another thread has done it", "[testing][clock]") {
  MemoryBroker broker = OpenQuietly({.waiting = Waiting::kNeedsAdvance});
  REQUIRE_OK(broker->OpenTopic("orders", {.durability = Durability::kBuffered}));
  auto consumer = Consumer::Subscribe(*broker, {.topics = {"orders"}});
  REQUIRE_OK(consumer);
  std::atomic<bool> returned = false;
  MonoTime lasted{0};
  std::thread waiting([&] {
    const MonoTime before = broker.clock().Now();
    consumer->Poll(1h).IgnoreError();
    lasted = broker.clock().Now() - before;
    returned = true;
  });
  while (!returned) broker.Advance(1min);
  waiting.join();
  CHECK(lasted >= 1h);
}

TEST_CASE("the calendar can be set without any time passing", "[testing][clock]") {
  MemoryBroker broker = OpenQuietly({.start = Timestamp{1h}});
  const MonoTime before = broker.clock().Now();
  CHECK(broker.clock().WallNow() == Timestamp{1h});
  broker.JumpWall(-30min);
  CHECK(broker.clock().WallNow() == Timestamp{30min});
  CHECK(broker.clock().Now() == before);
}

}  // namespace
}  // namespace moldau::test
