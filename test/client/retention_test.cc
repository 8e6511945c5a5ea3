// Topics that are as long as their readers need them: `moldau.retention.consumed`.
#include <string>

#include "client/queue_world.h"

namespace moldau {
namespace {

using namespace test;

const TopicPartition kOrders{"orders", 0};

struct ReadersWorld : World {
  explicit ReadersWorld(const std::string& consumed, const std::string& retention_bytes = "-1")
      : topic(*broker->CreateTopic("orders", {.durability = Durability::kBuffered,
                                              .config = {{"moldau.retention.consumed", consumed},
                                                         {"retention.bytes", retention_bytes},
                                                         {"segment.bytes", "65536"}}})),
        partition(*topic.partition(0)) {}

  void AppendSome(int count) {
    for (int i = 0; i < count; ++i) REQUIRE_OK(partition.Append({.value = std::string(1000, 'v')}));
  }
  Consumer Group(const std::string& name) {
    auto consumer = Consumer::Subscribe(*broker, {.group = name, .topics = {"orders"}});
    REQUIRE_OK(consumer);
    return *std::move(consumer);
  }
  void Commit(Consumer& consumer, int64_t offset) {
    REQUIRE_OK(consumer.Poll(0ms));
    REQUIRE_OK(consumer.Commit({{kOrders, offset}}));
    Pass(1s);
  }

  Topic topic;
  Partition partition;
};

TEST_CASE("disk is given back at once as the slowest group goes on", "[client][retention]") {
  ReadersWorld world("only_unread");
  Consumer fast = world.Group("fast");
  Consumer slow = world.Group("slow");
  world.AppendSome(1000);
  world.Commit(fast, 1000);
  CHECK(*world.partition.log_start_offset() == 1000);  // the other one has not committed yet: it is not known
  world.AppendSome(1000);
  world.Commit(slow, 1500);
  world.Commit(fast, 2000);
  CHECK(*world.partition.log_start_offset() == 1500);
  CHECK(*world.partition.size_bytes() < 600 * 1100);
  world.Commit(slow, 2000);
  CHECK(*world.partition.log_start_offset() == 2000);
  CHECK(world.partition.Describe()->dropped_unread == 0);
}

TEST_CASE("disk is given back as a queue's records are done, but for those of another that are not",
          "[client][retention]") {
  ReadersWorld world("only_unread");
  Queue billing = OpenQueue(*world.broker, {.topic = "orders"}, "billing");
  Queue shipping = OpenQueue(*world.broker, {.topic = "orders"}, "shipping");
  world.AppendSome(100);
  auto billed = ReceivedAll(billing);
  auto shipped = ReceivedAll(shipping);
  REQUIRE_OK(Queue::AckAll(billed));
  REQUIRE_OK(billing.Commit());
  world.Pass(2s);
  CHECK(*world.partition.log_start_offset() == 0);
  REQUIRE_OK(Queue::AckAll(shipped));
  REQUIRE_OK(shipping.Commit());
  world.Pass(2s);
  CHECK(*world.partition.log_start_offset() == 100);
}

TEST_CASE("a bounded topic says how many records it has dropped before a group had read them", "[client][retention]") {
  ReadersWorld world("drop_read", "200000");
  Consumer group = world.Group("g");
  world.AppendSome(10);
  world.Commit(group, 10);
  world.AppendSome(1000);
  world.Pass(10min);
  const int64_t start = *world.partition.log_start_offset();
  CHECK(start > 500);
  CHECK(world.partition.Describe()->dropped_unread == start - 10);
}

TEST_CASE("no power cut takes a group back to what its commit has deleted", "[client][retention]") {
  ReadersWorld world("only_unread");
  Consumer group = world.Group("g");
  world.AppendSome(200);
  world.Commit(group, 150);
  REQUIRE(*world.partition.log_start_offset() == 150);
  World after({}, world.disk.CrashImage({}));
  auto again = Consumer::Subscribe(*after.broker, {.group = "g", .topics = {"orders"}});
  REQUIRE_OK(again);
  REQUIRE_OK(again->Poll(0ms));
  CHECK(again->Committed(kOrders).value() == 150);
  CHECK(*after.broker->FindTopic("orders")->partition(0)->log_start_offset() == 150);
}

}  // namespace
}  // namespace moldau
