// What a log counts of its appends, and which of them, of waits and of flushes it times.
#include "log/log_meters.h"

#include <thread>

#include "log/log_world.h"
#include "record/batch_builder.h"

namespace moldau::test {
namespace {

using namespace std::chrono_literals;

struct MeteredWorld : LogWorld {
  using LogWorld::LogWorld;
  std::unique_ptr<log::Log> OpenMetered(Durability durability) {
    environment.latencies = &latencies;
    auto log = Open(SmallSegments(durability, 1 << 20));
    REQUIRE_OK(log);
    return *std::move(log);
  }
  log::LogLatencies latencies;
};

// Makes each flush of a file take a while.
storage::MemoryStorage::Hook FlushesTake(std::chrono::nanoseconds time, ManualClock& clock) {
  return [time, &clock](const storage::Operation& operation) {
    if (operation.kind == storage::OperationKind::kFlush) clock.Advance(time);
    return absl::OkStatus();
  };
}

// The way that Partition::Append takes.
void AppendOne(log::Log& log) {
  const Record record{.value = "value"};
  if (log.TryAppendOne(record) < 0) REQUIRE_OK(log.Append({&record, 1}));
}

bool IsAbout(std::chrono::nanoseconds actual, std::chrono::nanoseconds expected) {
  return actual >= expected * 99 / 100 && actual <= expected * 101 / 100;
}

}  // namespace

TEST_CASE("appends are counted in batches, records and bytes, whatever way they take", "[log][metrics]") {
  const Durability durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  MeteredWorld world;
  const auto log = world.OpenMetered(durability);
  AppendOne(*log);
  const std::vector<Record> three(3, Record{.value = "of three"});
  REQUIRE_OK(log->Append(three));
  record::BatchBuilder builder(1000);
  for (const Record& record : three) builder.Append(record, Timestamp(1ms));
  const auto encoded = builder.Finish({}, Compression::kNone);
  REQUIRE_OK(encoded);
  REQUIRE_OK(log->AppendBatch(*encoded));
  auto claim = log->BeginClaim(std::nullopt, 10);
  REQUIRE_OK(claim);
  REQUIRE_OK(claim->Commit());
  { const auto given_back = log->BeginClaim(std::nullopt, 10); }
  CHECK_FALSE(log->Append({}).ok());

  CHECK(log->appended().batches == 4);
  CHECK(log->appended().records == 8);
  REQUIRE_OK(log->Flush());
  CHECK(log->appended().bytes == log->size_bytes());
  CHECK(log->append_waits() == 0);
}

TEST_CASE("what was appended stays counted when it is taken away", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kBuffered);
  for (int i = 0; i < 10; ++i) AppendOne(*log);
  REQUIRE_OK(log->Truncate(4));
  REQUIRE_OK(log->Trim(2));
  AppendOne(*log);
  CHECK(log->log_end_offset() == 5);
  CHECK(log->appended().records == 11);
}

TEST_CASE("a log with few appends has all of them timed", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kBuffered);
  for (int i = 0; i < 20; ++i) {
    AppendOne(*log);
    AppendOne(*log);  // within the same millisecond
    world.clock.Advance(1ms);
  }
  CHECK(world.latencies.append.Snapshot().count() == 20);
}

TEST_CASE("of appends that come fast one is timed in each millisecond, also after a roll", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kBuffered);
  for (int i = 0; i < 1000; ++i) AppendOne(*log);
  CHECK(world.latencies.append.Snapshot().count() == 1);
  REQUIRE_OK(log->Roll());
  AppendOne(*log);
  CHECK(world.latencies.append.Snapshot().count() == 1);
  world.clock.Advance(1ms);
  AppendOne(*log);
  AppendOne(*log);
  CHECK(world.latencies.append.Snapshot().count() == 2);
}

TEST_CASE("a clock that jumps back stops the timing of appends for a while only", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kBuffered);
  AppendOne(*log);
  world.clock.JumpWall(-std::chrono::hours(24));
  for (int i = 0; i < 10; ++i) AppendOne(*log);
  log->CoolDown();
  AppendOne(*log);
  CHECK(world.latencies.append.Snapshot().count() >= 2);
  world.clock.Advance(1ms);
  const int64_t before = world.latencies.append.Snapshot().count();
  AppendOne(*log);
  CHECK(world.latencies.append.Snapshot().count() == before + 1);
}

TEST_CASE("an append that waits for a claim is counted, and its wait timed", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kBuffered);
  auto claim = log->BeginClaim(std::nullopt, 10);
  REQUIRE_OK(claim);
  std::thread other([&] { Append(*log, "late").IgnoreError(); });
  while (log->append_waits() == 0) std::this_thread::yield();
  world.clock.Advance(5ms);
  REQUIRE_OK(claim->Commit());
  other.join();
  CHECK(log->append_waits() == 1);
  CHECK(world.latencies.append_wait.Snapshot().count() == 1);
  CHECK(IsAbout(world.latencies.append_wait.Snapshot().max(), 5ms));
  CHECK(world.latencies.append.Snapshot().count() == 1);
  CHECK(IsAbout(world.latencies.append.Snapshot().max(), 5ms));
}

TEST_CASE("each flush that has something to do is timed", "[log][metrics]") {
  const Durability durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  MeteredWorld world;
  const auto log = world.OpenMetered(durability);
  AppendOne(*log);
  world.disk().SetHook(FlushesTake(3ms, world.clock));
  REQUIRE_OK(log->Flush());
  REQUIRE_OK(log->Flush());
  AppendOne(*log);
  REQUIRE_OK(log->Flush());
  const LatencySnapshot flushes = world.latencies.flush.Snapshot();
  CHECK(flushes.count() == 2);
  CHECK(IsAbout(flushes.Percentile(0), 3ms));
}

TEST_CASE("a log that has stopped says so without a lock", "[log][metrics]") {
  MeteredWorld world;
  const auto log = world.OpenMetered(Durability::kFlushed);
  AppendOne(*log);
  CHECK_FALSE(log->has_stopped());
  world.disk().SetHook([](const storage::Operation& operation) {
    return operation.kind == storage::OperationKind::kFlush ? absl::DataLossError("bad sector") : absl::OkStatus();
  });
  CHECK_FALSE(log->Flush().ok());
  CHECK(log->has_stopped());
}

}  // namespace moldau::test
