// Threads that wait for a queue, and many that work on one.
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "client/queue_world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

// A receive that waits on a thread of its own. It may not have begun to wait when the test goes on: every outcome must
// be the same then.
template <typename Check>
void WhileReceiving(Queue& queue, const std::function<void()>& meanwhile, Check check, std::stop_token stop = {}) {
  absl::StatusOr<Lease> answer = absl::UnavailableError("");
  std::thread receiver([&] { answer = queue.Receive(kForever, stop); });
  meanwhile();
  receiver.join();
  check(answer);
}

TEST_CASE("a receive that waits ends as soon as there is a reason", "[client][queue][threads]") {
  LiveWorld world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1h, .max_in_flight = 1, .partitions = 3});
  const auto has = [](const char* value, int count) {
    return [=](const absl::StatusOr<Lease>& answer) {
      REQUIRE_OK(answer);
      CHECK(answer->value() == value);
      CHECK(answer->delivery_count() == count);
    };
  };
  const auto is_cancelled = [](const auto& answer) { CHECK(absl::IsCancelled(answer.status())); };

  SECTION("a record of any partition") {
    WhileReceiving(
        queue, [&] { Append(*world.broker, "jobs", {.value = "v"}, 2); }, has("v", 1));
  }
  SECTION("a record of a partition that is added meanwhile") {
    WhileReceiving(
        queue,
        [&] {
          REQUIRE_OK(world.broker->AddPartitions("jobs", 4));
          Append(*world.broker, "jobs", {.value = "v"}, 3);
        },
        has("v", 1));
  }
  SECTION("a record that is given back") {
    Append(*world.broker, "jobs", {.value = "v"});
    Lease held = Received(queue);
    WhileReceiving(
        queue, [&] { CHECK_OK(held.Release()); }, has("v", 2));
  }
  SECTION("a record whose delay ends") {
    Append(*world.broker, "jobs", {.value = "v"});
    Lease held = Received(queue);
    WhileReceiving(
        queue, [&] { CHECK_OK(held.Release(5ms)); }, has("v", 2));
  }
  SECTION("a lock that lapses earlier than was thought") {
    Append(*world.broker, "jobs", {.value = "v"});
    Lease held = Received(queue);
    WhileReceiving(
        queue, [&] { CHECK_OK(held.Extend(5ms)); }, has("v", 2));
  }
  SECTION("room in the window") {
    Append(*world.broker, "jobs", Strings{"u", "v"});
    Lease held = Received(queue);
    WhileReceiving(
        queue, [&] { CHECK_OK(held.Ack()); }, has("v", 1));
  }
  SECTION("a request to stop") {
    std::stop_source stop;
    WhileReceiving(
        queue, [&] { stop.request_stop(); },
        [](const auto& answer) {
          REQUIRE_OK(answer);
          CHECK_FALSE(static_cast<bool>(*answer));
        },
        stop.get_token());
  }
  SECTION("its own close") {
    WhileReceiving(
        queue, [&] { CHECK_OK(queue.Close()); }, is_cancelled);
    CHECK(absl::IsCancelled(queue.Receive(0ms).status()));
    CHECK_OK(queue.Close());
  }
  SECTION("the close of the broker") {
    WhileReceiving(
        queue, [&] { CHECK_OK(world.broker->Close()); }, is_cancelled);
  }
  SECTION("the deletion of its topic") {
    WhileReceiving(
        queue, [&] { CHECK_OK(world.broker->DeleteTopic("jobs")); },
        [](const auto& answer) { CHECK(absl::IsNotFound(answer.status())); });
  }
  SECTION("its timeout") {
    const auto answer = queue.Receive(1ms);
    REQUIRE_OK(answer);
    CHECK_FALSE(static_cast<bool>(*answer));
  }
}

TEST_CASE("a receive that waits lets a host without threads make progress", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a"});
  // Nobody but the receive itself can run the producer's timer.
  REQUIRE_OK(queue.Send({.value = "b"}));
  CHECK_OK(Received(queue).Ack());
  std::thread later([&] { world.clock.Advance(1s); });
  const auto lease = queue.Receive(kForever);
  later.join();
  REQUIRE_OK(lease);
  CHECK(lease->value() == "b");
}

TEST_CASE("consumers in threads share the work: each record is acknowledged by one of them",
          "[client][queue][threads]") {
  constexpr int kConsumers = 4;
  const int count = Scaled(8000);
  LiveWorld world;
  Queue shared = OpenQueue(*world.broker, {.lock_duration = 1h, .dead_letter = "dead", .max_in_flight = 100});
  Findings findings;
  std::atomic<int> acknowledged{0};
  std::mutex mutex;
  std::set<std::string> values;
  std::vector<std::thread> threads;
  for (int c = 0; c < kConsumers; ++c) {
    threads.emplace_back([&, c] {
      std::vector<std::string> mine;
      while (acknowledged.load() < count) {
        auto leases = shared.ReceiveMany(10, 20ms);
        findings.Expect(leases);
        if (!leases.ok()) return;
        for (size_t i = 0; i < leases->size(); ++i) {
          Lease& lease = (*leases)[i];
          if (lease.delivery_count() == 1 && i % 5 == 0) continue;  // dropped: somebody gets it again
          mine.emplace_back(lease.value());
          findings.Expect(c % 2 == 0 ? lease.Ack() : Queue::AckAll({&lease, 1}));
          acknowledged.fetch_add(1);
        }
      }
      const std::lock_guard lock(mutex);
      for (std::string& value : mine) findings.Expect(values.insert(std::move(value)).second, "acknowledged twice");
    });
  }
  for (int i = 0; i < count; ++i) Append(*world.broker, "jobs", {.value = std::to_string(i)});
  for (std::thread& thread : threads) thread.join();
  CHECK(findings.text().empty());
  CHECK(static_cast<int>(values.size()) == count);
  CHECK(shared.Describe()->depth == 0);
  CHECK(shared.Describe()->redeliveries > 0);
}

TEST_CASE("leases, queue and broker can be destroyed in any order", "[client][queue]") {
  const int order = GENERATE(0, 1, 2, 3, 4, 5);
  LiveWorld world;
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker, {.dead_letter = "dead"}));
  Append(*world.broker, "jobs", Strings{"a", "b"});
  auto leases = ReceivedAll(*queue);
  const std::function<void()> ends[] = {[&] { world.broker.reset(); }, [&] { queue.reset(); }, [&] { leases.clear(); }};
  constexpr int kOrders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const int which : kOrders[order]) {
    ends[which]();
    if (!leases.empty()) CHECK(leases[0].value() == "a");
  }
}

}  // namespace
}  // namespace moldau
