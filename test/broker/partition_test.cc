#include "broker_world.h"
#include "moldau/error.h"
#include "record/batch_builder.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

std::vector<std::byte> BatchOf(const Strings& values, Compression codec = Compression::kNone) {
  record::BatchBuilder builder(size_t{1} << 20);
  for (const std::string& value : values) builder.Append({.value = value}, Timestamp(1'700'000'000'000ms));
  const auto batch = builder.Finish({}, codec);
  REQUIRE_OK(batch);
  return {batch->begin(), batch->end()};
}

TEST_CASE("what is appended is read, with its offset, key, headers and time", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const Header header{.key = "trace", .value = "42"};
  const Timestamp time(1'700'000'000'123ms);
  const auto receipt =
      partition.Append({.key = "alice", .value = "espresso", .headers = std::span(&header, 1), .timestamp = time});
  REQUIRE_OK(receipt);
  CHECK(receipt->offset() == 0);
  CHECK(receipt->partition() == 0);
  CHECK(receipt->done());
  const auto records = partition.Read(0);
  REQUIRE_OK(records);
  REQUIRE_FALSE(records->empty());
  const RecordView record = *records->begin();
  CHECK(record.offset() == 0);
  CHECK(record.key() == "alice");
  CHECK(record.value() == "espresso");
  CHECK(record.timestamp() == time);
  REQUIRE(record.headers().size() == 1);
  CHECK((*record.headers().begin()).key == "trace");
  CHECK(records->next_offset() == 1);
}

TEST_CASE("a batch is appended as a whole, and takes consecutive offsets", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const std::vector<Record> records = {{.value = "a"}, {.value = "b"}, {.value = "c"}};
  CHECK(Append(partition, "first").offset() == 0);
  const auto receipt = partition.Append(records);
  REQUIRE_OK(receipt);
  CHECK(receipt->offset() == 1);
  CHECK(*partition.log_end_offset() == 4);
  CHECK(ValuesOf(partition) == Strings{"first", "a", "b", "c"});
  CHECK(partition.Append(std::span<const Record>()).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("an encoded batch is checked once and gets its offset here", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  Put(partition, "first");
  const auto codec =
      GENERATE(Compression::kNone, Compression::kLz4, Compression::kZstd, Compression::kGzip, Compression::kSnappy);
  std::vector<std::byte> batch = BatchOf({"a", "b"}, codec);
  const auto receipt = partition.AppendBatch(batch);
  REQUIRE_OK(receipt);
  CHECK(receipt->offset() == 1);
  CHECK(ValuesOf(partition) == Strings{"first", "a", "b"});
  CHECK(ValuesIn(*partition.Read(2)) == Strings{"b"});

  batch[batch.size() - 1] ^= std::byte{1};
  CHECK(GetErrorCode(partition.AppendBatch(batch).status()) == ErrorCode::kCorruptMessage);
  CHECK(*partition.log_end_offset() == 3);
}

TEST_CASE("a slot in the log is claimed, filled and committed, or given back", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  Partition partition = PartitionOf(world.Create("orders", {.durability = durability}));
  {
    auto claim = partition.BeginClaim("alice", 5);
    REQUIRE_OK(claim);
    REQUIRE(claim->value().size() == 5);
    std::memcpy(claim->value().data(), "tea  ", 5);
    const auto receipt = claim->Commit();
    REQUIRE_OK(receipt);
    REQUIRE_OK(receipt->Wait());
    CHECK(receipt->offset() == 0);
    CHECK(claim->Commit().status().code() == absl::StatusCode::kFailedPrecondition);
  }
  {
    auto dropped = partition.BeginClaim(std::nullopt, 100);
    REQUIRE_OK(dropped);
    CHECK(partition.BeginClaim(std::nullopt, 1).status().code() == absl::StatusCode::kFailedPrecondition);
    CHECK(partition.Append({.value = "x"}).status().code() == absl::StatusCode::kFailedPrecondition);
  }
  AppendDurably(partition, "after");
  CHECK(ValuesOf(partition) == Strings{"tea  ", "after"});
  CHECK((*partition.Read(0)->begin()).key() == "alice");
}

TEST_CASE("a record over max.message.bytes is refused with both numbers and not written", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(
      world.Create("orders", {.durability = Durability::kBuffered, .config = {{"max.message.bytes", "1000"}}}));
  const std::string value(1000, 'x');
  const std::vector<std::byte> batch = BatchOf({value});
  for (const absl::Status& status : {partition.Append({.value = value}).status(), partition.AppendBatch(batch).status(),
                                     partition.BeginClaim(std::nullopt, value.size()).status()}) {
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(GetErrorCode(status) == ErrorCode::kMessageTooLarge);
    const std::string text(status.message());
    CHECK_THAT(text, Contains(std::to_string(batch.size()) + " bytes"));
    CHECK_THAT(text, Contains("max.message.bytes of 1000") || Contains("max.message.bytes, 1000"));
  }
  CHECK(*partition.log_end_offset() == 0);
  CHECK(world.Names("orders-0").empty());
}

TEST_CASE("offsets outside the log are refused with the valid range", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = Durability::kBuffered, .config = {{"segment.bytes", "4096"}}}));
  const std::string value(1000, 'x');
  for (int i = 0; i < 12; ++i) Put(partition, value);
  REQUIRE_OK(partition.Trim(5));
  CHECK(*partition.log_start_offset() == 5);
  for (const int64_t offset : {int64_t{-1}, int64_t{0}, int64_t{4}, int64_t{13}, INT64_MAX}) {
    const absl::Status status = partition.Read(offset).status();
    CHECK(status.code() == absl::StatusCode::kOutOfRange);
    CHECK(GetErrorCode(status) == ErrorCode::kOffsetOutOfRange);
    CHECK_THAT(std::string(status.message()), Contains("[5, 12]"));
    CHECK(partition.Tail(offset).status().code() == absl::StatusCode::kOutOfRange);
  }
  CHECK(partition.Read(12)->empty());
  CHECK(partition.Trim(13).code() == absl::StatusCode::kOutOfRange);
}

