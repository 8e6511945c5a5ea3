#include "moldau/offline.h"
#include "broker_world.h"
#include "moldau/error.h"
#include "record/batch_builder.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

Strings ValuesOffline(OfflineLog& log) {
  Strings values;
  REQUIRE_OK(log.ForEach([&](const RecordView& record) {
    values.emplace_back(record.value());
    return true;
  }));
  return values;
}

const TopicOptions kSmallSegments{.durability = Durability::kBuffered, .config = {{"segment.bytes", "4096"}}};

TEST_CASE("a log is read without a broker, also while one runs", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  Strings values;
  for (int i = 0; i < 30; ++i) {
    values.push_back(std::to_string(i) + std::string(500, '.'));
    Put(partition, values.back());
  }
  const bool running = GENERATE(true, false);
  if (!running) world.Drop();
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  CHECK(log->partition() == TopicPartition{"orders", 0});
  CHECK(ValuesOffline(*log) == values);
  CHECK(log->position() == 30);
  CHECK(log->Next()->empty());
}

TEST_CASE("reading again shows what a running broker has appended since", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  auto none = OfflineLog::Open("data/orders-0", &world.disk());
  CHECK(none.status().code() == absl::StatusCode::kNotFound);  // no record, no directory
  Put(partition, "one");
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  CHECK(ValuesOffline(*log) == Strings{"one"});
  CHECK(ValuesOffline(*log).empty());
  const std::string value(900, 'v');
  for (int i = 0; i < 10; ++i) {
    Put(partition, value);
    CHECK(ValuesOffline(*log) == Strings{value});
  }
}

TEST_CASE("reading begins where it is told to, and stops where it is told to", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  for (int i = 0; i < 20; ++i) Put(partition, std::to_string(i) + std::string(500, '.'));
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  log->Seek(13);
  int64_t first = -1;
  REQUIRE_OK(log->ForEach([&](const RecordView& record) {
    first = record.offset();
    return false;
  }));
  CHECK(first == 13);
  CHECK(log->position() == 14);
  CHECK(ValuesOffline(*log).size() == 6);
}

TEST_CASE("every codec is read offline", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  for (const Compression codec :
       {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
    record::BatchBuilder builder(10'000);
    for (int i = 0; i < 10; ++i) builder.Append({.value = "the same line"}, Timestamp(1'700'000'000'000ms));
    REQUIRE_OK(partition.AppendBatch(*builder.Finish({}, codec)));
  }
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  CHECK(ValuesOffline(*log) == Strings(50, "the same line"));
}

TEST_CASE("records that were trimmed are not shown", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  for (int i = 0; i < 5; ++i) Put(partition, std::to_string(i));
  REQUIRE_OK(partition.Trim(3));
  world.Settle();
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  CHECK(ValuesOffline(*log) == Strings{"3", "4"});
}

TEST_CASE("a reader goes on after retention has deleted the segment before it", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  for (int i = 0; i < 20; ++i) Put(partition, std::to_string(i) + std::string(900, '.'));
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  REQUIRE_OK(partition.Trim(12));
  const Strings left = ValuesOffline(*log);
  REQUIRE_FALSE(left.empty());
  CHECK(left.back().starts_with("19."));
  CHECK(left.size() < 20);
}

TEST_CASE("a torn tail is the end, damage with data behind it is not", "[broker][offline][L22]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  for (int i = 0; i < 20; ++i) Put(partition, std::to_string(i) + std::string(900, '.'));
  world.Drop();
  const Strings segments = world.Names(".log", "data/orders-0");
  const std::string first = "data/orders-0/" + segments.front();
  const std::string last = "data/orders-0/" + segments.back();

  SECTION("torn") {
    auto file = world.disk().Open(last, storage::OpenMode::kReadWrite);
    REQUIRE_OK((*file)->Truncate(*(*file)->Size() - 100));
    auto log = OfflineLog::Open("data/orders-0", &world.disk());
    REQUIRE_OK(log);
    CHECK(ValuesOffline(*log).size() == 19);
  }
  SECTION("damaged in the middle") {
    REQUIRE_OK(world.disk().FlipBit(first, 8 * 1500));
    auto log = OfflineLog::Open("data/orders-0", &world.disk());
    REQUIRE_OK(log);
    int shown = 0;
    const absl::Status status = log->ForEach([&](const RecordView&) { return ++shown > 0; });
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    CHECK_THAT(std::string(status.message()), Contains(first) && Contains("byte"));
    CHECK(shown == 1);
  }
  SECTION("damaged in the last segment") {
    auto file = world.disk().Open(last, storage::OpenMode::kRead);
    REQUIRE(*(*file)->Size() > 1500);
    REQUIRE_OK(world.disk().FlipBit(last, 8 * 500));
    auto log = OfflineLog::Open("data/orders-0", &world.disk());
    REQUIRE_OK(log);
    CHECK(log->ForEach([](const RecordView&) { return true; }).code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("a whole topic is read by its name", "[broker][offline]") {
  TempDir dir;
  {
    auto broker = Broker::Open({.data_dir = dir / "data"});
    REQUIRE_OK(broker);
    const Topic topic = *(*broker)->CreateTopic("orders", {.partitions = 12});
    for (const int i : {0, 2, 11}) {
      Partition partition = PartitionOf(topic, i);
      AppendDurably(partition, std::to_string(i));
    }
  }
  auto logs = OfflineLog::OpenTopic(dir / "data", "orders");
  REQUIRE_OK(logs);
  REQUIRE(logs->size() == 3);
  CHECK((*logs)[1].partition().partition == 2);
  CHECK((*logs)[2].partition().partition == 11);
  CHECK(ValuesOffline((*logs)[2]) == Strings{"11"});
  CHECK(OfflineLog::OpenTopic(dir / "data", "nosuch").status().code() == absl::StatusCode::kNotFound);
  CHECK(OfflineLog::OpenTopic(dir / "nosuch", "orders").status().code() == absl::StatusCode::kNotFound);
  CHECK(GetErrorCode(OfflineLog::OpenTopic(dir / "data", "../x").status()) == ErrorCode::kInvalidTopic);
  CHECK(OfflineLog::Open(dir / "data").status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("reading offline writes nothing", "[broker][offline]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kSmallSegments));
  for (int i = 0; i < 20; ++i) Put(partition, std::to_string(i) + std::string(900, '.'));
  using storage::OperationKind;
  world.disk().SetHook([](const storage::Operation& operation) {
    const bool reads = operation.kind == OperationKind::kOpen || operation.kind == OperationKind::kRead ||
                       operation.kind == OperationKind::kList;
    return reads ? absl::OkStatus() : absl::PermissionDeniedError("read only");
  });
  auto log = OfflineLog::Open("data/orders-0", &world.disk());
  REQUIRE_OK(log);
  CHECK(ValuesOffline(*log).size() == 20);
  world.disk().SetHook(nullptr);
}

}  // namespace
}  // namespace moldau::test
