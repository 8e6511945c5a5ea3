// What compaction leaves of a log, when it comes, and what it does not disturb.
#include <algorithm>
#include <chrono>

#include "log/compaction_history.h"
#include "log/log_world.h"
#include "log/producer_batches.h"
#include "moldau/error.h"
#include "record/batch_builder.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

using namespace std::chrono_literals;

constexpr Durability kBoth[] = {Durability::kBuffered, Durability::kFlushed};

log::LogConfig Compacted(Durability durability = Durability::kFlushed) {
  log::LogConfig config = SmallSegments(durability);
  config.compact = true;
  config.delete_old_segments = false;
  config.min_cleanable_dirty_ratio = 0;
  return config;
}

// Runs compaction until it has nothing more to do; returns how many steps that took.
int CompactAll(log::Log& log, const log::CompactionLimits& limits = {}) {
  for (int steps = 1;; ++steps) {
    const absl::StatusOr<bool> goes_on = log.Compact(limits);
    INFO(goes_on.status().ToString());
    REQUIRE(goes_on.ok());
    if (!*goes_on) return steps;
  }
}

void AppendKeyed(log::Log& log, std::string_view key, std::optional<std::string_view> value) {
  const Record record{.key = key, .value = value};
  const auto result = log.Append({&record, 1});
  INFO(result.status().ToString());
  REQUIRE(result.ok());
}

// What has been appended lies in sealed segments, all of it flushed.
void EndSegment(log::Log& log) {
  REQUIRE(log.Roll().ok());
  REQUIRE(log.Flush().ok());
}

// "0=a 2=b": the offsets and values of what can be read.
std::string Contents(log::Log& log) {
  std::string text;
  for (const FoundRecord& record : ReadKeyed(log, log.log_start_offset())) {
    if (!text.empty()) text += " ";
    text += std::to_string(record.offset) + "=" + record.value.value_or("-");
  }
  return text;
}

std::vector<record::BatchView> BatchesOf(const log::LogSlice& slice) {
  std::vector<record::BatchView> batches;
  record::BatchCursor cursor(slice.bytes);
  while (cursor.Next()) batches.push_back(cursor.batch());
  return batches;
}

TEST_CASE("compaction leaves the latest record of each key, where it was", "[log][compaction]") {
  for (const Durability durability : kBoth) {
    LogWorld world;
    auto log = world.Open(Compacted(durability)).value();
    for (const char* value : {"a", "b", "c"}) AppendKeyed(*log, "k", value);
    AppendKeyed(*log, "m", "d");
    AppendKeyed(*log, "k", "e");
    EndSegment(*log);
    AppendKeyed(*log, "m", "f");
    REQUIRE(log->Flush().ok());
    CompactAll(*log);
    CHECK(Contents(*log) == "3=d 4=e 5=f");
    CHECK(log->cleaned_offset() == 5);
    CHECK(log->log_start_offset() == 0);
    CHECK(log->log_end_offset() == 6);
  }
}

TEST_CASE("a reader that asks for an offset that is gone gets the next one that is there", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 100; ++i) AppendKeyed(*log, i % 10 == 3 ? std::to_string(i) : "k", std::to_string(i));
  EndSegment(*log);
  AppendKeyed(*log, "other", "end");
  REQUIRE(log->Flush().ok());
  CompactAll(*log);
  for (int64_t offset = 0; offset < 100; ++offset) {
    const auto found = ReadKeyed(*log, offset);
    REQUIRE_FALSE(found.empty());
    CHECK(found.front().offset == std::min<int64_t>((offset + 6) / 10 * 10 + 3, 99));
  }
}

TEST_CASE("the active segment is never compacted", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  AppendKeyed(*log, "k", "a");
  AppendKeyed(*log, "k", "b");
  REQUIRE(log->Flush().ok());
  CHECK(CompactAll(*log) == 1);
  CHECK(Contents(*log) == "0=a 1=b");
}

TEST_CASE("a log is compacted once enough of it is dirty", "[log][compaction]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  config.min_cleanable_dirty_ratio = 0.5;
  auto log = world.Open(config).value();
  const std::string value(300, 'x');
  for (int i = 0; i < 10; ++i) AppendKeyed(*log, std::to_string(i), value);
  EndSegment(*log);
  CompactAll(*log);
  CHECK(log->cleaned_offset() == 10);
  for (int i = 0; i < 9; ++i) AppendKeyed(*log, std::to_string(i), value);
  EndSegment(*log);
  CHECK(CompactAll(*log) == 1);
  AppendKeyed(*log, "9", value);
  EndSegment(*log);
  CompactAll(*log);
  CHECK(log->cleaned_offset() == 20);
}

