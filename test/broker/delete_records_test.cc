#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

const TopicOptions kSmall{.durability = Durability::kBuffered, .config = {{"segment.bytes", "4096"}}};

Partition Filled(BrokerWorld& world, std::string_view topic, int records, const TopicOptions& options = kSmall) {
  Partition partition = PartitionOf(world.Create(topic, options));
  for (int i = 0; i < records; ++i) REQUIRE_OK(partition.Append({.key = "k", .value = std::string(500, 'x')}));
  return partition;
}

TEST_CASE("records that were deleted stay deleted, whatever happens then", "[broker][delete_records]") {
  BrokerWorld world;
  world.Open();
  Partition partition = Filled(world, "orders", 30);
  REQUIRE_OK(partition.Flush());
  CHECK(partition.DeleteRecords(17).value() == 17);
  CHECK(*partition.log_start_offset() == 17);
  CHECK(world.Names(".log", "data/orders-0").size() == 3);  // offsets from 14 on: 7 records to a segment
  CHECK(GetErrorCode(partition.Read(16).status()) == ErrorCode::kOffsetOutOfRange);
  for (const bool power_cut : {false, true}) {
    BrokerWorld after({}, power_cut ? world.AfterPowerCut() : world.AfterKill());
    Partition found = PartitionOf(*after.Open().FindTopic("orders"));
    CHECK(*found.log_start_offset() == 17);
    CHECK(*found.log_end_offset() == 30);
  }
}

TEST_CASE("everything that readers see is deleted by asking for the high watermark", "[broker][delete_records]") {
  BrokerWorld world;
  world.Open();
  Partition partition = Filled(world, "orders", 30);
  CHECK(partition.DeleteRecords(kHighWatermark).value() == 30);
  Put(partition, "next");
  CHECK(ValuesOf(partition) == Strings{"next"});
}

TEST_CASE("a log start never goes back", "[broker][delete_records]") {
  BrokerWorld world;
  world.Open();
  Partition partition = Filled(world, "orders", 30);
  REQUIRE_OK(partition.DeleteRecords(20));
  CHECK(partition.DeleteRecords(10).value() == 20);
}

TEST_CASE("what cannot be deleted is refused with Kafka's codes", "[broker][delete_records]") {
  BrokerWorld world;
  world.Open();
  Partition partition = Filled(world, "orders", 5);
  CHECK(GetErrorCode(partition.DeleteRecords(6).status()) == ErrorCode::kOffsetOutOfRange);
  CHECK(GetErrorCode(partition.DeleteRecords(-2).status()) == ErrorCode::kOffsetOutOfRange);
  TopicOptions compacted = kSmall;
  compacted.config["cleanup.policy"] = "compact";
  Partition table = Filled(world, "table", 5, compacted);
  CHECK(GetErrorCode(table.DeleteRecords(2).status()) == ErrorCode::kPolicyViolation);
  CHECK(*table.log_start_offset() == 0);
}

TEST_CASE("records of several partitions are deleted at once, each with its own answer", "[broker][delete_records]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Filled(world, "orders", 30);
  Filled(world, "bills", 30);
  auto starts = broker.DeleteRecords({{{"orders", 0}, 10}, {{"bills", 0}, 99}, {{"none", 0}, 1}});
  REQUIRE_OK(starts);
  CHECK(starts->at({"orders", 0}).value() == 10);
  CHECK(GetErrorCode(starts->at({"bills", 0}).status()) == ErrorCode::kOffsetOutOfRange);
  CHECK(GetErrorCode(starts->at({"none", 0}).status()) == ErrorCode::kUnknownTopicOrPartition);
  BrokerWorld after({}, world.AfterKill());
  CHECK(*PartitionOf(*after.Open().FindTopic("orders")).log_start_offset() == 10);
}

}  // namespace
}  // namespace moldau::test
