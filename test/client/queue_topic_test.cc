// Which topic a queue works on, with whom it shares it, and what becomes of its records on disk.
#include <limits>

#include "client/queue_world.h"

namespace moldau {
namespace {

using namespace test;
using Catch::Matchers::Contains;

TEST_CASE("queues and groups on one topic do not disturb each other", "[client][queue]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", Strings{"a", "b"});
  Queue billing = OpenQueue(*world.broker, {.topic = "orders"}, "billing");
  Queue shipping = OpenQueue(*world.broker, {.topic = "orders"}, "shipping");
  auto group = Consumer::Subscribe(*world.broker, {.group = "billing", .topics = {"orders"}});
  REQUIRE_OK(group);
  auto leases = ReceivedAll(billing);
  CHECK(ValuesOf(leases) == Strings{"a", "b"});
  CHECK_OK(Queue::AckAll(leases));
  CHECK_OK(billing.Commit());
  CHECK(ValuesOf(ReceivedAll(shipping)) == Strings{"a", "b"});
  CHECK(ValuesOf(*group->Poll(0ms)) == Strings{"a", "b"});
  world.Pass(1min);
  CHECK(world.broker->FindTopic("orders")->partition(0)->log_start_offset().value() == 0);
  CHECK(IsEmpty(billing));
}

TEST_CASE("a queue's own topic gives the disk back what is done", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  REQUIRE_OK(world.broker->AlterTopicConfig("jobs", {{"segment.bytes", "65536"}}));
  const std::string value(1000, 'v');
  Partition partition = *world.broker->FindTopic("jobs")->partition(0);
  Lease oldest;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) Append(*world.broker, "jobs", {.value = value});
    if (!oldest) oldest = Received(queue);
    auto leases = ReceivedAll(queue);
    CHECK_OK(Queue::AckAll(leases));
    world.Pass(1s);
    CHECK_OK(oldest.Extend(1min));
  }
  CHECK(partition.log_start_offset().value() == 0);  // the oldest is not done
  CHECK(partition.size_bytes().value() > 1'000'000);
  CHECK_OK(oldest.Ack());
  world.Pass(5s);
  CHECK(partition.log_start_offset().value() == 1000);
  CHECK(partition.size_bytes().value() < 2 * 65536);
  CHECK(queue.Describe()->depth == 0);
  // The end of a burst that is not worth a segment, too.
  REQUIRE_OK(world.broker->AlterTopicConfig("jobs", {{"segment.bytes", std::to_string(2 << 20)}}));
  for (int i = 0; i < 3500; ++i) Append(*world.broker, "jobs", {.value = value});
  for (int i = 0; i < 4; ++i) {
    auto leases = ReceivedAll(queue);
    CHECK_OK(Queue::AckAll(leases));
  }
  world.Pass(10ms);
  for (int i = 0; i < 3; ++i) world.Pass(5s);
  CHECK(queue.Describe()->depth == 0);
  CHECK(partition.size_bytes().value() < 1 << 20);
  // What the queue made for itself is never too old, and never too much.
  const auto description = world.broker->DescribeTopic("jobs");
  REQUIRE_OK(description);
  for (const TopicConfigEntry& entry : description->config) {
    if (entry.name == "moldau.queue.trim") CHECK(entry.value == "true");
    if (entry.name == "retention.ms" || entry.name == "retention.bytes") CHECK(entry.value == "-1");
  }
}

TEST_CASE("a queue does not take over a topic that is not its own", "[client][queue]") {
  World world;
  world.Create("orders");
  const auto shared = Queue::Open(*world.broker, "orders");
  CHECK(absl::IsFailedPrecondition(shared.status()));
  CHECK_THAT(std::string(shared.status().message()), Contains("moldau.queue.trim") && Contains("QueueOptions::topic"));
  CHECK_OK(Queue::Open(*world.broker, "orders", {.topic = "orders"}));
  const Queue jobs = OpenQueue(*world.broker);
  const auto guest = Queue::Open(*world.broker, "audit", {.topic = "jobs"});
  CHECK(absl::IsFailedPrecondition(guest.status()));
  CHECK_THAT(std::string(guest.status().message()), Contains("belongs to the queue"));
  CHECK(absl::IsNotFound(Queue::Open(*world.broker, "audit", {.topic = "nosuch"}).status()));
}

TEST_CASE("a queue begins with the oldest record, or behind the last one", "[client][queue]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", Strings{"a"});
  Queue all = OpenQueue(*world.broker, {.topic = "orders"}, "all");
  {
    const Queue latest =
        OpenQueue(*world.broker, {.topic = "orders", .auto_offset_reset = OffsetReset::kLatest}, "latest");
  }
  Append(*world.broker, "orders", Strings{"b"});
  world.Reopen();
  Append(*world.broker, "orders", Strings{"c"});
  all = OpenQueue(*world.broker, {.topic = "orders"}, "all");
  // Its place was decided when it first came, not now.
  Queue latest = OpenQueue(*world.broker, {.topic = "orders", .auto_offset_reset = OffsetReset::kLatest}, "latest");
  CHECK(ValuesOf(ReceivedAll(all)) == Strings{"a", "b", "c"});
  CHECK(ValuesOf(ReceivedAll(latest)) == Strings{"b", "c"});
}

