#include <atomic>
#include <thread>

#include "client/queue_world.h"

namespace moldau {
namespace {

using namespace test;
using Catch::Matchers::Contains;

TEST_CASE("a record goes to one consumer and is gone once it is acknowledged", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Queue other = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a", "b"});
  Lease lease = Received(queue);
  CHECK(lease.value() == "a");
  CHECK(lease.offset() == 0);
  CHECK(lease.partition() == TopicPartition{"jobs", 0});
  CHECK(lease.delivery_count() == 1);
  CHECK(ValuesOf(ReceivedAll(other)) == Strings{"b"});
  CHECK_OK(lease.Ack());
  CHECK_FALSE(static_cast<bool>(lease));
  world.Pass(1h);
  CHECK(ValuesOf(ReceivedAll(other)) == Strings{"b"});
}

TEST_CASE("a lease that is dropped gives its record back, one that is moved does not", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a"});
  { const Lease dropped = Received(queue); }
  Lease lease = Received(queue);
  CHECK(lease.delivery_count() == 2);
  Lease moved = std::move(lease);
  lease = Lease();
  CHECK(moved.value() == "a");
  CHECK(IsEmpty(queue));
  moved = Lease();  // gives it back
  CHECK(Received(queue).delivery_count() == 3);
}

TEST_CASE("a lease of nothing says so", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  auto lease = queue.Receive(0ms);
  REQUIRE_OK(lease);
  CHECK_FALSE(static_cast<bool>(*lease));
  CHECK(IsLockExpired(lease->Ack()));
  CHECK(IsLockExpired(lease->Release()));
  CHECK(IsLockExpired(lease->Reject()));
  CHECK(IsLockExpired(lease->Extend()));
}

TEST_CASE("a late acknowledgement is refused by name, and no wall clock ends a lock", "[client][queue][Q1]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 10s});
  Append(*world.broker, "jobs", Strings{"a"});
  Lease lease = Received(queue);
  world.clock.JumpWall(std::chrono::hours(24 * 365));
  world.Pass(10s - 1ms);
  CHECK(IsEmpty(queue));
  CHECK_OK(lease.Extend());
  world.Pass(10s - 1ms);
  CHECK(IsEmpty(queue));
  world.Pass(1ms);
  const absl::Status late = lease.Ack();
  CHECK(IsLockExpired(late));
  CHECK_THAT(std::string(late.message()), Contains("lock expired") && Contains("jobs-0") && Contains("offset 0"));
  Lease again = Received(queue);
  CHECK(again.delivery_count() == 2);
  CHECK_OK(again.Ack());
}

TEST_CASE("how often a record was handed out survives the process, whatever became of the consumer",
          "[client][queue][Q3]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a", "b"});
  const auto leases = ReceivedAll(queue);  // written before they were handed out, and by nothing else
  AfterCrash after(world, /*power_cut=*/false);
  Queue again = OpenQueue(*after.broker);
  const auto second = ReceivedAll(again);
  REQUIRE(ValuesOf(second) == Strings{"a", "b"});
  CHECK(second[0].delivery_count() == 2);
  CHECK(second[1].delivery_count() == 2);
}

TEST_CASE("while its state cannot be written a queue hands nothing out, and no delivery is used up",
          "[client][queue][Q3]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.max_deliveries = 2});
  Append(*world.broker, "jobs", Strings{"a"});
  world.disk.SetHook([](const storage::Operation& operation) {
    const bool hit = operation.kind == storage::OperationKind::kWrite &&
                     operation.path.find("__share_group_state") != std::string::npos;
    return hit ? absl::ResourceExhaustedError("injected") : absl::OkStatus();
  });
  for (int i = 0; i < 5; ++i) {
    CHECK(absl::IsResourceExhausted(queue.Receive(0ms).status()));
    world.Pass(1s);
  }
  CHECK(queue.Describe()->redeliveries == 0);
  world.disk.SetHook(nullptr);
  Lease lease = Received(queue);
  CHECK(lease.delivery_count() == 1);
  AfterCrash after(world, /*power_cut=*/false);
  Queue again = OpenQueue(*after.broker, {.max_deliveries = 2});
  CHECK(Received(again).delivery_count() == 2);
}

