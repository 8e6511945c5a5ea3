// A log and its idempotent producers: what it answers to copies, and that it answers the same after whatever happened
// to it meanwhile.
#include <algorithm>
#include <utility>

#include "log/log_world.h"
#include "log/producer_batches.h"
#include "log/producer_power_loss.h"
#include "log/segment_name.h"
#include "log/whole_file.h"
#include "moldau/error.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

constexpr Durability kBoth[] = {Durability::kBuffered, Durability::kFlushed};

ProducerBatch Number(int32_t sequence, size_t value_bytes = 200) {
  return {.producer_id = 7, .sequence = sequence, .value = std::string(value_bytes, 'x')};
}

// Appends one-record batches `from` to `to` of producer 7 to a log that holds nothing else.
void SendRange(log::Log& log, int32_t from, int32_t to) {
  for (int32_t i = from; i < to; ++i) {
    const auto result = Send(log, Number(i));
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    REQUIRE(result->base_offset == i);
  }
}

// The log holds batches 0 to `count` - 1 of producer 7 and knows it: a copy of the last one lies where it lay, the one
// after the next is refused. `copies`: how many of the last ones are known.
void CheckKnows(log::Log& log, int32_t count, int32_t copies) {
  INFO("batches in the log: " << count);
  const int64_t end = log.log_end_offset();
  REQUIRE(end == count);
  for (int32_t i = std::max(0, count - copies); i < count; ++i) {
    const auto copy = Send(log, Number(i));
    INFO(copy.status().ToString());
    REQUIRE(copy.ok());
    CHECK(copy->base_offset == i);
    CHECK(copy->last_offset == i);
  }
  if (count > 0) CHECK(GetErrorCode(Send(log, Number(count + 1)).status()) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(log.log_end_offset() == end);
}

int CountSnapshots(const LogWorld& world) {
  int count = 0;
  for (const auto& file : FilesOf(world)) count += file.name.ends_with(".snapshot") ? 1 : 0;
  return count;
}

bool HasSnapshotBehind(const LogWorld& world, int64_t offset) {
  const auto files = FilesOf(world);
  return std::any_of(files.begin(), files.end(), [&](const auto& file) {
    const auto parsed = log::ParseSegmentFileName(file.name);
    return parsed && parsed->kind == log::FileKind::kSnapshot && parsed->base_offset > offset;
  });
}

// Snapshots that lie neither where a segment of the log begins nor where the log ends.
int CountLooseSnapshots(const LogWorld& world, log::Log& log) {
  int count = 0;
  const log::PartitionEntry entry = log.Describe();
  for (const auto& file : FilesOf(world)) {
    const auto parsed = log::ParseSegmentFileName(file.name);
    if (!parsed || parsed->kind != log::FileKind::kSnapshot || parsed->base_offset == entry.log_end_offset) continue;
    const bool at_base = std::any_of(entry.segments.begin(), entry.segments.end(),
                                     [&](const auto& segment) { return segment.base_offset == parsed->base_offset; });
    count += at_base ? 0 : 1;
  }
  return count;
}

// The disk as the death of the process leaves it, or of the machine, which keeps nothing that was not flushed.
std::shared_ptr<storage::Storage> AfterDeath(const LogWorld& world, bool machine) {
  return world.disk().CrashImage({.new_boot = machine});
}

// A log of 30 batches in one segment, closed and opened again behind the 20th.
std::unique_ptr<log::Log> ClosedWithin(LogWorld& world) {
  const log::LogConfig config = SmallSegments(Durability::kBuffered, 1 << 20);
  auto log = world.Open(config).value();
  SendRange(*log, 0, 20);
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  log = world.Reopen(config, entry, true, true).value();
  SendRange(*log, 20, 30);
  return log;
}

TEST_CASE("a batch that is sent again lies in the log once", "[log][producers]") {
  for (const Durability durability : kBoth) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    SendRange(*log, 0, 50);
    CheckKnows(*log, 50, 5);
    REQUIRE(log->Flush().ok());
    CHECK(ReadValues(*log).size() == 50);
  }
}

