#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("broker, topic, producer and receipts can be destroyed in any order", "[client][producer]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  std::vector<int> order = {0, 1, 2, 3};
  do {
    CAPTURE(order);
    World world;
    std::optional<Topic> topic = world.Create("orders", 2, durability);
    std::optional<Producer> producer(std::in_place, *world.broker, ProducerOptions{.linger = 1h});
    std::optional<Receipt> receipt = Sent(*producer, "orders", {.value = "v", .partition = 1});
    Sent(*producer, "orders", {.value = "w", .partition = 0}).OnDone([](const absl::Status& status) {
      CHECK_OK(status);
    });
    const std::function<void()> destroy[] = {[&] { world.broker.reset(); }, [&] { topic.reset(); },
                                             [&] { producer.reset(); }, [&] { receipt.reset(); }};
    for (const int which : order) {
      destroy[which]();
      world.RunTasks();
      // Closing either of them has appended what was sent.
      if (receipt && (!producer || world.broker == nullptr)) {
        CHECK(receipt->done());
        CHECK_OK(receipt->status());
      }
    }
    world.Reopen();
    CHECK(ValuesOf(world.broker->FindTopic("orders").value(), 1) == Strings{"v"});
    CHECK(ValuesOf(world.broker->FindTopic("orders").value(), 0) == Strings{"w"});
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("closing the broker appends what was sent, and cancels what comes later", "[client][producer]") {
  World world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, {.linger = 1h});
  const Receipt receipt = Sent(producer, "orders", {.value = "v"});
  REQUIRE_OK(world.broker->Close());
  CHECK_OK(receipt.Wait());
  CHECK(receipt.offset() == 0);
  CHECK(absl::IsCancelled(producer.Send("orders", {.value = "late"}).status()));
  CHECK(absl::IsCancelled(producer.Send("elsewhere", {.value = "late"}).status()));
  CHECK_OK(producer.Flush());
  CHECK_OK(producer.Close());
}

TEST_CASE("a producer of a closed broker takes nothing", "[client][producer]") {
  World world;
  world.Create("orders");
  REQUIRE_OK(world.broker->Close());
  Producer producer(*world.broker);
  CHECK(absl::IsCancelled(producer.Send("orders", {.value = "v"}).status()));
}

TEST_CASE("a producer can be moved, with what it holds", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer first(*world.broker, {.linger = 1h});
  Send(first, "orders", {.value = "a"});
  Producer second = std::move(first);
  Send(second, "orders", {.value = "b"});
  Producer third(*world.broker, {.linger = 1h});
  Send(third, "orders", {.value = "c"});
  second = std::move(third);  // closes what it was before
  CHECK(ValuesOf(topic) == Strings{"a", "b"});
  CHECK_OK(second.Flush());
  CHECK(ValuesOf(topic) == Strings{"a", "b", "c"});
}

TEST_CASE("what cannot be appended before close gives up is cancelled", "[client][producer]") {
  LiveWorld world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  CHECK_OK(Sent(producer, "orders", {.value = "first"}).Wait());
  std::atomic<bool> held{true};
  std::atomic<bool> entered{false};
  world.disk.SetHook([&](const storage::Operation& operation) {
    if (operation.kind == storage::OperationKind::kWrite && operation.path.find("orders-0") != std::string::npos) {
      entered.store(true);
      entered.notify_all();
      while (held.load()) held.wait(true);
    }
    return absl::OkStatus();
  });
  const Receipt stuck = Sent(producer, "orders", {.value = "stuck"});
  absl::Status appended;
  std::thread appender([&] { appended = stuck.Wait(); });
  entered.wait(false);
  const Receipt behind = Sent(producer, "orders", {.value = "behind"});
  CHECK(absl::IsDeadlineExceeded(producer.Close(10ms)));
  held.store(false);
  held.notify_all();
  appender.join();
  CHECK_OK(appended);
  CHECK(absl::IsCancelled(behind.Wait()));
  CHECK(ValuesOf(topic) == Strings{"first", "stuck"});
}

TEST_CASE("a callback may send, and may be the last to hold the producer", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  auto producer = std::make_shared<Producer>(*world.broker, ProducerOptions{.linger = 5ms});
  Sent(*producer, "orders", {.value = "a"}).OnDone([producer](const absl::Status& status) {
    CHECK_OK(status);
    Send(*producer, "orders", {.value = "b"});
  });
  producer.reset();
  world.Pass(5ms);
  CHECK(ValuesOf(topic) == Strings{"a", "b"});
}

}  // namespace
}  // namespace moldau
