// What may change under a queue: its options, the partitions and the configuration of its topic, the topic itself.
#include <algorithm>
#include <thread>

#include "client/queue_world.h"

namespace moldau {
namespace {

using namespace test;
using Catch::Matchers::Contains;

// Fails what is written to files whose path has `part` in it.
void FailWrites(World& world, const std::string& part) {
  world.disk.SetHook([part](const storage::Operation& operation) {
    const bool is_write = operation.kind == storage::OperationKind::kWrite;
    const bool hit = is_write && operation.path.find(part) != std::string::npos;
    return hit ? absl::ResourceExhaustedError("injected") : absl::OkStatus();
  });
}

// Runs the tasks that are due; false if they do not come to an end.
bool ComesToRest(ManualExecutor& executor) {
  for (int i = 0; i < 1000; ++i) {
    if (executor.Poll() == 0) return true;
  }
  return false;
}

Strings ValuesAfterCrash(const World& world, const QueueOptions& options, std::string_view name = "jobs") {
  AfterCrash after(world, /*power_cut=*/false);
  Queue again = OpenQueue(*after.broker, options, name);
  return ValuesOf(ReceivedAll(again));
}

TEST_CASE("what was acknowledged under other options of a queue stays so", "[client][queue][Q11]") {
  World world;
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker, {.max_deliveries = 1}));
  Append(*world.broker, "jobs", Strings{"a", "b", "c"});
  auto leases = ReceivedAll(*queue);
  CHECK_OK(leases[1].Ack());
  CHECK_OK(leases[0].Ack());
  CHECK_OK(leases[2].Ack());
  leases.clear();
  queue.reset();  // before any of it was written
  const QueueOptions other{.max_deliveries = 2};
  SECTION("once the next owner commits") {
    Queue next = OpenQueue(*world.broker, other);
    CHECK_OK(next.Commit());
    CHECK(ValuesAfterCrash(world, other).empty());
  }
  SECTION("also if it could not be written at once") {
    FailWrites(world, "__share_group_state");
    Queue next = OpenQueue(*world.broker, other);
    CHECK_FALSE(next.Commit().ok());
    world.disk.SetHook(nullptr);
    CHECK_OK(next.Commit());
    CHECK(ValuesAfterCrash(world, other).empty());
  }
  SECTION("and nothing is busy afterwards") {
    const Queue next = OpenQueue(*world.broker, other);
    world.clock.Advance(5ms);
    CHECK(ComesToRest(*world.executor));
  }
}

TEST_CASE("a deletion that fails leaves a topic's queues as they were", "[client][queue][Q11]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", Strings{"a", "b", "c"});
  const QueueOptions options{.topic = "orders"};
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker, options, "billing"));
  auto leases = ReceivedAll(*queue, 2);
  CHECK_OK(Queue::AckAll(leases));
  leases.clear();
  FailWrites(world, "__cluster_metadata");
  CHECK(absl::IsResourceExhausted(world.broker->DeleteTopic("orders")));
  world.disk.SetHook(nullptr);
  CHECK(ValuesOf(ReceivedAll(*queue)) == Strings{"c"});
  queue.reset();
  Queue again = OpenQueue(*world.broker, options, "billing");
  CHECK(ValuesOf(ReceivedAll(again)) == Strings{"c"});
  CHECK(ValuesAfterCrash(world, options, "billing") == Strings{"c"});
}

TEST_CASE("a topic can be deleted while what its queues know cannot be written", "[client][queue][Q11]") {
  World world;
  const auto size_of_states = [&] {
    int64_t size = 0;
    const Topic states = *world.broker->FindTopic("__share_group_state");
    for (int32_t i = 0; i < states.partition_count(); ++i) size += states.partition(i)->log_end_offset().value();
    return size;
  };
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a"});
  CHECK_OK(Received(queue).Ack());
  CHECK_OK(queue.Commit());
  const int64_t before = size_of_states();
  FailWrites(world, "__share_group_state");
  REQUIRE_OK(world.broker->DeleteTopic("jobs"));
  CHECK(absl::IsNotFound(queue.Receive(0ms).status()));
  CHECK(size_of_states() == before);
  world.disk.SetHook(nullptr);
  world.Pass(1min);
  CHECK(size_of_states() > before);  // now it is taken back
}

TEST_CASE("a queue that could not begin at the end does not begin at the start", "[client][queue][Q11]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", Strings{"a", "b"});
  const QueueOptions options{.topic = "orders", .auto_offset_reset = OffsetReset::kLatest};
  { const Queue other = OpenQueue(*world.broker, {.topic = "orders"}, "other"); }  // there is a topic for states
  FailWrites(world, "__share_group_state");
  CHECK(absl::IsResourceExhausted(Queue::Open(*world.broker, "billing", options).status()));
  world.disk.SetHook(nullptr);
  Queue queue = OpenQueue(*world.broker, options, "billing");
  CHECK(IsEmpty(queue));
  Append(*world.broker, "orders", Strings{"c"});
  CHECK(ValuesOf(ReceivedAll(queue)) == Strings{"c"});
}