TEST_CASE("the receipt of a copy is done when the first one is durable", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kFlushed)).value();
  REQUIRE(Send(*log, Number(0)).ok());
  const Receipt copy = log->MakeReceipt(Send(*log, Number(0)).value());
  CHECK_FALSE(copy.done());
  REQUIRE(log->Flush().ok());
  CHECK(copy.done());
  CHECK(copy.offset() == 0);
}

TEST_CASE("a batch without a producer id is stored as often as it comes", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  for (int64_t i = 0; i < 3; ++i) CHECK(Send(*log, {.producer_id = -1, .epoch = -1, .sequence = -1})->base_offset == i);
}

TEST_CASE("a refused batch leaves nothing behind", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  REQUIRE(Send(*log, {.producer_id = 7, .epoch = 2}).ok());
  CHECK(absl::IsOutOfRange(Send(*log, {.producer_id = 7, .epoch = 2, .sequence = 5}).status()));
  CHECK(absl::IsFailedPrecondition(Send(*log, {.producer_id = 7, .epoch = 1}).status()));
  CHECK(log->log_end_offset() == 1);
  CHECK(Send(*log, {.producer_id = 7, .epoch = 2, .sequence = 1})->base_offset == 1);
}

TEST_CASE("a log that was closed knows its producers from the snapshot at its end", "[log][producers]") {
  for (const Durability durability : kBoth) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    SendRange(*log, 0, 50);
    REQUIRE(log->Close().ok());
    const log::PartitionEntry entry = log->Describe();
    log = world.Reopen(SmallSegments(durability), entry, true, true).value();
    CheckKnows(*log, 50, 1);
    SendRange(*log, 50, 60);
    CheckKnows(*log, 60, 5);
  }
}

TEST_CASE("snapshots pass from close to close though no producer writes in between", "[log][producers]") {
  for (const Durability durability : kBoth) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    SendRange(*log, 0, 3);
    int64_t end = 3;
    for (int round = 0; round < 4; ++round) {
      REQUIRE(log->Close().ok());
      const log::PartitionEntry entry = log->Describe();
      log = world.Reopen(SmallSegments(durability), entry, true, true).value();
      // One round within a segment, the next over several.
      for (int i = 0; i < 1 + 40 * (round % 2); ++i, ++end) REQUIRE(Append(*log, std::string(300, 'y')).ok());
      world.Settle();
    }
    CHECK(Send(*log, Number(2))->base_offset == 2);
    CHECK(Send(*log, Number(3))->base_offset == end);
  }
}

TEST_CASE("a log whose snapshots are missing or damaged reads its batches instead", "[log][producers]") {
  for (const bool damaged : {false, true}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(Durability::kFlushed)).value();
    SendRange(*log, 0, 50);
    world.Settle();
    REQUIRE(log->Close().ok());
    const log::PartitionEntry entry = log->Describe();
    int snapshots = 0;
    for (const auto& file : FilesOf(world)) {
      if (!file.name.ends_with(".snapshot")) continue;
      ++snapshots;
      const std::string path = world.directory + "/" + file.name;
      REQUIRE(
          (damaged ? log::WriteWholeFile(*world.storage, path, "not a snapshot", false) : world.storage->Remove(path))
              .ok());
    }
    CHECK(snapshots > 2);
    log = world.Reopen(SmallSegments(Durability::kFlushed), entry, true, true).value();
    CheckKnows(*log, 50, 5);
  }
}

TEST_CASE("a log whose process died knows its producers again", "[log][producers][recovery]") {
  for (const Durability durability : kBoth) {
    for (const bool settled : {false, true}) {
      LogWorld world;
      auto log = world.Open(SmallSegments(durability)).value();
      log::PartitionEntry entry;
      SendRange(*log, 0, 40);
      REQUIRE(log->Flush().ok());
      if (settled) world.Settle();
      entry = log->Describe();
      SendRange(*log, 40, 73);
      if (durability == Durability::kFlushed) REQUIRE(log->Flush().ok());
      LogWorld after(world.disk().CrashImage({.new_boot = false}));
      after.identity = world.identity;
      for (const log::PartitionEntry* known : std::initializer_list<const log::PartitionEntry*>{nullptr, &entry}) {
        auto again = after.Open(SmallSegments(durability), {.entry = known, .same_boot = true}).value();
        CheckKnows(*again, 73, 5);
      }
    }
  }
}

