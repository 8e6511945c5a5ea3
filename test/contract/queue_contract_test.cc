// What every back end that has queues owes them.
#include "contract/clients.h"

namespace moldau::contract {
namespace {

template <typename Body>
void OnEachWithQueues(const Body& body) {
  OnEachBackend(body, &Abilities::queues);
}

// The next record, for which it waits as long as that may take.
Lease Next(Queue& queue) {
  auto lease = queue.Receive(1h);
  REQUIRE_OK(lease);
  REQUIRE(static_cast<bool>(*lease));
  return *std::move(lease);
}

bool HasNone(Queue& queue) {
  const auto lease = queue.Receive(0s);
  REQUIRE_OK(lease);
  return !*lease;
}

void Put(Queue& queue, const Strings& values) {
  for (const std::string& value : values) {
    const auto receipt = queue.Send({.value = value});
    REQUIRE_OK(receipt);
    REQUIRE_OK(receipt->Wait());
  }
}

std::string HeaderOf(const Received& received, std::string_view key) {
  for (const auto& [name, value] : received.headers) {
    if (name == key) return value.value_or("(null)");
  }
  return "(none)";
}

std::vector<Received> DeadLetters(Environment& environment, size_t count) {
  Consumer consumer = Subscribed(environment, {.topics = {"jobs.dead"}});
  return Read(consumer, count);
}

TEST_CASE("a record goes to one consumer, and is gone once it is acknowledged", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment);
    Queue same = OpenQueue(environment);
    Put(queue, {"a", "b"});
    Lease first = Next(queue);
    Lease second = Next(same);
    CHECK((Sorted({std::string(first.value()), std::string(second.value())}) == Strings{"a", "b"}));
    CHECK(first.delivery_count() == 1);
    CHECK(HasNone(queue));
    REQUIRE_OK(first.Ack());
    REQUIRE_OK(second.Ack());
    CHECK_FALSE(static_cast<bool>(first));
    REQUIRE_OK(queue.Commit());
    CHECK(HasNone(same));
    CHECK(queue.Describe()->depth == 0);
  });
}

TEST_CASE("a record that is released comes back, and counts its deliveries", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment);
    Put(queue, {"a"});
    REQUIRE_OK(Next(queue).Release());
    { const Lease dropped = Next(queue); }
    const Lease third = Next(queue);
    CHECK(third.value() == "a");
    CHECK(third.delivery_count() == 3);
  });
}

TEST_CASE("a record that is rejected becomes a dead letter that says why and from where", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.dead_letter = "jobs.dead", .partitions = 1});
    const Header headers[] = {{"trace", "a1"}};
    REQUIRE_OK(queue.Send({.key = "k", .value = "a", .headers = headers}));
    REQUIRE_OK(Next(queue).Reject("illegible"));
    const auto dead = DeadLetters(environment, 1);
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].key == "k");
    CHECK(dead[0].value == "a");
    CHECK(HeaderOf(dead[0], "trace") == "a1");
    CHECK(HeaderOf(dead[0], kDeadLetterReasonHeader).find("illegible") != std::string::npos);
    CHECK(HeaderOf(dead[0], kDeadLetterDeliveriesHeader) == "1");
    CHECK(HeaderOf(dead[0], kDeadLetterQueueHeader) == "jobs");
    CHECK(HeaderOf(dead[0], kDeadLetterTopicHeader) == "jobs");
    CHECK(HeaderOf(dead[0], kDeadLetterPartitionHeader) == "0");
    CHECK(HeaderOf(dead[0], kDeadLetterOffsetHeader) == "0");
    CHECK(HasNone(queue));
  });
}

TEST_CASE("after its last delivery a record is a dead letter, and the others go on", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.max_deliveries = 2, .dead_letter = "jobs.dead", .partitions = 1});
    Put(queue, {"impossible", "b"});
    for (int delivery = 1; delivery <= 2; ++delivery) {
      Lease lease = Next(queue);
      CHECK(lease.value() == "impossible");
      CHECK(lease.delivery_count() == delivery);
    }
    Lease other = Next(queue);
    CHECK(other.value() == "b");
    CHECK(other.Ack().ok());
    const auto dead = DeadLetters(environment, 1);
    CHECK((ValuesOf(dead) == Strings{"impossible"}));
    CHECK(HeaderOf(dead[0], kDeadLetterDeliveriesHeader) == "2");
  });
}

TEST_CASE("a lock that expires gives its record to the next, and the late verdict is refused by name",
          "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.lock_duration = environment.Moment()});
    Put(queue, {"a"});
    Lease late = Next(queue);
    Lease next = Next(queue);  // as soon as the lock has expired
    CHECK(next.value() == "a");
    CHECK(next.delivery_count() == 2);
    const absl::Status refused = late.Ack();
    CHECK(absl::IsFailedPrecondition(refused));
    CHECK(CodeOf(refused) == ErrorCode::kInvalidRecordState);
  });
}

