#include "broker_world.h"
#include "moldau/error.h"
#include "moldau/offline.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kFirstSegment = "data/orders-0/00000000000000000000.log";

void RemoveTree(storage::MemoryStorage& disk, const std::string& directory) {
  const auto entries = disk.List(directory);
  REQUIRE_OK(entries);
  for (const auto& entry : *entries) REQUIRE_OK(disk.Remove(directory + "/" + entry.name));
  REQUIRE_OK(disk.Remove(directory));
}

TEST_CASE("after a clean shutdown nothing is scanned", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  Put(partition, "one");
  world.Reopen();
  CHECK(world.broker().recovery().clean_shutdown);
  CHECK(world.broker().recovery().recovered_partitions == 0);
  CHECK(ValuesOf(*world.broker().FindTopic("orders")) == Strings{"one"});
}

TEST_CASE("after a kill every log is recovered and no record is missing", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  const Topic orders = world.Create("orders", {.partitions = 3, .durability = Durability::kBuffered});
  const Topic audit = world.Create("audit");
  for (int i = 0; i < 3; ++i) {
    Partition partition = PartitionOf(orders, i);
    Put(partition, "order " + std::to_string(i));
  }
  Partition partition = PartitionOf(audit);
  AppendDurably(partition, "audited");

  BrokerWorld after({}, world.AfterKill());
  const RecoverySummary& recovery = after.Open().recovery();
  CHECK_FALSE(recovery.clean_shutdown);
  CHECK(recovery.recovered_partitions == 4);
  CHECK(recovery.scanned_bytes > 0);
  CHECK(recovery.cut.empty());
  CHECK(recovery.refused.empty());
  for (int i = 0; i < 3; ++i) {
    CHECK(ValuesOf(*after.broker().FindTopic("orders"), i) == Strings{"order " + std::to_string(i)});
  }
  CHECK(ValuesOf(*after.broker().FindTopic("audit")) == Strings{"audited"});
}

TEST_CASE("an opening that was killed itself is unclean again", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  world.Reopen();  // a clean shutdown, then nothing written
  BrokerWorld after({}, world.AfterPowerCut());
  CHECK_FALSE(after.Open().recovery().clean_shutdown);
}

TEST_CASE("what a torn write left is cut off and reported", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  Put(partition, "whole");
  const uint64_t size = *partition.size_bytes();
  auto image = world.AfterKill();
  auto file = image->Open(kFirstSegment, storage::OpenMode::kReadWrite);
  REQUIRE_OK(file);
  const std::string torn = "begun but not finished";
  REQUIRE_OK((*file)->Write(size, std::as_bytes(std::span(torn.data(), torn.size()))));

  BrokerWorld after({}, std::move(image));
  const RecoverySummary& recovery = after.Open().recovery();
  REQUIRE(recovery.cut.size() == 1);
  CHECK(recovery.cut[0].partition == TopicPartition{"orders", 0});
  CHECK(recovery.cut[0].truncated_bytes == static_cast<int64_t>(torn.size()));
  CHECK(recovery.cut[0].log_end_offset == 1);
  CHECK(after.HasMessage("orders-0"));
  Partition again = PartitionOf(*after.broker().FindTopic("orders"));
  CHECK(ValuesOf(again) == Strings{"whole"});
  CHECK(Append(again, "next").offset() == 1);
}

TEST_CASE("a damaged log is refused with file and position, the others serve", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition orders = PartitionOf(world.Create("orders"));
  for (int i = 0; i < 5; ++i) AppendDurably(orders, "order");
  Partition audit = PartitionOf(world.Create("audit"));
  AppendDurably(audit, "audited");
  auto image = world.AfterKill();
  REQUIRE_OK(image->FlipBit(kFirstSegment, 8 * 100));

  BrokerWorld after({}, std::move(image));
  const RecoverySummary& recovery = after.Open().recovery();
  REQUIRE(recovery.refused.size() == 1);
  CHECK(recovery.refused[0].partition == TopicPartition{"orders", 0});
  Partition refused = PartitionOf(*after.broker().FindTopic("orders"));
  for (const absl::Status& status : {recovery.refused[0].status, refused.Read(0).status(),
                                     refused.Append({.value = "x"}).status(), refused.Describe().status()}) {
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    CHECK_THAT(std::string(status.message()), Contains(kFirstSegment) && Contains("byte"));
  }
  CHECK(ValuesOf(*after.broker().FindTopic("audit")) == Strings{"audited"});
  CHECK(after.HasMessage("orders-0 is refused"));
}