TEST_CASE("a truncated log forgets the batches that are gone and no others", "[log][producers]") {
  for (const Durability durability : kBoth) {
    for (const int32_t keep : {0, 1, 12, 37, 48, 49}) {
      LogWorld world;
      auto log = world.Open(SmallSegments(durability)).value();
      SendRange(*log, 0, 50);
      world.Settle();
      REQUIRE(log->Truncate(keep).ok());
      CheckKnows(*log, keep, 1);
      SendRange(*log, keep, 60);
      CheckKnows(*log, 60, 5);
      // What the snapshots say is true of the log as it is now.
      REQUIRE(log->Flush().ok());
      LogWorld after(world.disk().CrashImage({.new_boot = false}));
      after.identity = world.identity;
      auto again = after.Open(SmallSegments(durability), {.same_boot = true}).value();
      CheckKnows(*again, 60, 1);
    }
  }
}

TEST_CASE("a snapshot that a truncation has made untrue is gone before another log can grow to its place",
          "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  SendRange(*log, 0, 20);
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  log = world.Reopen(SmallSegments(Durability::kBuffered), entry, true, true).value();
  REQUIRE(log->Truncate(5).ok());
  // The same offsets, by others.
  for (int i = 5; i < 20; ++i) REQUIRE(Append(*log, std::string(200, 'z')).ok());
  REQUIRE(log->Roll().ok());
  LogWorld after(world.disk().CrashImage({.new_boot = false}));
  after.identity = world.identity;
  auto again = after.Open(SmallSegments(Durability::kBuffered), {.same_boot = true}).value();
  CHECK(Send(*again, Number(4))->base_offset == 4);
  CHECK(Send(*again, Number(5))->base_offset == 20);
}

TEST_CASE("a truncation leaves no snapshot behind the new end, wherever an earlier close has left one",
          "[log][producers]") {
  for (const int32_t keep : {1, 12, 48}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
    SendRange(*log, 0, 50);
    REQUIRE(log->Close().ok());
    const log::PartitionEntry entry = log->Describe();
    REQUIRE(entry.segments.size() > 2);
    REQUIRE(HasSnapshotBehind(world, 49));
    log = world.Reopen(SmallSegments(Durability::kBuffered), entry, true, true).value();
    REQUIRE(log->Truncate(keep).ok());
    CHECK_FALSE(HasSnapshotBehind(world, keep));
    CheckKnows(*log, keep, 1);
  }
}

TEST_CASE("a log that is cut twice has no snapshot of what both have taken", "[log][producers]") {
  LogWorld world;
  const auto log = ClosedWithin(world);
  REQUIRE(log->Truncate(25).ok());
  REQUIRE(log->Truncate(10).ok());
  CHECK_FALSE(HasSnapshotBehind(world, 10));
  // Others come to lie there, and the log ends once more where it was closed.
  for (int i = 10; i < 25; ++i) REQUIRE(Append(*log, "other").ok());
  REQUIRE(log->Truncate(20).ok());
  CHECK(Send(*log, Number(10))->base_offset == 20);
  CHECK(Send(*log, Number(9))->base_offset == 9);
}

TEST_CASE("a segment that is sealed while it is cut off leaves no snapshot behind", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  SendRange(*log, 0, 20);
  REQUIRE(log->segment_count() == 2);
  // What seals the first segment runs when the second is gone, with all that spoke of it.
  bool removed = false;
  bool settled = false;
  world.disk().SetHook([&](const storage::Operation& operation) {
    removed |= operation.kind == storage::OperationKind::kRemove && operation.path.ends_with(".log");
    const bool is_gone = removed && operation.kind == storage::OperationKind::kFlushDirectory;
    if (is_gone && !std::exchange(settled, true)) world.Settle();
    return absl::OkStatus();
  });
  REQUIRE(log->Truncate(5).ok());
  world.disk().SetHook(nullptr);
  CHECK(settled);
  CHECK_FALSE(HasSnapshotBehind(world, 5));
}