TEST_CASE("a topic that promises flushing shows a record once it is flushed", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  const Receipt receipt = Append(partition, "one");
  CHECK_FALSE(receipt.done());
  CHECK(*partition.high_watermark() == 0);
  CHECK(*partition.log_end_offset() == 1);
  CHECK(partition.Read(0)->empty());
  REQUIRE_OK(receipt.Wait());
  CHECK(receipt.done());
  CHECK(ValuesOf(partition) == Strings{"one"});

  BrokerWorld after({}, world.AfterPowerCut());
  CHECK(ValuesOf(*after.Open().FindTopic("orders")) == Strings{"one"});
}

TEST_CASE("a flush of the broker makes every topic durable", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition a = PartitionOf(world.Create("a", kBufferedTopic));
  Partition b = PartitionOf(world.Create("b", kBufferedTopic));
  Put(a, "one");
  Put(b, "two");
  REQUIRE_OK(world.broker().Flush());
  BrokerWorld after({}, world.AfterPowerCut());
  after.Open();
  CHECK(ValuesOf(*after.broker().FindTopic("a")) == Strings{"one"});
  CHECK(ValuesOf(*after.broker().FindTopic("b")) == Strings{"two"});
}

TEST_CASE("a record is found by its time", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const Timestamp start(1'700'000'000'000ms);
  for (int i = 0; i < 10; ++i) REQUIRE_OK(partition.Append({.value = "x", .timestamp = start + i * 10ms}));
  const auto found = partition.FindOffset(start + 35ms);
  REQUIRE_OK(found);
  REQUIRE(found->has_value());
  CHECK((*found)->offset == 4);
  CHECK((*found)->timestamp == start + 40ms);
  CHECK((*partition.FindOffset(start - 1h))->offset == 0);
  CHECK_FALSE(partition.FindOffset(start + 1h)->has_value());
}

TEST_CASE("a reader that waits at the end gets nothing when its time is up", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const auto records = partition.Read(0, {.timeout = 0ns});
  REQUIRE_OK(records);
  CHECK(records->empty());
  CHECK(records->next_offset() == 0);
}

TEST_CASE("a tail reader follows the log from record to record", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = Durability::kBuffered, .config = {{"segment.bytes", "4096"}}}));
  Put(partition, "zero");
  Put(partition, "one");
  auto tail = partition.Tail(1);
  REQUIRE_OK(tail);
  CHECK(tail->position() == 1);
  CHECK(ValuesIn(*tail->Next(0ns)) == Strings{"one"});
  CHECK(tail->Next(0ns)->empty());
  const std::string value(900, 'x');
  for (int i = 0; i < 20; ++i) {
    Put(partition, value + std::to_string(i));
    CHECK(ValuesIn(*tail->Next(0ns)) == Strings{value + std::to_string(i)});
  }
  CHECK(tail->position() == 22);
  CHECK(partition.Describe()->segment_count > 4);
}