TEST_CASE("an acknowledgement survives the process when it is written, and the machine when it is committed",
          "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a", "b", "c"});
  REQUIRE_OK(world.broker->Flush());
  auto leases = ReceivedAll(queue);
  CHECK_OK(leases[0].Ack());
  const auto values_after = [&](bool power_cut) {
    AfterCrash after(world, power_cut);
    Queue again = OpenQueue(*after.broker);
    return ValuesOf(ReceivedAll(again));
  };
  SECTION("by a commit") {
    CHECK_OK(queue.Commit());
    CHECK(values_after(true) == Strings{"b", "c"});
  }
  SECTION("a few milliseconds later, without anybody's doing") {
    world.Pass(5ms);
    CHECK(values_after(false) == Strings{"b", "c"});
    CHECK(values_after(true) == Strings{"a", "b", "c"});
    world.Pass(1s);
    CHECK(values_after(true) == Strings{"b", "c"});
  }
  SECTION("with the next receive") {
    Append(*world.broker, "jobs", Strings{"d"});
    const Lease next = Received(queue);
    CHECK(values_after(false) == Strings{"b", "c", "d"});
  }
  SECTION("by closing the queue") {
    CHECK_OK(queue.Close());
    CHECK(values_after(true) == Strings{"b", "c"});
  }
  SECTION("by closing the broker") {
    CHECK_OK(world.broker->Close());
    CHECK(values_after(true) == Strings{"b", "c"});
  }
}

TEST_CASE("a record that nobody can work on becomes a dead letter that says why, how often and from where",
          "[client][queue][Q4]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.max_deliveries = 3, .dead_letter = "dead"});
  const Header own{.key = "trace", .value = "7"};
  Append(*world.broker, "jobs", {.key = "k", .value = "poison", .headers = {&own, 1}});
  Append(*world.broker, "jobs", Strings{"good", "bad"});
  for (int i = 0; i < 3; ++i) {
    Lease lease = Received(queue);
    REQUIRE(lease.value() == "poison");
    if (i < 2) CHECK_OK(lease.Release());
  }
  Lease good = Received(queue);
  CHECK(good.value() == "good");
  CHECK_OK(good.Ack());
  CHECK_OK(Received(queue).Reject("cannot be parsed"));
  world.RunTasks();
  CHECK(IsEmpty(queue));

  Queue dead = OpenQueue(*world.broker, {.topic = "dead"}, "undertaker");
  Partition letters = *world.broker->FindTopic("dead")->partition(0);
  REQUIRE_OK(letters.Flush());
  const auto leases = ReceivedAll(dead);
  REQUIRE(ValuesOf(leases) == Strings{"poison", "bad"});
  const RecordView& poison = leases[0].record();
  CHECK(poison.key() == "k");
  CHECK(HeaderOf(poison, "trace") == "7");
  CHECK(HeaderOf(poison, kDeadLetterReasonHeader) == "handed out too often");
  CHECK(HeaderOf(poison, kDeadLetterDeliveriesHeader) == "3");
  CHECK(HeaderOf(poison, kDeadLetterQueueHeader) == "jobs");
  CHECK(HeaderOf(poison, kDeadLetterTopicHeader) == "jobs");
  CHECK(HeaderOf(poison, kDeadLetterPartitionHeader) == "0");
  CHECK(HeaderOf(poison, kDeadLetterOffsetHeader) == "0");
  CHECK(HeaderOf(leases[1].record(), kDeadLetterReasonHeader) == "cannot be parsed");
  CHECK(HeaderOf(leases[1].record(), kDeadLetterDeliveriesHeader) == "1");
  CHECK(queue.Describe()->dead_letters == 2);
  CHECK(queue.Describe()->depth == 0);
}

TEST_CASE("without a topic for dead letters a record is dropped after its last delivery", "[client][queue][Q4]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.max_deliveries = 1});
  Append(*world.broker, "jobs", Strings{"poison", "good"});
  CHECK_OK(Received(queue).Release());
  CHECK(ValuesOf(ReceivedAll(queue)) == Strings{"good"});
}