TEST_CASE("a log of which nothing is left above its log start knows no producers", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  REQUIRE(Send(*log, {.sequence = 0, .records = 10}).ok());
  REQUIRE(log->Trim(5).ok());
  REQUIRE(log->Truncate(7).ok());
  CHECK(Send(*log, {.sequence = 0, .records = 10})->base_offset == 5);
  CHECK(Send(*log, {.sequence = 0, .records = 10})->base_offset == 5);
}

TEST_CASE("batches that were lost with all above the log start are taken again", "[log][producers][recovery]") {
  LogWorld world;
  const log::LogConfig config = SmallSegments(Durability::kBuffered);
  auto log = world.Open(config).value();
  SendRange(*log, 0, 1);
  REQUIRE(log->Flush().ok());
  SendRange(*log, 1, 10);
  REQUIRE(log->Trim(8).ok());
  const log::PartitionEntry trimmed = log->Describe();
  LogWorld cut(world.disk().CrashImage({}));
  cut.identity = world.identity;
  auto again = cut.Reopen(config, trimmed, false, false).value();
  REQUIRE(again->log_end_offset() == 8);
  CHECK(Send(*again, Number(9))->base_offset == 8);
  CHECK(Send(*again, Number(9))->base_offset == 8);
  CHECK(Send(*again, Number(10))->base_offset == 9);
}

TEST_CASE("retention takes segments and their snapshots, not what is known of producers", "[log][producers]") {
  LogWorld world;
  log::LogConfig config = SmallSegments(Durability::kBuffered);
  config.retention_bytes = 5000;
  auto log = world.Open(config).value();
  SendRange(*log, 0, 3);
  REQUIRE(Send(*log, {.producer_id = 8}).ok());
  for (int i = 0; i < 100; ++i) REQUIRE(Append(*log, std::string(200, 'y')).ok());
  world.Settle();
  const int before = CountSnapshots(world);
  REQUIRE(log->ApplyRetention().value() > 0);
  CHECK(log->log_start_offset() > 10);
  CHECK(CountSnapshots(world) < before);
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  log = world.Reopen(config, entry, false, true).value();
  CHECK(Send(*log, Number(2))->base_offset == 2);
  CHECK(Send(*log, Number(4)).status().code() == absl::StatusCode::kOutOfRange);
  CHECK(Send(*log, {.producer_id = 8})->base_offset == 3);
}

TEST_CASE("a log whose only batches of a producer were deleted right behind a roll knows it after a crash",
          "[log][producers][recovery]") {
  for (const bool trims : {false, true}) {
    for (const bool sealed_first : {true, false}) {
      for (const bool machine : {false, true}) {
        INFO("trims " << trims << ", sealed first " << sealed_first << ", machine " << machine);
        LogWorld world;
        log::LogConfig config = SmallSegments(Durability::kFlushed, 1 << 20);
        config.retention_ms = std::chrono::hours(1);
        auto log = world.Open(config).value();
        ProducerBatch batch = Number(0);
        batch.timestamp_ms = world.clock.WallNow().time_since_epoch().count();
        for (batch.sequence = 0; batch.sequence < 3; ++batch.sequence) REQUIRE(Send(*log, batch).ok());
        REQUIRE(log->Flush().ok());
        world.clock.Advance(std::chrono::hours(2));
        if (sealed_first) {
          REQUIRE(log->Roll().ok());
          world.Settle();
        }
        if (trims) {
          REQUIRE(log->Roll().ok());
          REQUIRE(log->Trim(3).ok());
        } else {
          REQUIRE(log->ApplyRetention().value() == 1);
        }
        REQUIRE(log->segment_count() == 1);
        REQUIRE(log->log_start_offset() == 3);
        const log::PartitionEntry entry = log->Describe();
        LogWorld after(AfterDeath(world, machine));
        after.identity = world.identity;
        auto again = after.Reopen(config, entry, false, !machine).value();
        batch.sequence = 2;
        CHECK(Send(*again, batch)->base_offset == 2);
        CHECK(again->log_end_offset() == 3);
      }
    }
  }
}

