#include <set>

#include "testing/memory_world.h"

namespace moldau::test {
namespace {

TEST_CASE("what is acknowledged survives the crash that its topic promises to survive", "[testing][crash]") {
  const auto kind = GENERATE(CrashKind::kProcessDies, CrashKind::kPowerFails, CrashKind::kPowerTears);
  MemoryBroker broker = OpenQuietly();
  Partition buffered = Create(broker, "buffered", Durability::kBuffered);
  Partition flushed = Create(broker, "flushed", Durability::kFlushed);
  for (const char* value : {"espresso", "cappuccino"}) {
    REQUIRE_OK(buffered.Append({.value = value})->Wait());
    REQUIRE_OK(flushed.Append({.value = value})->Wait());
  }
  REQUIRE_OK(broker.Crash(kind));
  CHECK_FALSE(broker->recovery().clean_shutdown);
  CHECK(ValuesOf(broker, "flushed") == Strings{"espresso", "cappuccino"});
  if (kind == CrashKind::kProcessDies) CHECK(ValuesOf(broker, "buffered") == Strings{"espresso", "cappuccino"});
  if (kind == CrashKind::kPowerFails) CHECK(ValuesOf(broker, "buffered").empty());
}

TEST_CASE("a receipt that is open when the power fails becomes an error", "[testing][crash]") {
  MemoryBroker broker = OpenQuietly();
  const auto receipt = Create(broker, "orders").Append({.value = "espresso"});
  REQUIRE_OK(receipt);
  REQUIRE_FALSE(receipt->done());
  REQUIRE_OK(broker.Crash(CrashKind::kPowerFails));
  CHECK(receipt->done());
  CHECK_FALSE(receipt->status().ok());
  CHECK(ValuesOf(broker, "orders").empty());
}

TEST_CASE("handles of before a crash or a restart answer that they are cancelled, and their records stay",
          "[testing][crash]") {
  const bool crash = GENERATE(true, false);
  MemoryBroker broker = OpenQuietly();
  Partition orders = Create(broker, "orders");
  REQUIRE_OK(orders.Append({.value = "espresso"})->Wait());
  const auto records = orders.Read(0);
  REQUIRE_OK(records);
  REQUIRE_OK(crash ? broker.Crash(CrashKind::kProcessDies) : broker.Restart());
  CHECK(absl::IsCancelled(orders.Append({.value = "more"}).status()));
  CHECK((*records->begin()).value() == "espresso");
}

TEST_CASE("a restart is a clean one, and loses nothing of any topic", "[testing][crash]") {
  MemoryBroker broker = OpenQuietly();
  REQUIRE_OK(Create(broker, "orders", Durability::kBuffered).Append({.value = "espresso"}));
  REQUIRE_OK(broker.Restart());
  CHECK(broker->recovery().clean_shutdown);
  CHECK(ValuesOf(broker, "orders") == Strings{"espresso"});
}

TEST_CASE("what a torn power failure leaves is decided by the seed", "[testing][crash]") {
  const auto left = [](uint64_t seed) {
    MemoryBroker broker = OpenQuietly({.broker = {.seed = seed}});
    Partition orders = Create(broker, "orders", Durability::kBuffered);
    for (int i = 0; i < 100; ++i) REQUIRE_OK(orders.Append({.value = std::string(1000, 'x')}));
    REQUIRE_OK(broker.Crash(CrashKind::kPowerTears));
    return ValuesOf(broker, "orders").size();
  };
  std::set<size_t> sizes;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const size_t size = left(seed);
    CHECK(left(seed) == size);
    sizes.insert(size);
  }
  CHECK(sizes.size() > 1);
}

TEST_CASE("the clock goes on over a crash", "[testing][crash]") {
  MemoryBroker broker = OpenQuietly();
  broker.Advance(5h);
  const MonoTime before = broker.clock().Now();
  REQUIRE_OK(broker.Crash(CrashKind::kPowerFails));
  CHECK(broker.clock().Now() == before);
}

}  // namespace
}  // namespace moldau::test