TEST_CASE("while its dead letter cannot be written a record stays, and the others go on", "[client][queue][Q5]") {
  World world;
  world.Create("dead", 1, Durability::kBuffered, {{"max.message.bytes", "100"}});
  Queue queue = OpenQueue(*world.broker, {.max_deliveries = 1, .dead_letter = "dead"});
  Append(*world.broker, "jobs", Strings{std::string(500, 'x'), "good"});
  CHECK_OK(Received(queue).Release());
  for (int i = 0; i < 3; ++i) world.Pass(2s);
  Lease good = Received(queue);
  CHECK(good.value() == "good");
  CHECK_OK(good.Ack());
  CHECK(IsEmpty(queue));
  CHECK(queue.Describe()->dead_letters == 0);
  CHECK(queue.Describe()->depth == 2);  // the source is not done

  const bool crash = GENERATE(false, true);
  if (crash) {
    world.Pass(1s);
    AfterCrash after(world, /*power_cut=*/false);
    REQUIRE_OK(after.broker->AlterTopicConfig("dead", {{"max.message.bytes", "10000"}}));
    Queue again = OpenQueue(*after.broker, {.max_deliveries = 1, .dead_letter = "dead"});
    CHECK(IsEmpty(again));
    after.RunTasks();
    CHECK(ValuesOf(*after.broker->FindTopic("dead")) == Strings{std::string(500, 'x')});
    CHECK(again.Describe()->depth == 0);
    return;
  }
  REQUIRE_OK(world.broker->AlterTopicConfig("dead", {{"max.message.bytes", "10000"}}));
  world.Pass(2s);
  CHECK(ValuesOf(*world.broker->FindTopic("dead")) == Strings{std::string(500, 'x')});
  CHECK(queue.Describe()->depth == 0);
}

TEST_CASE("a record is done only when its dead letter is on disk", "[client][queue][Q5]") {
  World world;
  world.Create("dead", 1, Durability::kFlushed);
  Queue queue = OpenQueue(*world.broker, {.dead_letter = "dead"});
  Append(*world.broker, "jobs", Strings{"bad"});
  world.disk.SetHook([](const storage::Operation& operation) {
    const bool is_write =
        operation.kind == storage::OperationKind::kFlush || operation.kind == storage::OperationKind::kWrite;
    const bool hit = is_write && operation.path.find("dead-0") != std::string::npos;
    return hit ? absl::UnavailableError("injected") : absl::OkStatus();
  });
  CHECK_OK(Received(queue).Reject());
  world.Pass(10s);
  CHECK(queue.Describe()->depth == 1);
  CHECK(IsEmpty(queue));  // it was given up nevertheless
  world.disk.SetHook(nullptr);
  AfterCrash after(world, /*power_cut=*/false);
  Queue again = OpenQueue(*after.broker, {.dead_letter = "dead"});
  CHECK(IsEmpty(again));
  after.RunTasks();
  REQUIRE_OK(after.broker->Flush());
  after.RunTasks();
  CHECK(ValuesOf(*after.broker->FindTopic("dead")) == Strings{"bad"});
  CHECK(again.Describe()->depth == 0);
}

TEST_CASE("the records of a consumer that is gone are free when their locks lapse", "[client][queue][Q6]") {
  World world;
  auto gone = std::make_unique<Queue>(OpenQueue(*world.broker, {.lock_duration = 7s}));
  Append(*world.broker, "jobs", Strings{"a"});
  const Lease never_settled = Received(*gone);
  gone.reset();
  Queue queue = OpenQueue(*world.broker);
  world.Pass(7s - 1ms);
  CHECK(IsEmpty(queue));
  world.Pass(1ms);
  CHECK(Received(queue).value() == "a");
}

TEST_CASE("a receive that waits gets a record as soon as its lock lapses", "[client][queue][Q6]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1min});
  Append(*world.broker, "jobs", Strings{"a"});
  const Lease held = Received(queue);
  std::atomic<bool> returned{false};
  absl::StatusOr<Lease> lease = absl::UnavailableError("");
  std::thread waiter([&] {
    lease = queue.Receive(kForever);
    returned.store(true);
  });
  while (!returned.load()) world.clock.Advance(1s);
  waiter.join();
  REQUIRE_OK(lease);
  CHECK(lease->value() == "a");
  CHECK(lease->delivery_count() == 2);
}

TEST_CASE("a verdict counts once", "[client][queue][Q7]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a"});
  Lease lease = Received(queue);
  CHECK_OK(lease.Ack());
  CHECK(IsLockExpired(lease.Ack()));
  CHECK(IsLockExpired(lease.Release()));
  CHECK(IsLockExpired(lease.Reject()));
  CHECK(IsEmpty(queue));
}