TEST_CASE("a queue that began at the end goes on together when its topic gets partitions", "[client][queue][Q11]") {
  World world;
  world.Create("orders");
  const QueueOptions options{.topic = "orders", .auto_offset_reset = OffsetReset::kLatest};
  Queue first = OpenQueue(*world.broker, options, "billing");
  REQUIRE_OK(world.broker->AddPartitions("orders", 2));
  Append(*world.broker, "orders", {.value = "a"}, 1);
  SECTION("whoever comes after those who were there") {
    CHECK(ValuesOf(ReceivedAll(first)) == Strings{"a"});
    Queue second = OpenQueue(*world.broker, options, "billing");
    CHECK(ValuesOf(ReceivedAll(second)) == Strings{"a"});  // given back
  }
  SECTION("whoever sees them first") {
    Queue second = OpenQueue(*world.broker, options, "billing");
    CHECK(ValuesOf(ReceivedAll(second)) == Strings{"a"});  // nothing is missed
    CHECK(ValuesOf(ReceivedAll(first)) == Strings{"a"});
    CHECK_OK(first.Commit());
    CHECK_OK(first.Describe());
  }
}

TEST_CASE("a damaged partition of a queue makes it fail when its turn comes, the others go on",
          "[client][queue][Q12]") {
  World world;
  world.Create("orders", 3);
  for (int32_t i = 0; i < 3; ++i) Append(*world.broker, "orders", {.value = std::to_string(i)}, i);
  { const Queue other = OpenQueue(*world.broker, {.topic = "orders"}, "other"); }  // there is a topic for states
  world.broker.reset();
  REQUIRE_OK(world.disk.Rename("data/orders-1", "lost"));
  world.Reopen();
  Queue queue = OpenQueue(*world.broker, {.topic = "orders"}, "billing");
  Strings values;
  int failures = 0;
  for (int i = 0; i < 6; ++i) {
    auto lease = queue.Receive(0ms);
    if (!lease.ok()) {
      CHECK(absl::IsDataLoss(lease.status()));
      ++failures;
    } else if (*lease) {
      values.emplace_back(lease->value());
      CHECK_OK(lease->Ack());
    }
  }
  std::ranges::sort(values);
  CHECK(values == Strings{"0", "2"});
  CHECK(failures == 2);
  CHECK_OK(queue.Commit());
  CHECK(queue.Describe()->depth == 0);
  REQUIRE_OK(world.broker->AddPartitions("orders", 4));
  Append(*world.broker, "orders", {.value = "3"}, 3);
  auto lease = queue.Receive(0ms);
  while (!lease.ok()) lease = queue.Receive(0ms);
  CHECK(lease->value() == "3");
}

TEST_CASE("a queue of which no partition is whole does not open", "[client][queue][Q12]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", Strings{"a"});
  world.broker.reset();
  REQUIRE_OK(world.disk.Rename("data/orders-0", "lost"));
  world.Reopen();
  CHECK(absl::IsDataLoss(Queue::Open(*world.broker, "billing", {.topic = "orders"}).status()));
}

TEST_CASE("whether a queue removes what is done is decided when its topic is made", "[client][queue]") {
  World world;
  const Topic shared = world.Create("orders");
  const Queue jobs = OpenQueue(*world.broker);
  const auto alter = [&](std::string_view topic, std::optional<std::string> value) {
    return world.broker->AlterTopicConfig(topic, {{"moldau.queue.trim", std::move(value)}});
  };
  for (const absl::Status& status : {alter("orders", "true"), alter("jobs", "false"), alter("jobs", std::nullopt)}) {
    CHECK(absl::IsInvalidArgument(status));
    CHECK_THAT(std::string(status.message()), Contains("moldau.queue.trim"));
  }
  CHECK_OK(alter("orders", "false"));  // as it is
  CHECK_OK(alter("jobs", "true"));
  CHECK(absl::IsFailedPrecondition(Queue::Open(*world.broker, "orders").status()));
}

TEST_CASE("options of a queue wait for dead letters that are on their way", "[client][queue][Q11]") {
  World world;
  world.Create("dead", 1, Durability::kFlushed);
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker, {.dead_letter = "dead"}));
  Append(*world.broker, "jobs", Strings{"bad"});
  CHECK_OK(Received(*queue).Reject());
  queue.reset();
  const QueueOptions other = Buffered({.max_deliveries = 9, .dead_letter = "dead"});
  absl::Status meanwhile;
  world.disk.SetHook([&](const storage::Operation& operation) {
    const bool sends =
        operation.kind == storage::OperationKind::kWrite && operation.path.find("dead-0") != std::string::npos;
    if (!sends) return absl::OkStatus();
    std::thread([&] { meanwhile = Queue::Open(*world.broker, "jobs", other).status(); }).join();
    return absl::OkStatus();
  });
  world.Pass(10ms);
  world.disk.SetHook(nullptr);
  CHECK(absl::IsFailedPrecondition(meanwhile));
  Queue next = OpenQueue(*world.broker, other);
  CHECK(IsEmpty(next));
  world.Pass(1s);
  CHECK(ValuesOf(*world.broker->FindTopic("dead")) == Strings{"bad"});
}

}  // namespace
}  // namespace moldau
