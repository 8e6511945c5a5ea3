// The numbers that a log may not pass, each at one below, at the limit, and one above: what is refused names the limit
// and is refused before anything is written.
#include "log/log_files.h"
#include "log/log_world.h"
#include "moldau/error.h"
#include "record/batch_encoder.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

size_t BatchSize(const std::string& value) {
  const Record record{.value = value};
  return record::EncodedSize({&record, 1}, {.now = Timestamp(std::chrono::milliseconds(1'700'000'000'000))});
}

// A value that makes a batch of one record of exactly `size` bytes.
std::string ValueForBatchOf(size_t size) {
  std::string value(size - 80, 'v');
  while (BatchSize(value) < size) value += 'v';
  REQUIRE(BatchSize(value) == size);
  return value;
}

std::vector<std::byte> BatchOf(const std::string& value, Timestamp now) {
  const Record record{.value = value};
  std::vector<std::byte> batch(record::EncodedSizeBound({&record, 1}));
  batch.resize(record::EncodeBatch({&record, 1}, {.now = now}, batch.data()));
  return batch;
}

// Every way into a log with one record that makes a batch of `size` bytes.
std::vector<absl::Status> TryEveryWay(LogWorld& world, log::Log& log, size_t size) {
  const std::string value = ValueForBatchOf(size);
  std::vector<absl::Status> outcomes = {Append(log, value).status(),
                                        log.AppendBatch(BatchOf(value, world.clock.WallNow())).status()};
  auto claim = log.BeginClaim(std::nullopt, value.size());
  if (!claim.ok()) {
    outcomes.push_back(claim.status());
    return outcomes;
  }
  std::copy(value.begin(), value.end(), reinterpret_cast<char*>(claim->value().data()));
  outcomes.push_back(claim->Commit().status());
  return outcomes;
}

TEST_CASE("a batch of exactly max.message.bytes is taken, one byte more is refused with both numbers",
          "[log][limits][L19]") {
  log::LogConfig config = SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed), 16 << 10);
  config.max_message_bytes = 1000;
  LogWorld world;
  auto log = world.Open(config).value();
  for (const size_t size : {999, 1000}) {
    for (const absl::Status& status : TryEveryWay(world, *log, size)) CHECK_OK(status);
  }
  REQUIRE_OK(log->Flush());
  CHECK(log->log_end_offset() == 6);
  const Files before = FilesOf(world.disk());
  for (const absl::Status& status : TryEveryWay(world, *log, 1001)) {
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(GetErrorCode(status) == ErrorCode::kMessageTooLarge);
    CHECK_THAT(std::string(status.message()), Contains("1001") && Contains("max.message.bytes of 1000"));
  }
  CHECK(log->log_end_offset() == 6);
  CHECK(FilesOf(world.disk()) == before);
}

TEST_CASE("a batch of exactly segment.bytes fills a segment, one byte more is refused with both numbers",
          "[log][limits][L19]") {
  log::LogConfig config = SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed));
  config.max_message_bytes = 1 << 20;
  LogWorld world;
  auto log = world.Open(config).value();
  for (const size_t size : {4095, 4096}) {
    for (const absl::Status& status : TryEveryWay(world, *log, size)) CHECK_OK(status);
  }
  REQUIRE_OK(log->Flush());
  CHECK(log->segment_count() == 6);
  CHECK(ReadValues(*log).size() == 6);
  for (const absl::Status& status : TryEveryWay(world, *log, 4097)) {
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(GetErrorCode(status) == ErrorCode::kRecordListTooLarge);
    CHECK_THAT(std::string(status.message()), Contains("4097") && Contains("segment.bytes of 4096"));
  }
  CHECK(log->log_end_offset() == 6);
  CHECK(log->segment_count() == 6);
  CHECK(ReadValues(*log).size() == 6);
}

TEST_CASE("a segment is filled to its last byte, and the next record begins another", "[log][limits][L19]") {
  for (const int missing : {1, 0, -1}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed))).value();
    REQUIRE_OK(Append(*log, ValueForBatchOf(2048)));
    REQUIRE_OK(Append(*log, ValueForBatchOf(static_cast<size_t>(2048 - missing))));
    REQUIRE_OK(log->Flush());
    CHECK(log->segment_count() == (missing < 0 ? 2 : 1));
    REQUIRE_OK(Append(*log, "next"));
    REQUIRE_OK(log->Flush());
    CHECK(log->segment_count() == 2);
    CHECK(ReadValues(*log).size() == 3);
  }
}

// A log whose front was trimmed up to `start`: nothing lies on disk.
absl::StatusOr<std::unique_ptr<log::Log>> OpenAt(LogWorld& world, int64_t start, Durability durability) {
  const log::PartitionEntry entry = {.topic = "orders",
                                     .partition = 0,
                                     .recovery_point = start,
                                     .log_start_offset = start,
                                     .high_watermark = start,
                                     .log_end_offset = start};
  return world.Reopen(SmallSegments(durability), entry, true, true);
}

TEST_CASE("offsets go up to the last that a segment may begin at, and what lies beyond is refused unwritten",
          "[log][limits][L19]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  constexpr int64_t kLastBase = INT64_MAX - INT32_MAX;
  for (const int64_t start : {kLastBase - 1, kLastBase}) {
    LogWorld world;
    auto log = OpenAt(world, start, durability);
    REQUIRE_OK(log);
    const auto appended = Append(**log, "near the end");
    REQUIRE_OK(appended);
    CHECK(appended->base_offset == start);
    REQUIRE_OK((*log)->Flush());
    CHECK(ReadValues(**log) == std::vector<std::string>{"near the end"});
    REQUIRE_OK((*log)->Close());
    const log::PartitionEntry entry = (*log)->Describe();
    auto again = world.Reopen(SmallSegments(durability), entry, false, true);
    REQUIRE_OK(again);
    CHECK((*again)->log_end_offset() == start + 1);
  }
  for (const int64_t start : {kLastBase + 1, INT64_MAX - 1, INT64_MAX}) {
    LogWorld world;
    auto log = OpenAt(world, start, durability);
    REQUIRE_OK(log);
    const absl::Status status = Append(**log, "beyond").status();
    CHECK(status.code() == absl::StatusCode::kOutOfRange);
    CHECK_THAT(std::string(status.message()),
               Contains("orders-0") && Contains(std::to_string(start)) && Contains(std::to_string(kLastBase)));
    CHECK((*log)->log_end_offset() == start);
    CHECK(world.disk().List("data/orders-0").status().code() == absl::StatusCode::kNotFound);
  }
}

}  // namespace
}  // namespace moldau::test