TEST_CASE("a tail reader that begins within a batch shows only what was asked for", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  REQUIRE_OK(partition.AppendBatch(BatchOf({"a", "b", "c", "d"})));
  auto tail = partition.Tail(2);
  REQUIRE_OK(tail);
  CHECK(ValuesIn(*tail->Next(0ns)) == Strings{"c", "d"});
}

TEST_CASE("views stay valid when their segment is deleted, the topic too, and the broker is gone",
          "[broker][partition][L17]") {
  BrokerWorld world;
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = Durability::kBuffered, .config = {{"segment.bytes", "4096"}}}));
  const std::string value(1000, 'y');
  for (int i = 0; i < 12; ++i) Put(partition, value);
  const auto records = partition.Read(0);
  REQUIRE_OK(records);
  REQUIRE_OK(partition.Trim(9));
  REQUIRE_OK(world.broker().DeleteTopic("orders"));
  world.Settle();
  world.Drop();
  for (const RecordView& record : *records) CHECK(record.value() == value);
}

TEST_CASE("a partition is described", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", {.partitions = 2, .durability = Durability::kBuffered}), 1);
  CHECK(partition.topic() == "orders");
  CHECK(partition.id() == 1);
  Put(partition, "one");
  REQUIRE_OK(partition.Roll());
  Put(partition, "two");
  const auto described = partition.Describe();
  REQUIRE_OK(described);
  CHECK(described->log_start_offset == 0);
  CHECK(described->high_watermark == 2);
  CHECK(described->log_end_offset == 2);
  CHECK(described->segment_count == 2);
  CHECK(described->size_bytes == *partition.size_bytes());
  CHECK(described->size_bytes > 100);
  CHECK(described->directory == "data/orders-1");
  CHECK_OK(described->health);
}

TEST_CASE("a disk that is full fails the append that met it, and takes the next one when there is room",
          "[broker][partition][L1]") {
  BrokerWorld world;
  world.Open();
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = durability, .config = {{"segment.bytes", "65536"}}}));
  AppendDurably(partition, "one");
  world.disk().SetCapacity(world.disk().used_bytes());
  absl::Status full;
  const std::string value(1000, 'z');
  int64_t appended = 1;
  for (int i = 0; i < 200 && full.ok(); ++i) {
    const auto receipt = partition.Append({.value = value});
    full = receipt.ok() ? receipt->Wait() : receipt.status();
    if (full.ok()) ++appended;
  }
  CHECK(full.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(full.message()), Contains("data/orders-0") && Contains("bytes free"));
  CHECK_OK(partition.Describe()->health);
  CHECK(static_cast<int64_t>(ValuesOf(partition).size()) == appended);
  world.disk().SetCapacity(UINT64_MAX);
  CHECK(AppendDurably(partition, "after") == appended);
}

TEST_CASE("a flush that fails stops the partition, what is durable stays readable", "[broker][partition][L4]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  Partition other = PartitionOf(world.Create("other"));
  world.disk().SetHook([](const storage::Operation& operation) {
    const bool fails =
        operation.kind == storage::OperationKind::kFlush && operation.path.find("orders-0") != std::string::npos;
    return fails ? absl::DataLossError("the disk lost it") : absl::OkStatus();
  });
  const Receipt lost = Append(partition, "two");
  CHECK_FALSE(lost.Wait().ok());
  world.disk().SetHook(nullptr);
  const absl::Status stopped = partition.Append({.value = "three"}).status();
  CHECK(stopped.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(GetErrorCode(stopped) == ErrorCode::kStorageError);
  CHECK_THAT(std::string(stopped.message()), Contains("data/orders-0") && Contains("the disk lost it"));
  CHECK_FALSE(partition.Describe()->health.ok());
  CHECK_FALSE(lost.Wait().ok());
  CHECK(ValuesOf(partition) == Strings{"one"});
  AppendDurably(other, "still served");
  CHECK_FALSE(world.broker().Close().ok());
  CHECK(ValuesOf(*world.Reopen().FindTopic("orders"))[0] == "one");
}

}  // namespace
}  // namespace moldau::test
