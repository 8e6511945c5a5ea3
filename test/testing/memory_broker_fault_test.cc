#include "testing/memory_world.h"

namespace moldau::test {
namespace {

TEST_CASE("a fault strikes the operations that it is about, after as many and as often as it says",
          "[testing][fault]") {
  MemoryBroker broker = OpenQuietly();
  Partition orders = Create(broker, "orders");
  Partition others = Create(broker, "others");
  REQUIRE_OK(orders.Append({.value = "first"})->Wait());  // which takes more flushes than those that follow
  broker.Inject({.kind = OperationKind::kFlush,
                 .path = "orders-0",
                 .after = 1,
                 .error = absl::DataLossError("orders-0: bad sector")});

  REQUIRE_OK(orders.Append({.value = "second"})->Wait());
  CHECK(broker.faults_struck() == 0);
  const absl::Status third = orders.Append({.value = "third"})->Wait();
  CHECK(broker.faults_struck() == 1);
  CHECK(third.code() == absl::StatusCode::kFailedPrecondition);  // a flush that failed stops the partition,
  CHECK_FALSE(orders.Append({.value = "fourth"}).ok());
  REQUIRE_OK(others.Append({.value = "other"})->Wait());  // and that one only
  CHECK(broker.faults_struck() == 1);
  CHECK(ValuesOf(broker, "orders") == Strings{"first", "second"});
}

TEST_CASE("an operation that is delayed takes its time on the clock, and succeeds", "[testing][fault]") {
  MemoryBroker broker = OpenQuietly();
  Partition orders = Create(broker, "orders");
  REQUIRE_OK(orders.Append({.value = "first"})->Wait());
  broker.Inject({.kind = OperationKind::kFlush, .path = "orders-0", .times = 2, .delay = 3s});
  for (const MonoTime expected : {3s, 3s, 0s}) {
    const MonoTime before = broker.clock().Now();
    REQUIRE_OK(orders.Append({.value = "espresso"})->Wait());
    CHECK(broker.clock().Now() - before == expected);
  }
}

TEST_CASE("faults that are taken back do not strike", "[testing][fault]") {
  MemoryBroker broker = OpenQuietly();
  Partition orders = Create(broker, "orders");
  broker.Inject({.times = Fault::kAlways, .error = absl::DataLossError("no disk")});
  CHECK_FALSE(broker->CreateTopic("more").ok());
  broker.ClearFaults();
  REQUIRE_OK(orders.Append({.value = "espresso"})->Wait());
}

TEST_CASE("a fault can wait for the broker to open again, which then is tried once more", "[testing][fault]") {
  MemoryBroker broker = OpenQuietly();
  REQUIRE_OK(Create(broker, "orders").Append({.value = "espresso"})->Wait());
  broker.Inject({.kind = OperationKind::kLock, .error = absl::DataLossError("no disk")});
  CHECK(absl::IsDataLoss(broker.Restart()));
  REQUIRE_OK(broker.Restart());
  CHECK(ValuesOf(broker, "orders") == Strings{"espresso"});
}

TEST_CASE("a full disk refuses appends until there is room", "[testing][fault]") {
  MemoryBroker broker = OpenQuietly();
  Partition orders = Create(broker, "orders");
  REQUIRE_OK(orders.Append({.value = "espresso"})->Wait());
  broker.SetCapacity(broker.used_bytes());
  const std::string large(100'000, 'x');
  absl::Status status = orders.Append({.value = large}).status();
  if (status.ok()) status = broker->Flush();
  CHECK(absl::IsResourceExhausted(status));

  broker.SetCapacity(UINT64_MAX);
  REQUIRE_OK(orders.Append({.value = "cappuccino"})->Wait());
  CHECK(ValuesOf(broker, "orders") == Strings{"espresso", "cappuccino"});
}

}  // namespace
}  // namespace moldau::test