TEST_CASE("no more records are locked than the options allow", "[client][queue][Q8]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.max_in_flight = 3});
  for (int i = 0; i < 10; ++i) Append(*world.broker, "jobs", Strings{std::to_string(i)});
  auto leases = ReceivedAll(queue);
  CHECK(leases.size() == 3);
  CHECK(IsEmpty(queue));
  CHECK(queue.Describe()->in_flight == 3);
  CHECK_OK(leases[1].Ack());
  CHECK(ValuesOf(ReceivedAll(queue)) == Strings{"3"});
}

TEST_CASE("records of one key are worked on one after the other, others at the same time", "[client][queue][Q9]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.ordered = true});
  for (const char* value : {"a1", "a2", "b1", "a3", "b2"}) {
    Append(*world.broker, "jobs", {.key = std::string_view(value, 1), .value = value});
  }
  auto first = ReceivedAll(queue);
  REQUIRE(ValuesOf(first) == Strings{"a1", "b1"});
  CHECK_OK(first[1].Ack());
  CHECK_OK(first[0].Release());
  auto second = ReceivedAll(queue);
  REQUIRE(ValuesOf(second) == Strings{"a1", "b2"});  // not a2 before a1
  CHECK_OK(queue.AckAll(second));
  CHECK(ValuesOf(ReceivedAll(queue)) == Strings{"a2"});
}

TEST_CASE("after a restart what was in flight is free and what was done stays done", "[client][queue][Q10]") {
  World world;
  const bool clean = GENERATE(true, false);
  auto queue = std::make_unique<Queue>(OpenQueue(*world.broker));
  Append(*world.broker, "jobs", Strings{"a", "b", "c", "d"});
  auto leases = ReceivedAll(*queue, 3);
  CHECK_OK(leases[1].Ack());
  const auto check = [](Broker& broker) {
    Queue again = OpenQueue(broker);
    const auto rest = ReceivedAll(again);
    CHECK(ValuesOf(rest) == Strings{"a", "c", "d"});
    CHECK(rest[0].delivery_count() == 2);
    CHECK(rest[2].delivery_count() == 1);
  };
  if (clean) {
    world.Reopen();
    CHECK(absl::IsCancelled(leases[0].Ack()));
    CHECK(absl::IsCancelled(queue->Receive(0ms).status()));
    check(*world.broker);
  } else {
    CHECK_OK(queue->Commit());
    AfterCrash after(world, /*power_cut=*/false);
    check(*after.broker);
  }
}

TEST_CASE("a buffered log that lost its end to a power cut takes new records from the queue's start",
          "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  Append(*world.broker, "jobs", Strings{"a", "b"});
  auto leases = ReceivedAll(queue);
  CHECK_OK(queue.AckAll(leases));
  CHECK_OK(queue.Commit());  // of the state, not of the records
  AfterCrash after(world, /*power_cut=*/true);
  REQUIRE(after.broker->FindTopic("jobs")->partition(0)->log_end_offset().value() == 0);
  Append(*after.broker, "jobs", Strings{"c"});  // before anybody opens the queue
  Queue again = OpenQueue(*after.broker);
  CHECK(ValuesOf(ReceivedAll(again)) == Strings{"c"});
}

TEST_CASE("a record is handed out again after a delay, and a receive that waits knows when", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.redelivery_delay = {.initial = 10s, .growth = 2}});
  Append(*world.broker, "jobs", Strings{"a"});
  CHECK_OK(Received(queue).Release());
  world.Pass(10s - 1ms);
  CHECK(IsEmpty(queue));
  world.Pass(1ms);
  CHECK_OK(Received(queue).Release());
  world.Pass(20s - 1ms);
  CHECK(IsEmpty(queue));
  world.Pass(1ms);
  CHECK_OK(Received(queue).Release(3s));
  world.Pass(3s);
  CHECK(Received(queue).delivery_count() == 4);
}