TEST_CASE("a producer is known after the segments are deleted that only a recovery had read",
          "[log][producers][recovery]") {
  LogWorld world;
  const log::LogConfig config = SmallSegments(Durability::kFlushed);
  auto log = world.Open(config).value();
  SendRange(*log, 0, 3);
  for (int i = 0; i < 60; ++i) REQUIRE(Append(*log, std::string(200, 'y')).ok());
  REQUIRE(log->Flush().ok());
  LogWorld second(AfterDeath(world, false));
  second.identity = world.identity;
  auto recovered = second.Open(config, {.same_boot = true}).value();
  REQUIRE(recovered->segment_count() > 3);
  REQUIRE(recovered->Trim(50).ok());
  REQUIRE(recovered->segment_count() < 3);
  const log::PartitionEntry entry = recovered->Describe();
  LogWorld third(AfterDeath(second, false));
  third.identity = world.identity;
  auto again = third.Reopen(config, entry, false, true).value();
  CHECK(Send(*again, Number(2))->base_offset == 2);
}

TEST_CASE("a power cut behind a clean close forgets no producer", "[log][producers][power]") {
  for (const bool twice : {false, true}) {
    LogWorld world;
    log::LogConfig config = SmallSegments(Durability::kFlushed);
    config.retention_bytes = 5000;
    auto log = world.Open(config).value();
    SendRange(*log, 0, 3);
    for (int i = 0; i < 100; ++i) REQUIRE(Append(*log, std::string(200, 'y')).ok());
    REQUIRE(log->Flush().ok());
    world.Settle();
    REQUIRE(log->ApplyRetention().value() > 0);
    if (twice) REQUIRE(log->Roll().ok());  // the close has nothing to add to what lies at the end
    REQUIRE(log->Close().ok());
    const log::PartitionEntry entry = log->Describe();
    LogWorld after(AfterDeath(world, true));
    after.identity = world.identity;
    auto again = after.Reopen(config, entry, true, false).value();
    CHECK(Send(*again, Number(2))->base_offset == 2);
  }
}

TEST_CASE("a close writes no snapshot that lies there already", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  SendRange(*log, 0, 100);
  world.Settle();
  REQUIRE(log->segment_count() > 5);
  int written = 0;
  world.disk().SetHook([&](const storage::Operation& operation) {
    const bool is_snapshot = operation.path.find(".snapshot") != std::string::npos;
    if (is_snapshot && operation.kind == storage::OperationKind::kWrite) ++written;
    return absl::OkStatus();
  });
  REQUIRE(log->Close().ok());
  world.disk().SetHook(nullptr);
  CHECK(written == 1);
}

TEST_CASE("a segment takes every snapshot along that speaks of its middle", "[log][producers]") {
  LogWorld world;
  const auto log = ClosedWithin(world);
  SECTION("when it is deleted") {
    REQUIRE(log->Roll().ok());
    REQUIRE(log->Trim(30).ok());
    CHECK(CountLooseSnapshots(world, *log) == 0);
    CHECK(CountSnapshots(world) == 1);
  }
  SECTION("when it was cut and is sealed") {
    REQUIRE(log->Truncate(25).ok());
    REQUIRE(log->Roll().ok());
    world.Settle();
    CHECK(CountLooseSnapshots(world, *log) == 0);
    CHECK(CountSnapshots(world) == 1);
  }
  const auto last = static_cast<int32_t>(log->log_end_offset() - 1);
  CHECK(Send(*log, Number(last))->base_offset == last);
}

