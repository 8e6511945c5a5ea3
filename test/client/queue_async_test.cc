// Queues whose consumers nobody stands in: callbacks and coroutines on an executor of the host.
#include <atomic>
#include <deque>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "client/coroutine.h"
#include "client/host_world.h"
#include "client/queue_world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

using Many = absl::StatusOr<std::vector<Lease>>;

struct WorkWorld : HostWorld {
  explicit WorkWorld(QueueOptions options = {}) { queue.emplace(OpenQueue(*broker, std::move(options))); }
  Task Work(Strings& done) {
    while (true) {
      auto lease = co_await queue->ReceiveAsync(*host);
      last = lease.status();
      if (!lease.ok()) co_return;
      done.emplace_back(lease->value());
      CHECK_OK(lease->Ack());
    }
  }

  std::optional<Queue> queue;
  absl::Status last;
};

TEST_CASE("coroutines on one thread share the work of a queue until it is closed", "[client][async][queue]") {
  const bool destroy = GENERATE(true, false);
  WorkWorld world;
  Strings first;
  Strings second;
  const Task one = world.Work(first);
  const Task two = world.Work(second);
  world.RunHost();
  Append(*world.broker, "jobs", Strings{"a", "b", "c"});
  world.RunHost();
  CHECK(first.size() + second.size() == 3);
  CHECK(world.queue->Describe()->depth == 0);
  CHECK_FALSE(one.done());
  CHECK(world.RunHost() == 0);
  if (destroy) {
    world.queue.reset();
  } else {
    CHECK_OK(world.queue->Close());
  }
  world.RunHost();
  CHECK(one.done());
  CHECK(two.done());
  CHECK(absl::IsCancelled(world.last));
}

TEST_CASE("a coroutine that waits for a queue gets what came back, when its time has come", "[client][async][queue]") {
  WorkWorld world;
  Append(*world.broker, "jobs", Strings{"a"});
  CHECK_OK(Received(*world.queue).Release(10ms));
  Strings done;
  const Task task = world.Work(done);
  world.RunHost();
  CHECK(done.empty());
  world.Pass(10ms);  // a timer of the broker tells
  world.RunHost();
  CHECK(done == Strings{"a"});
}

TEST_CASE("a coroutine that receives many gets nothing when its time is up", "[client][async][queue]") {
  WorkWorld world;
  std::optional<Many> received;
  const auto receive = [&]() -> Task { received = co_await world.queue->ReceiveManyAsync(*world.host, 10, 1s); };
  SECTION("nothing came") {
    const Task task = receive();
    world.RunHost();
    world.clock.Advance(1s);
    world.RunHost();
    REQUIRE(received);
    REQUIRE_OK(*received);
    CHECK((*received)->empty());
  }
  SECTION("something came") {
    const Task task = receive();
    world.RunHost();
    Append(*world.broker, "jobs", Strings{"a"});
    world.RunHost();
    REQUIRE(received);
    CHECK(ValuesOf(**received) == Strings{"a"});
  }
  SECTION("it is destroyed") {
    {
      const Task task = receive();
      world.RunHost();
      Append(*world.broker, "jobs", Strings{"a"});
    }
    world.RunHost();
    CHECK_FALSE(received);
    CHECK(Received(*world.queue).delivery_count() == 1);  // nobody had it
  }
}

TEST_CASE("a callback of a queue that throws gives the records back, is reported, and goes on",
          "[client][async][queue]") {
  WorkWorld world({.max_deliveries = 3, .dead_letter = "dead", .partitions = 2});
  Strings done;
  std::vector<int> tries;
  world.queue->OnLeases(*world.host, 10, [&](Many leases) {
    world.last = leases.status();
    if (!leases.ok()) return;
    for (Lease& lease : *leases) {
      if (lease.value() == "poison") {
        tries.push_back(lease.delivery_count());
        throw std::runtime_error("cannot be drunk");
      }
      done.emplace_back(lease.value());
      CHECK_OK(lease.Ack());
    }
  });
  Append(*world.broker, "jobs", {.value = "poison"}, 1);
  world.RunHost();
  Append(*world.broker, "jobs", {.value = "coffee"}, 0);
  world.RunTasks();
  world.RunHost();
  CHECK(tries == std::vector<int>{1, 2, 3});
  CHECK(done == Strings{"coffee"});
  CHECK(world.log.find("queue jobs: the callback threw for jobs-1 at offset 0: cannot be drunk") != std::string::npos);
  CHECK_OK(world.last);

  CHECK_OK(world.queue->Close());
  world.RunHost();
  CHECK(absl::IsCancelled(world.last));
}

TEST_CASE("a callback of a queue ends when it is told to stop", "[client][async][queue]") {
  WorkWorld world;
  std::stop_source stop;
  int calls = 0;
  world.queue->OnLeases(
      *world.host, 10,
      [&](Many leases) {
        ++calls;
        world.last = leases.status();
      },
      stop.get_token());
  world.RunHost();
  stop.request_stop();
  world.RunHost();
  CHECK(calls == 1);
  CHECK(absl::IsCancelled(world.last));
  Append(*world.broker, "jobs", Strings{"a"});
  CHECK(world.RunHost() == 0);
}

TEST_CASE("a receive that waits spins, backs off or parks, as the queue's options say", "[client][queue][threads]") {
  const auto wait = GENERATE(WaitStrategy::kPark, WaitStrategy::kBackoff, WaitStrategy::kSpin);
  LiveWorld world;
  Queue queue = OpenQueue(*world.broker, {.wait = wait});
  const auto nothing = queue.Receive(1ms);
  REQUIRE_OK(nothing);
  CHECK_FALSE(static_cast<bool>(*nothing));
  absl::StatusOr<Lease> received = absl::UnavailableError("");
  std::thread receiver([&] { received = queue.Receive(kForever); });
  Append(*world.broker, "jobs", Strings{"a"});
  receiver.join();
  REQUIRE_OK(received);
  CHECK(received->value() == "a");
}

TEST_CASE("coroutines on several threads acknowledge each record once and miss none",
          "[client][async][queue][threads]") {
  const int count = Scaled(2000);
  auto pool = MakeThreadExecutor(Clock::System(), 2, "pool");
  LiveWorld world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1h, .partitions = 2});
  Findings findings;
  std::atomic<int> acknowledged{0};
  std::atomic<int> ended{0};
  base::EventCount end;
  const auto work = [&]() -> Task {
    for (;;) {
      auto lease = co_await queue.ReceiveAsync(*pool);
      if (!lease.ok()) break;
      findings.Expect(lease->Ack());
      if (acknowledged.fetch_add(1) + 1 == count) findings.Expect(queue.Close());
    }
    ended.fetch_add(1);
    end.Notify();
  };
  std::deque<Task> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(work());
  for (int i = 0; i < count; ++i) {
    // Half of them only when those before are done: none makes up for a wake-up that another one lost.
    while (i % 2 == 0 && acknowledged.load() < i) std::this_thread::yield();
    Append(*world.broker, "jobs", {.value = "v"}, i % 2);
  }
  pool->WaitUntil(
      end, [&] { return ended.load() == 4; }, kForever);
  pool.reset();  // they may still be on their way out
  for (const Task& worker : workers) CHECK(worker.done());
  CHECK(acknowledged == count);
  CHECK(findings.text().empty());
}

}  // namespace
}  // namespace moldau