TEST_CASE("a lock can be extended for as long as it is held", "[contract][queue]") {
  OnEachBackend(
      [](Environment& environment) {
        Queue queue = OpenQueue(environment, {.lock_duration = 30s});
        Put(queue, {"a"});
        Lease lease = Next(queue);
        for (int i = 0; i < 5; ++i) {
          environment.Pass(20s);
          REQUIRE_OK(lease.Extend());
        }
        environment.Pass(29s);
        CHECK(HasNone(queue));
        REQUIRE_OK(lease.Extend(5min));
        environment.Pass(4min);
        CHECK(HasNone(queue));
        environment.Pass(1min);
        CHECK_FALSE(lease.Extend().ok());
        CHECK(Next(queue).delivery_count() == 2);
      },
      &Abilities::clock);
}

TEST_CASE("many are received and acknowledged together", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.partitions = 1});
    Put(queue, {"a", "b", "c", "d"});
    auto leases = queue.ReceiveMany(3, 1h);
    REQUIRE_OK(leases);
    REQUIRE(leases->size() == 3);
    REQUIRE_OK(leases->back().Release());
    CHECK_OK(Queue::AckAll(std::span(*leases).first(2)));
    auto rest = queue.ReceiveMany(10, 1h);
    REQUIRE_OK(rest);
    Strings values;
    for (const Lease& lease : *rest) values.emplace_back(lease.value());
    CHECK((Sorted(values) == Strings{"c", "d"}));
  });
}

TEST_CASE("a scheduled record comes at its time, and nobody waits behind it", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.partitions = 1});
    const Timestamp time = environment.Now() + environment.Moment();
    REQUIRE_OK(queue.Send({.value = "later"}, time));
    Put(queue, {"now"});
    Lease now = Next(queue);
    CHECK(now.value() == "now");
    REQUIRE_OK(now.Ack());
    const Lease later = Next(queue);
    CHECK(later.value() == "later");
    CHECK(environment.Now() >= time);
  });
}

TEST_CASE("a record that comes back waits for as long as the queue says", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.redelivery_delay = {.initial = environment.Moment()}});
    Put(queue, {"a"});
    const Timestamp before = environment.Now();
    REQUIRE_OK(Next(queue).Release());
    CHECK(HasNone(queue));
    CHECK(Next(queue).delivery_count() == 2);
    CHECK(environment.Now() - before >= environment.Moment() - 20ms);  // the calendar may have the kernel's tick
  });
}

TEST_CASE("an ordered queue hands out the records of a key one after the other", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Queue queue = OpenQueue(environment, {.ordered = true, .partitions = 1});
    for (const char* value : {"a1", "b1", "a2"}) {
      const std::string_view key(value, 1);
      REQUIRE_OK(queue.Send({.key = key, .value = value})->Wait());
    }
    Lease a1 = Next(queue);
    Lease b1 = Next(queue);
    CHECK(a1.value() == "a1");
    CHECK(b1.value() == "b1");
    CHECK(HasNone(queue));
    REQUIRE_OK(a1.Ack());
    CHECK(Next(queue).value() == "a2");
  });
}

TEST_CASE("queues and groups on one topic do not notice each other", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"a"});
    Queue kitchen = OpenQueue(environment, {.topic = "orders"}, "kitchen");
    Queue bar = OpenQueue(environment, {.topic = "orders"}, "bar");
    for (Queue* queue : {&kitchen, &bar}) {
      Lease lease = Next(*queue);
      CHECK(lease.value() == "a");
      REQUIRE_OK(lease.Ack());
      REQUIRE_OK(queue->Commit());
      CHECK(HasNone(*queue));
    }
    Consumer consumer = Subscribed(environment, {.group = "books"});
    CHECK((ReadValues(consumer, 1) == Strings{"a"}));
  });
}

TEST_CASE("what a queue cannot have is refused", "[contract][queue]") {
  OnEachWithQueues([](Environment& environment) {
    CHECK(CodeOf(environment.OpenQueue("jobs", {.topic = "nowhere"})) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(absl::IsInvalidArgument(environment.OpenQueue("jobs", {.lock_duration = 0ms}).status()));
    CHECK(absl::IsInvalidArgument(environment.OpenQueue("jobs", {.dead_letter = "jobs"}).status()));
    Create(environment, "orders");
    CHECK(absl::IsFailedPrecondition(environment.OpenQueue("orders", {}).status()));

    Queue queue = OpenQueue(environment);
    CHECK(absl::IsFailedPrecondition(environment.OpenQueue("jobs", {.max_deliveries = 9}).status()));
    CHECK(CodeOf(Lease().Ack()) == ErrorCode::kInvalidRecordState);
    REQUIRE_OK(queue.Close());
    CHECK(absl::IsCancelled(queue.Receive(1h).status()));
    CHECK(absl::IsCancelled(queue.Send({.value = "v"}).status()));
    CHECK_OK(queue.Close());
  });
}

}  // namespace
}  // namespace moldau::contract