TEST_CASE("a log with a rotten record on the way to its producers is read once", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kFlushed)).value();
  for (int i = 0; i < 100; ++i) REQUIRE(Append(*log, std::string(200, 'y')).ok());
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  for (const auto& file : FilesOf(world)) {
    if (file.name.ends_with(".snapshot")) REQUIRE(world.storage->Remove(world.directory + "/" + file.name).ok());
  }
  {
    const std::string path = world.directory + "/" + log::SegmentFileName(0, log::kLogSuffix);
    auto file = world.storage->Open(path, storage::OpenMode::kReadWrite).value();
    const std::byte rot{0x55};
    REQUIRE(file->Write(700, {&rot, 1}).ok());
  }
  log = world.Reopen(SmallSegments(Durability::kFlushed), entry, true, true).value();
  CHECK(Append(*log, "z").ok());
  const absl::Status first = Send(*log, Number(0)).status();
  CHECK(absl::IsDataLoss(first));
  int operations = 0;
  world.disk().SetHook([&](const storage::Operation&) {
    ++operations;
    return absl::OkStatus();
  });
  for (int i = 0; i < 3; ++i) CHECK(Send(*log, Number(0)).status() == first);
  world.disk().SetHook(nullptr);
  CHECK(operations == 0);
  // What is cut off with the rot is nobody's any more.
  REQUIRE(log->Truncate(1).ok());
  CHECK(Send(*log, Number(0))->base_offset == 1);
}

TEST_CASE("a producer that wrote while the wall clock was set back is not idle", "[log][producers]") {
  using std::chrono::hours;
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  const auto batch = [&](int32_t sequence) {
    return ProducerBatch{.sequence = sequence, .timestamp_ms = world.clock.WallNow().time_since_epoch().count()};
  };
  world.clock.Advance(hours(100));
  CHECK(log->ExpireProducers(hours(24)) == 0);
  world.clock.JumpWall(-hours(48));
  CHECK(log->ExpireProducers(hours(24)) == 0);
  const ProducerBatch first = batch(0);
  REQUIRE(Send(*log, first).ok());
  world.clock.JumpWall(hours(48));
  world.clock.Advance(std::chrono::minutes(1));
  CHECK(log->ExpireProducers(hours(24)) == 0);
  CHECK(Send(*log, first)->base_offset == 0);
  world.clock.Advance(hours(24));
  CHECK(log->ExpireProducers(hours(24)) == 1);
}

TEST_CASE("a producer that was idle for long is forgotten, whatever the wall clock says meanwhile",
          "[log][producers]") {
  using std::chrono::hours;
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  const auto batch = [&](int32_t sequence) {
    return ProducerBatch{.sequence = sequence, .timestamp_ms = world.clock.WallNow().time_since_epoch().count()};
  };
  REQUIRE(Send(*log, batch(0)).ok());
  world.clock.JumpWall(hours(24 * 3650));
  CHECK(log->ExpireProducers(hours(24)) == 0);
  world.clock.Advance(hours(23));
  CHECK(log->ExpireProducers(hours(24)) == 0);
  world.clock.Advance(hours(2));
  CHECK(log->ExpireProducers(hours(24)) == 1);
  CHECK(Send(*log, batch(9))->base_offset == 1);
}

TEST_CASE("a producer whose records are old is not idle", "[log][producers]") {
  LogWorld world;
  auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
  REQUIRE(Send(*log, {.sequence = 0, .timestamp_ms = 1000}).ok());
  CHECK(log->ExpireProducers(std::chrono::hours(24)) == 0);
}

TEST_CASE("whatever a power cut leaves of a log, its producers are known to exactly that point",
          "[log][producers][power]") {
  int64_t states = 0;
  for (const Durability durability : kBoth) {
    for (uint64_t seed = 0; seed < static_cast<uint64_t>(Scaled(3)); ++seed) {
      INFO("seed " << seed);
      ProducerPowerLoss history(durability, seed);
      history.Run();
      states += history.states();
    }
  }
  Figure("power loss: producers known again in %d crash states", states);
}

}  // namespace
}  // namespace moldau::test
