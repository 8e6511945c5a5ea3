// Queues whose consumers wait in an event loop of the host.
#include <atomic>
#include <thread>

#include "client/descriptors.h"
#include "client/queue_world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("a queue's descriptor becomes readable as soon as there may be something to receive",
          "[client][descriptor][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1h, .max_in_flight = 1, .partitions = 3});
  const int fd = DescriptorOf(queue);
  CHECK(IsReadable(fd));
  CHECK(IsEmpty(queue));
  CHECK_FALSE(IsReadable(fd));
  Append(*world.broker, "jobs", {.value = "v"}, 2);
  CHECK(IsReadable(fd));
  Lease held = Received(queue);
  CHECK(IsReadable(fd));  // there could be more
  CHECK(IsEmpty(queue));
  CHECK_FALSE(IsReadable(fd));

  SECTION("a record that is given back") {
    CHECK_OK(held.Release());
    CHECK(IsReadable(fd));
    CHECK(Received(queue).delivery_count() == 2);
  }
  SECTION("a record whose delay ends") {
    CHECK_OK(held.Release(10ms));
    CHECK(IsEmpty(queue));
    CHECK_FALSE(IsReadable(fd));
    world.Pass(10ms);
    CHECK(IsReadable(fd));
    CHECK(Received(queue).delivery_count() == 2);
  }
  SECTION("a lock that lapses") {
    world.Pass(1h - 1ms);
    CHECK(IsEmpty(queue));
    CHECK_FALSE(IsReadable(fd));
    world.Pass(1ms);
    CHECK(IsReadable(fd));
    CHECK(Received(queue).delivery_count() == 2);
  }
  SECTION("a lock that lapses earlier than was thought") {
    CHECK_OK(held.Extend(10ms));
    IsEmpty(queue);
    CHECK_FALSE(IsReadable(fd));
    world.Pass(10ms);
    CHECK(IsReadable(fd));
    CHECK(Received(queue).delivery_count() == 2);
  }
  SECTION("room in the window") {
    Append(*world.broker, "jobs", {.value = "w"}, 2);
    CHECK(IsEmpty(queue));
    CHECK_FALSE(IsReadable(fd));
    CHECK_OK(held.Ack());
    CHECK(IsReadable(fd));
    CHECK(Received(queue).value() == "w");
  }
  SECTION("a record of a partition that was added meanwhile") {
    REQUIRE_OK(world.broker->AddPartitions("jobs", 4));
    CHECK(IsReadable(fd));
    CHECK(IsEmpty(queue));
    Append(*world.broker, "jobs", {.value = "w"}, 3);
    CHECK(IsReadable(fd));
  }
  SECTION("the close of the broker, for good") {
    CHECK_OK(world.broker->Close());
    CHECK(IsReadable(fd));
    CHECK(absl::IsCancelled(queue.Receive(0ms).status()));
    CHECK(IsReadable(fd));
  }
  SECTION("its own close, for good") {
    CHECK_OK(queue.Close());
    CHECK(IsReadable(fd));
    CHECK(absl::IsCancelled(queue.ReadyDescriptor().status()));
  }
}

TEST_CASE("loops of several threads that sleep on one queue's descriptor share the work and miss nothing",
          "[client][descriptor][queue][threads]") {
  const int count = Scaled(2000);
  LiveWorld world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1h, .partitions = 2});
  const int fd = DescriptorOf(queue);
  Findings findings;
  std::atomic<int> done{0};
  std::vector<std::thread> loops;
  for (int i = 0; i < 3; ++i) {
    loops.emplace_back([&] {
      while (AwaitReadable(fd)) {
        auto lease = queue.Receive(0ms);
        if (absl::IsCancelled(lease.status())) return;
        findings.Expect(lease);
        if (!lease.ok()) return;
        if (!*lease) continue;
        findings.Expect(lease->Ack());
        if (done.fetch_add(1) + 1 == count) findings.Expect(queue.Close());
      }
    });
  }
  for (int i = 0; i < count; ++i) Append(*world.broker, "jobs", {.value = "v"}, i % 2);
  for (std::thread& loop : loops) loop.join();
  CHECK(done == count);
  CHECK(findings.text().empty());
}

}  // namespace
}  // namespace moldau