TEST_CASE("every problem of a queue's options is named at once", "[client][queue]") {
  World world;
  const auto queue = Queue::Open(*world.broker, "jobs",
                                 {.max_deliveries = -1,
                                  .lock_duration = 0ms,
                                  .redelivery_delay = {.initial = -1ms, .growth = 0.5, .max = -2ms},
                                  .dead_letter = "jobs",
                                  .max_in_flight = 0,
                                  .max_waiting = 0,
                                  .auto_offset_reset = OffsetReset::kNone});
  CHECK(absl::IsInvalidArgument(queue.status()));
  for (const char* problem : {"max_deliveries", "lock_duration", "initial", "growth", "max is", "dead_letter",
                              "max_in_flight", "max_waiting", "auto_offset_reset"}) {
    CHECK_THAT(std::string(queue.status().message()), Contains(problem));
  }
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  for (const auto& [in_flight, waiting] : {std::pair(size_t{150'000}, size_t{50'001}), std::pair(kMost, kMost)}) {
    CHECK(absl::IsInvalidArgument(
        Queue::Open(*world.broker, "jobs", {.max_in_flight = in_flight, .max_waiting = waiting}).status()));
  }
  world.Create("orders");
  CHECK(absl::IsInvalidArgument(Queue::Open(*world.broker, "jobs", {.dead_letter = "__share_group_state"}).status()));
  CHECK(absl::IsInvalidArgument(
      Queue::Open(*world.broker, "jobs", {.topic = "orders", .partitions = 2, .durability = Durability::kBuffered})
          .status()));
  CHECK(GetErrorCode(Queue::Open(*world.broker, "", {.topic = "orders"}).status()) == ErrorCode::kInvalidGroupId);
  Queue good = OpenQueue(*world.broker);
  CHECK(absl::IsInvalidArgument(good.ReceiveMany(0, 0ms).status()));
}

TEST_CASE("consumers of a queue agree on its options, and can change them when all have gone", "[client][queue]") {
  World world;
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker, {.max_deliveries = 3}));
  Append(*world.broker, "jobs", Strings{"a"});
  const auto open = [&](int max_deliveries) {
    return Queue::Open(*world.broker, "jobs", Buffered({.max_deliveries = max_deliveries}));
  };
  CHECK(absl::IsFailedPrecondition(open(4).status()));
  CHECK_OK(open(3));
  Lease lease = Received(*queue);
  queue.reset();
  CHECK(absl::IsFailedPrecondition(open(4).status()));  // the lock was given under the old ones
  CHECK_OK(lease.Release());
  auto changed = open(4);
  REQUIRE_OK(changed);
  CHECK(Received(*changed).delivery_count() == 2);
}

TEST_CASE("a queue sees the partitions that its topic gets later, from their beginning", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.auto_offset_reset = OffsetReset::kLatest});
  REQUIRE_OK(world.broker->AddPartitions("jobs", 2));
  Append(*world.broker, "jobs", {.value = "a"}, 1);
  CHECK(Received(queue).value() == "a");
}

TEST_CASE("a queue whose topic is deleted says so, and one made later under its name begins anew", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a", "b"});
  Lease done = Received(queue);
  CHECK_OK(done.Ack());
  Lease held = Received(queue);
  REQUIRE_OK(world.broker->DeleteTopic("jobs"));
  CHECK(absl::IsNotFound(queue.Receive(0ms).status()));
  CHECK(absl::IsNotFound(held.Ack()));
  CHECK(held.value() == "b");  // its bytes stay
  Queue again = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"c"});
  const Lease first = Received(again);
  CHECK(first.value() == "c");
  CHECK(first.delivery_count() == 1);
}

TEST_CASE("records that retention removes are not the queue's any more", "[client][queue]") {
  World world;
  world.Create("orders");
  Queue queue = OpenQueue(*world.broker, {.topic = "orders"}, "billing");
  Append(*world.broker, "orders", Strings{"a", "b", "c"});
  Lease first = Received(queue);
  REQUIRE_OK(world.broker->FindTopic("orders")->partition(0)->Trim(2));
  const Lease next = Received(queue);
  CHECK(next.value() == "c");
  CHECK(IsLockExpired(first.Ack()));
  CHECK(first.value() == "a");
}

TEST_CASE("states lie in a topic that the broker keeps for itself", "[client][queue]") {
  World world({.queue_state_partitions = 3});
  CHECK(world.broker->ListTopics(true).empty());
  const Queue queue = OpenQueue(*world.broker);
  CHECK(world.broker->ListTopics() == Strings{"jobs"});
  const auto topic = world.broker->FindTopic("__share_group_state");
  REQUIRE_OK(topic);
  CHECK(topic->partition_count() == 3);
  CHECK(topic->Describe().internal);
  CHECK(GetErrorCode(world.broker->DeleteTopic("__share_group_state")) == ErrorCode::kInvalidTopic);
}

}  // namespace
}  // namespace moldau