TEST_CASE("a scheduled record is handed out at its time, and nobody waits behind it", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  const Timestamp later = world.clock.WallNow() + 1h;
  REQUIRE_OK(queue.Send({.value = "later"}, later).value().Wait());
  REQUIRE_OK(queue.Send({.value = "now"}).value().Wait());
  CHECK_OK(Received(queue).Ack());
  CHECK(IsEmpty(queue));
  CHECK(queue.Describe()->waiting == 1);
  world.clock.JumpWall(2h);  // changes nothing for what was read
  CHECK(IsEmpty(queue));
  world.Pass(1h - 1ms);
  CHECK(IsEmpty(queue));
  world.Pass(1ms);
  const Lease lease = Received(queue);
  CHECK(lease.value() == "later");
  CHECK(HeaderOf(lease.record(), kNotBeforeHeader) == std::to_string(later.time_since_epoch().count()));
}

TEST_CASE("a time that is no number does not hold a record up", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  const Header header{.key = kNotBeforeHeader, .value = "tomorrow"};
  Append(*world.broker, "jobs", {.value = "a", .headers = {&header, 1}});
  CHECK(Received(queue).value() == "a");
}

TEST_CASE("a time that no clock reaches is far away, one that none has shown is over", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  const auto schedule = [&](const std::string& ms) {
    const Header header{.key = kNotBeforeHeader, .value = ms};
    Append(*world.broker, "jobs", {.value = ms, .headers = {&header, 1}});
  };
  const std::string past[] = {"-9223372036854775808", "-1", "0"};
  for (const std::string& ms : past) schedule(ms);
  auto leases = ReceivedAll(queue);
  CHECK(ValuesOf(leases) == Strings(std::begin(past), std::end(past)));
  CHECK_OK(Queue::AckAll(leases));
  for (const char* ms : {"253402300799000", "1700000000000000", "9223372036854775807"}) schedule(ms);
  for (int i = 0; i < 3; ++i) {
    CHECK(IsEmpty(queue));
    world.Pass(24h * 365);
  }
  CHECK(queue.Describe()->waiting == 3);
}

TEST_CASE("a wait of any length is a wait", "[client][queue]") {
  World world;
  constexpr auto kMost = std::chrono::milliseconds::max();
  Queue queue = OpenQueue(*world.broker, {.lock_duration = kMost, .redelivery_delay = {.initial = 10s, .max = kMost}});
  Append(*world.broker, "jobs", Strings{"a"});
  Lease lease = Received(queue);
  world.Pass(24h * 365);
  CHECK(IsEmpty(queue));
  CHECK_OK(lease.Extend(kMost));
  CHECK(absl::IsInvalidArgument(lease.Extend(0ms)));
  CHECK(absl::IsInvalidArgument(lease.Extend(-1ms)));
  CHECK(absl::IsInvalidArgument(lease.Extend(std::chrono::milliseconds::min())));
  world.Pass(24h * 365);
  CHECK(IsEmpty(queue));
  CHECK_OK(lease.Release());
  CHECK(IsEmpty(queue));  // the delay counts
  world.Pass(10s);
  lease = Received(queue);
  CHECK_OK(lease.Release(std::chrono::milliseconds::min()));
  lease = Received(queue);
  CHECK_OK(lease.Release(kMost));
  world.Pass(24h * 365);
  CHECK(IsEmpty(queue));
}

TEST_CASE("a record that is sent again for later forgets the time it had", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker);
  const Timestamp before = world.clock.WallNow();
  const Header headers[] = {{.key = kNotBeforeHeader, .value = "1"}, {.key = "trace", .value = "7"}};
  const Timestamp later = before + 1h;
  REQUIRE_OK(queue.Send({.value = "a", .headers = headers}, later).value().Wait());
  CHECK(IsEmpty(queue));
  world.Pass(1h);
  const Lease lease = Received(queue);
  CHECK(lease.record().headers().size() == 2);
  CHECK(HeaderOf(lease.record(), "trace") == "7");
  CHECK(HeaderOf(lease.record(), kNotBeforeHeader) == std::to_string(later.time_since_epoch().count()));
}

TEST_CASE("a dead letter that dies again tells of its last death", "[client][queue][Q4]") {
  World world;
  world.Create("dead");
  Queue queue = OpenQueue(*world.broker, {.dead_letter = "dead"});
  const Header headers[] = {{.key = kDeadLetterReasonHeader, .value = "first"}, {.key = "trace", .value = "7"}};
  Append(*world.broker, "jobs", {.value = "a", .headers = headers});
  CHECK_OK(Received(queue).Reject("second"));
  world.RunTasks();
  Queue dead = OpenQueue(*world.broker, {.topic = "dead"}, "undertaker");
  const Lease letter = Received(dead);
  CHECK(HeaderOf(letter.record(), kDeadLetterReasonHeader) == "second");
  CHECK(HeaderOf(letter.record(), "trace") == "7");
  CHECK(letter.record().headers().size() == 7);
}