TEST_CASE("a tombstone outlives what it deletes by delete.retention.ms", "[log][compaction]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  config.delete_retention = 10s;
  auto log = world.Open(config).value();
  const auto append_and_compact = [&](std::string_view key, std::optional<std::string_view> value) {
    AppendKeyed(*log, key, value);
    EndSegment(*log);
    CompactAll(*log);
  };
  AppendKeyed(*log, "k", "a");
  const int64_t compacted_at = world.clock.WallNow().time_since_epoch().count();
  append_and_compact("k", std::nullopt);
  CHECK(Contents(*log) == "1=-");
  const log::LogSlice slice = log->Read(1, 1).value();
  const record::BatchView batch = BatchesOf(slice).at(0);
  CHECK(batch.has_delete_horizon());
  CHECK(batch.base_timestamp_ms() == compacted_at + 10'000);
  CHECK(batch.max_timestamp_ms() == compacted_at);
  CHECK((*batch.records().begin()).timestamp().time_since_epoch().count() == compacted_at);

  world.clock.Advance(9'999ms);
  append_and_compact("m", "b");
  CHECK(Contents(*log) == "1=- 2=b");
  world.clock.Advance(1ms);
  append_and_compact("n", "c");
  CHECK(Contents(*log) == "2=b 3=c");
}

TEST_CASE("a wall clock that jumps ahead takes no tombstone", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  AppendKeyed(*log, "k", std::nullopt);
  EndSegment(*log);
  CompactAll(*log);
  world.clock.JumpWall(24h * 365);
  AppendKeyed(*log, "m", "a");
  EndSegment(*log);
  CompactAll(*log);
  CHECK(Contents(*log) == "0=- 1=a");
}

TEST_CASE("records stay for min.compaction.lag.ms", "[log][compaction]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  config.min_compaction_lag = 1h;
  auto log = world.Open(config).value();
  AppendKeyed(*log, "k", "a");
  AppendKeyed(*log, "k", "b");
  EndSegment(*log);
  world.clock.Advance(30min);
  AppendKeyed(*log, "k", "c");
  EndSegment(*log);
  AppendKeyed(*log, "k", "d");
  REQUIRE(log->Flush().ok());
  world.clock.Advance(30min);
  CHECK(CompactAll(*log) == 1);
  world.clock.Advance(1ms);
  CompactAll(*log);
  CHECK(Contents(*log) == "1=b 2=c 3=d");
}

TEST_CASE("no record waits for compaction longer than max.compaction.lag.ms", "[log][compaction]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  config.min_cleanable_dirty_ratio = 1;
  config.max_compaction_lag = 1h;
  auto log = world.Open(config).value();
  AppendKeyed(*log, "first", "0");
  EndSegment(*log);
  CompactAll(*log);
  AppendKeyed(*log, "k", "a");
  AppendKeyed(*log, "k", "b");
  REQUIRE(log->Flush().ok());
  world.clock.Advance(1h);
  CHECK(CompactAll(*log) == 1);
  world.clock.Advance(1ms);
  CompactAll(*log);
  CHECK(Contents(*log) == "0=0 2=b");
}

TEST_CASE("a compacted topic refuses records without a key, however they come", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted(Durability::kBuffered)).value();
  CHECK(GetErrorCode(Append(*log, "value").status()) == ErrorCode::kInvalidRecord);
  CHECK(log->TryAppendOne({.value = "value"}) == -1);
  CHECK(GetErrorCode(Send(*log, {.value = "value"}).status()) == ErrorCode::kInvalidRecord);
  CHECK(GetErrorCode(log->BeginClaim(std::nullopt, 10).status()) == ErrorCode::kInvalidRecord);
  CHECK(log->log_end_offset() == 0);
  CHECK(log->BeginClaim("key", 10).ok());
}

TEST_CASE("compaction with memory for few keys gets there in several runs", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 300; ++i) AppendKeyed(*log, std::to_string(i % 50), std::to_string(i));
  EndSegment(*log);
  CompactAll(*log, {.key_bytes = 24 * 16, .step_bytes = 100});
  CHECK(log->cleaned_offset() == 300);
  const auto left = ReadKeyed(*log, 0);
  REQUIRE(left.size() == 50);
  CHECK(left.front().offset == 250);
}

