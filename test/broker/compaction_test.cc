// Compaction as the broker drives it: in the background, a step at a time, for the topics that ask for it.
#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

const TopicOptions kTable{.durability = Durability::kBuffered,
                          .config = {{"cleanup.policy", "compact"}, {"segment.bytes", "65536"}}};

// Writes `rounds` times ten keys.
void Update(Partition& partition, int rounds) {
  for (int i = 0; i < rounds * 10; ++i) {
    const std::string key = std::to_string(i % 10);
    REQUIRE_OK(partition.Append({.key = key, .value = std::string(1000, 'v')}));
  }
}

TEST_CASE("a compacted topic stays small by itself", "[broker][compaction]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("table", kTable));
  Update(partition, 200);
  REQUIRE(*partition.size_bytes() > 2'000'000);
  for (int i = 0; i < 20; ++i) world.Pass(15s);
  CHECK(*partition.size_bytes() < 100'000);
  CHECK(*partition.log_start_offset() == 0);
  CHECK(partition.Describe()->cleaned_offset > 1900);
  CHECK(ValuesOf(partition).size() < 100);
  world.Reopen();
  partition = PartitionOf(*world.broker().FindTopic("table"));
  CHECK(partition.Describe()->cleaned_offset > 1900);
}

TEST_CASE("a topic that nobody has used since the broker opened is compacted, too", "[broker][compaction]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("table", kTable));
  Update(partition, 100);
  world.Reopen();
  for (int i = 0; i < 20; ++i) world.Pass(15s);
  CHECK(world.Names(".log", "data/table-0").size() <= 3);
}

TEST_CASE("compaction reads no more in a second than it may", "[broker][compaction]") {
  BrokerWorld world({.compaction_bytes_per_second = uint64_t{1} << 20});
  world.Open();
  Partition partition = PartitionOf(world.Create("table", kTable));
  Update(partition, 400);  // 4 MB, read twice
  world.Pass(15s);
  world.Pass(3s);
  CHECK(partition.Describe()->cleaned_offset == 0);
  for (int i = 0; i < 120; ++i) world.Pass(1s);
  CHECK(partition.Describe()->cleaned_offset > 3900);
}

TEST_CASE("a compacted topic wants a key from everyone", "[broker][compaction]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("table", kTable));
  CHECK(GetErrorCode(partition.Append({.value = "v"}).status()) == ErrorCode::kInvalidRecord);
  CHECK(GetErrorCode(partition.BeginClaim(std::nullopt, 10).status()) == ErrorCode::kInvalidRecord);
  REQUIRE_OK(partition.Append({.key = "k", .value = "v"}));
}

TEST_CASE("a topic becomes compacted by its configuration", "[broker][compaction]") {
  BrokerWorld world;
  world.Open();
  TopicOptions options = kTable;
  options.config["cleanup.policy"] = "delete";
  Partition partition = PartitionOf(world.Create("table", options));
  Update(partition, 100);
  for (int i = 0; i < 4; ++i) world.Pass(15s);
  CHECK(partition.Describe()->cleaned_offset == 0);
  REQUIRE_OK(world.broker().AlterTopicConfig("table", {{"cleanup.policy", "compact,delete"}}));
  for (int i = 0; i < 10; ++i) world.Pass(15s);
  CHECK(partition.Describe()->cleaned_offset > 900);
}

}  // namespace
}  // namespace moldau::test