TEST_CASE("a repair cuts a damaged log on purpose and keeps what was cut", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition orders =
      PartitionOf(world.Create("orders", {.durability = Durability::kFlushed, .config = {{"segment.bytes", "4096"}}}));
  const std::string value(900, 'o');
  for (int i = 0; i < 12; ++i) AppendDurably(orders, value);
  const bool clean = GENERATE(true, false);
  auto image = clean ? nullptr : world.AfterKill();
  if (clean) {
    world.Drop();
    image = world.AfterKill();
  }
  const std::string third = "data/orders-0/00000000000000000008.log";
  REQUIRE_OK(image->FlipBit("data/orders-0/00000000000000000004.log", 8 * 1500));

  BrokerWorld after({}, std::move(image));
  after.Open();
  const absl::Status damaged = PartitionOf(*after.broker().FindTopic("orders")).Read(5).status();
  CHECK(damaged.code() == absl::StatusCode::kDataLoss);
  CHECK(RepairPartition("data", {"orders", 0}, &after.disk()).status().code() == absl::StatusCode::kFailedPrecondition);
  after.Drop();

  const auto report = RepairPartition("data", {"orders", 0}, &after.disk());
  REQUIRE_OK(report);
  CHECK(report->damaged);
  CHECK(report->file == "data/orders-0/00000000000000000004.log");
  CHECK(report->log_end_offset == 5);
  CHECK(report->set_aside_bytes > 6000);
  CHECK(after.Names(".damaged", "data/orders-0").size() == 2);
  CHECK(after.Names("00000000000000000008.log", "data/orders-0") == Strings{"00000000000000000008.log.damaged"});

  after.Open();
  CHECK(after.broker().recovery().refused.empty());
  Partition again = PartitionOf(*after.broker().FindTopic("orders"));
  CHECK(ValuesOf(again).size() == 5);
  CHECK(AppendDurably(again, "next") == 5);
  after.Reopen();
  CHECK(ValuesOf(*after.broker().FindTopic("orders")).back() == "next");
  after.Drop();
  const auto nothing = RepairPartition("data", {"orders", 0}, &after.disk());
  REQUIRE_OK(nothing);
  CHECK_FALSE(nothing->damaged);
}

TEST_CASE("a partition whose directory has gone is refused, and repaired without giving offsets twice",
          "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition orders = PartitionOf(world.Create("orders"));
  for (int i = 0; i < 3; ++i) AppendDurably(orders, "order");
  Partition audit = PartitionOf(world.Create("audit"));
  AppendDurably(audit, "audited");
  world.Drop();
  RemoveTree(world.disk(), "data/orders-0");

  world.Open();
  const absl::Status status = PartitionOf(*world.broker().FindTopic("orders")).Read(0).status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("data/orders-0") && Contains("0 to 3"));
  CHECK(world.broker().recovery().refused.size() == 1);
  CHECK(ValuesOf(*world.broker().FindTopic("audit")) == Strings{"audited"});
  world.Reopen();  // a refused partition is not forgotten
  CHECK(world.broker().recovery().refused.size() == 1);
  world.Drop();

  const auto report = RepairPartition("data", {"orders", 0}, &world.disk());
  REQUIRE_OK(report);
  CHECK(report->damaged);
  CHECK(report->log_end_offset == 3);
  world.Open();
  Partition again = PartitionOf(*world.broker().FindTopic("orders"));
  CHECK(*again.log_start_offset() == 3);
  CHECK(AppendDurably(again, "next") == 3);
  world.Reopen();
  CHECK(ValuesOf(*world.broker().FindTopic("orders")) == Strings{"next"});
}

TEST_CASE("a directory of another topic of the same name is not taken over", "[broker][recovery]") {
  BrokerWorld other;
  other.Open();
  Partition foreign = PartitionOf(other.Create("orders", kBufferedTopic));
  Put(foreign, "foreign");
  other.Drop();

  BrokerWorld world({.seed = 7});
  world.options().seed = 7;
  world.Open();
  world.Create("orders", kBufferedTopic);
  world.Drop();
  REQUIRE_OK(world.disk().CreateDirectory("data/orders-0"));
  for (const std::string& name : other.Names("", "data/orders-0")) {
    auto from = other.disk().Open("data/orders-0/" + name, storage::OpenMode::kRead);
    REQUIRE_OK(from);
    std::vector<std::byte> bytes(*(*from)->Size());
    REQUIRE_OK((*from)->Read(0, bytes));
    auto to = world.disk().Open("data/orders-0/" + name, storage::OpenMode::kCreate);
    REQUIRE_OK(to);
    REQUIRE_OK((*to)->Write(0, bytes));
  }
  world.Open();
  const absl::Status status = PartitionOf(*world.broker().FindTopic("orders")).Read(0).status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(status.message()), Contains("data/orders-0") && Contains("belongs to the topic"));
}

TEST_CASE("a trim is remembered by the next process", "[broker][recovery]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  for (int i = 0; i < 5; ++i) Put(partition, std::to_string(i));
  REQUIRE_OK(partition.Trim(3));
  world.Settle();  // the manifest is written soon, not an interval later
  BrokerWorld after({}, world.AfterKill());
  after.Open();
  CHECK(ValuesOf(*after.broker().FindTopic("orders")) == Strings{"3", "4"});
}

}  // namespace
}  // namespace moldau::test