TEST_CASE("segments that have become small become one, and the disk is given back", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 100; ++i) AppendKeyed(*log, "k", std::string(500, 'x'));
  EndSegment(*log);
  world.Settle();
  REQUIRE(log->segment_count() > 10);
  CompactAll(*log);
  CHECK(log->segment_count() == 2);
  CHECK(log->size_bytes() < 700);
  int logs = 0;
  for (const auto& file : FilesOf(world)) logs += file.name.ends_with(".log") ? 1 : 0;
  CHECK(logs == 2);
  CHECK(Contents(*log) == "99=" + std::string(500, 'x'));
}

TEST_CASE("views and cursors of segments that compaction replaces stay good", "[log][compaction][L17]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 60; ++i) AppendKeyed(*log, "k", std::to_string(i) + std::string(200, 'x'));
  EndSegment(*log);
  AppendKeyed(*log, "m", "end");
  REQUIRE(log->Flush().ok());
  log::LogCursor cursor;
  const log::LogSlice view = log->Read(cursor, 1000).value();
  const std::vector<std::byte> before(view.bytes.begin(), view.bytes.end());
  CompactAll(*log);
  CHECK(std::equal(before.begin(), before.end(), view.bytes.begin(), view.bytes.end()));
  std::vector<int64_t> seen;
  for (;;) {
    const log::LogSlice slice = log->Read(cursor, 1000).value();
    if (slice.bytes.empty()) break;
    ForEachRecord(slice, [&](const RecordView& record) { seen.push_back(record.offset()); });
  }
  CHECK(seen == std::vector<int64_t>{59, 60});
}

TEST_CASE("compressed batches are compacted, in their codec", "[log][compaction]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  config.compression = Compression::kLz4;
  auto log = world.Open(config).value();
  const std::vector<Record> batch = {
      {.key = "a", .value = "0"}, {.key = "b", .value = "1"}, {.key = "a", .value = "2"}};
  REQUIRE(log->Append(batch).ok());
  REQUIRE(log->Append(batch).ok());
  EndSegment(*log);
  CompactAll(*log);
  const log::LogSlice slice = log->Read(0, 10'000).value();
  const auto batches = BatchesOf(slice);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].record_count() == 0);  // at the front nothing can cover it but a batch without records
  CHECK(batches[0].next_offset() == 3);
  CHECK(batches[1].compression() == Compression::kLz4);
  CHECK(batches[1].record_count() == 2);
  CHECK(batches[1].last_offset_delta() == 2);
}

TEST_CASE("a look-up by time finds what compaction has left", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 40; ++i) {
    AppendKeyed(*log, i % 4 == 0 ? std::to_string(i) : "k", std::string(200, 'x'));
    world.clock.Advance(1s);
  }
  EndSegment(*log);
  CompactAll(*log);
  const Timestamp begin = world.clock.WallNow() - 40s;
  for (int second = 0; second < 40; ++second) {
    const auto found = log->FindByTimestamp(begin + std::chrono::seconds(second));
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
    CHECK((*found)->offset == std::min((second + 3) / 4 * 4, 39));
  }
}

TEST_CASE("a log that is cut while compaction is under way keeps what the cut has left", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 40; ++i) AppendKeyed(*log, "k", std::to_string(i) + std::string(200, 'x'));
  EndSegment(*log);
  AppendKeyed(*log, "m", "end");
  REQUIRE(log->Flush().ok());
  const log::CompactionLimits small_steps{.step_bytes = 1000};
  for (int i = 0; i < 12; ++i) REQUIRE(log->Compact(small_steps).value());
  REQUIRE(log->Truncate(20).ok());
  while (log->Compact(small_steps).value()) {
  }
  const auto left = ReadKeyed(*log, 0);
  REQUIRE_FALSE(left.empty());
  CHECK(left.back().offset == 19);
  CHECK(log->cleaned_offset() <= 20);
}