TEST_CASE("a record of any size that its topic takes can become a dead letter, with any reason",
          "[client][queue][Q4]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.dead_letter = "dead"});
  REQUIRE_OK(world.broker->FindTopic("dead"));
  size_t size = 1'048'588;  // max.message.bytes of the topic, less what is around the value
  while (!world.broker->FindTopic("jobs")->partition(0)->Append(Record{.value = std::string(size, 'v')}).ok()) --size;
  CHECK_OK(Received(queue).Reject(std::string(1 << 20, 'r')));
  world.Pass(1s);
  REQUIRE_OK(world.broker->Flush());
  world.RunTasks();
  CHECK(queue.Describe()->dead_letters == 1);
  CHECK(queue.Describe()->depth == 0);
  Queue dead = OpenQueue(*world.broker, {.topic = "dead"}, "undertaker");
  const Lease letter = Received(dead);
  CHECK(letter.value().size() == size);
  CHECK(HeaderOf(letter.record(), kDeadLetterReasonHeader).size() == 4096);
}

TEST_CASE("a host's log sink may ask the queue that it hears of", "[client][queue]") {
  storage::MemoryStorage disk;
  ManualClock clock;
  const auto executor = MakeManualExecutor(clock);
  std::optional<Queue> queue;
  Strings messages;
  auto broker = Broker::Open({.data_dir = "data",
                              .storage = &disk,
                              .clock = &clock,
                              .executor = executor.get(),
                              .log_sink =
                                  [&](LogLevel, std::string_view message) {
                                    if (!queue) return;
                                    messages.emplace_back(message);
                                    CHECK_OK(queue->Describe());
                                  },
                              .log_level = LogLevel::kWarning});
  REQUIRE_OK(broker);
  REQUIRE_OK((*broker)->CreateTopic("orders", {.durability = Durability::kBuffered}));
  queue.emplace(OpenQueue(**broker, {.topic = "orders"}, "billing"));
  Append(**broker, "orders", Strings{"a", "b", "c"});
  { const Lease first = Received(*queue); }
  REQUIRE_OK((*broker)->FindTopic("orders")->partition(0)->Trim(2));
  CHECK(Received(*queue).value() == "c");
  REQUIRE(messages.size() == 1);
  CHECK_THAT(messages[0], Contains("1 records were removed"));
}

TEST_CASE("all leases are acknowledged together, each once", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.partitions = 2});
  for (int32_t i = 0; i < 10; ++i) Append(*world.broker, "jobs", {.value = "v"}, i % 2);
  auto leases = ReceivedAll(queue);
  REQUIRE(leases.size() == 10);
  CHECK_OK(leases[3].Ack());
  leases[4] = Lease();  // given back
  CHECK_OK(Queue::AckAll(leases));
  CHECK_OK(Queue::AckAll(leases));
  CHECK(ReceivedAll(queue).size() == 1);
  auto late = ReceivedAll(queue);
  world.Pass(1min);
  auto last = ReceivedAll(queue);
  REQUIRE(last.size() == 1);
  world.Pass(1min);
  CHECK(IsLockExpired(Queue::AckAll(last)));
}

TEST_CASE("a queue that is busy for long has few timers", "[client][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.lock_duration = 1h});
  Append(*world.broker, "jobs", Strings{"held"});
  const Lease held = Received(queue);
  for (int i = 0; i < 100 * 60; ++i) {  // a minute
    Append(*world.broker, "jobs", Strings{"v"});
    CHECK_OK(Received(queue).Ack());
    world.Pass(10ms);
  }
  // Within a second each acknowledgement has a task that writes it, and nobody else is there.
  world.clock.Advance(1s);
  size_t tasks = 0;
  while (const size_t ran = world.executor->Poll()) tasks += ran;
  CHECK(tasks < 10);
  world.clock.Advance(1h);
  tasks = 0;
  while (const size_t ran = world.executor->Poll()) tasks += ran;
  CHECK(tasks < 1000);  // others' timers among them
}

}  // namespace
}  // namespace moldau