TEST_CASE("a log that is closed while compaction is under way leaves nothing of it behind", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 40; ++i) AppendKeyed(*log, "k", std::to_string(i) + std::string(200, 'x'));
  EndSegment(*log);
  const auto is_writing = [&] {
    const auto files = FilesOf(world);
    return std::any_of(files.begin(), files.end(), [](const auto& file) { return file.name.ends_with(".cleaned"); });
  };
  while (!is_writing()) REQUIRE(log->Compact({.step_bytes = 500}).value());
  REQUIRE(log->Close().ok());
  CHECK_FALSE(is_writing());
}

TEST_CASE("how far compaction has been survives a restart", "[log][compaction]") {
  LogWorld world;
  auto log = world.Open(Compacted()).value();
  for (int i = 0; i < 40; ++i) AppendKeyed(*log, "k", std::string(200, 'x'));
  EndSegment(*log);
  CompactAll(*log);
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  for (const bool clean : {true, false}) {
    log = world.Reopen(Compacted(), entry, clean, true).value();
    CHECK(log->cleaned_offset() == 40);
    CHECK(CompactAll(*log) == 1);
    CHECK(ReadKeyed(*log, 0).size() == 1);
  }
}

// Batches of two records of one key, so that nothing is left of a producer's records once another has written.
std::vector<std::byte> TwoOf(std::string_view key, int64_t producer_id, int32_t sequence) {
  const std::vector<Record> records(2, Record{.key = key, .value = "v"});
  std::vector<std::byte> bytes(record::EncodedSizeBound(records));
  bytes.resize(record::EncodeBatch(
      records, {.now = Timestamp(1ms), .producer_id = producer_id, .producer_epoch = 0, .base_sequence = sequence},
      bytes.data()));
  return bytes;
}

TEST_CASE("compaction keeps where each idempotent producer stands, without its records",
          "[log][compaction][producers]") {
  LogWorld world;
  log::LogConfig config = Compacted();
  auto log = world.Open(config).value();
  for (int32_t i = 0; i < 10; ++i) {
    for (int64_t producer = 1; producer <= 3; ++producer) REQUIRE(log->AppendBatch(TwoOf("k", producer, 2 * i)).ok());
    EndSegment(*log);
  }
  AppendKeyed(*log, "k", "last");
  EndSegment(*log);
  CompactAll(*log);
  CHECK(Contents(*log) == "60=last");
  REQUIRE(log->Close().ok());
  const log::PartitionEntry entry = log->Describe();
  for (const bool with_snapshots : {true, false}) {
    for (const auto& file : FilesOf(world)) {
      const bool goes = !with_snapshots && file.name.ends_with(".snapshot");
      if (goes) REQUIRE(world.storage->Remove(world.directory + "/" + file.name).ok());
    }
    log = world.Reopen(config, entry, with_snapshots, true).value();
    for (int64_t producer = 1; producer <= 3; ++producer) {
      INFO("producer " << producer << (with_snapshots ? ", snapshots" : ", none"));
      const auto copy = log->AppendBatch(TwoOf("k", producer, 18));
      REQUIRE(copy.ok());
      CHECK(copy->base_offset == 54 + 2 * (producer - 1));
      const absl::Status early = log->AppendBatch(TwoOf("k", producer, 24)).status();
      CHECK(GetErrorCode(early) == ErrorCode::kOutOfOrderSequenceNumber);
    }
    CHECK(log->log_end_offset() == 61);
    REQUIRE(log->Close().ok());
  }
}

TEST_CASE("a compacted log holds what a plain map would, histories", "[log][compaction][model]") {
  int64_t appended = 0;
  int64_t runs = 0;
  for (int seed = 0; seed < Scaled(20); ++seed) {
    INFO("seed " << seed);
    CompactionHistory history(kBoth[seed % 2], static_cast<uint64_t>(seed));
    history.RunInPeace(400);
    appended += history.appended();
    runs += history.runs();
  }
  Figure("compaction against a map: %d records, %d runs", appended, runs);
  CHECK(runs > 0);
}

TEST_CASE("a compacted log survives a power cut at every storage operation", "[log][compaction][L14]") {
  int64_t states = 0;
  int64_t runs = 0;
  for (int seed = 0; seed < Scaled(2); ++seed) {
    INFO("seed " << seed);
    CompactionHistory history(kBoth[seed % 2], static_cast<uint64_t>(seed) + 100);
    history.RunWithCrashes();
    states += history.states();
    runs += history.runs();
  }
  Figure("compaction and power cuts: %d states of the disk, %d runs", states, runs);
  CHECK(runs > 0);
}

}  // namespace
}  // namespace moldau::test
