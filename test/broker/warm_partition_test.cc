// Partitions that are written through a mapping: what lies behind their end, and what a flush of them is worth.
#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

const TopicOptions kBuffered{.config = {{"moldau.durability", "buffered"}, {"segment.bytes", "65536"}}};

std::string Value(int number) { return std::to_string(number) + std::string(900, 'v'); }

// Batches of ten, until there are three segments; returns what was appended.
Strings FillSegments(Partition& partition) {
  Strings values;
  while (partition.Describe()->segment_count < 3) {
    Strings batch;
    for (int i = 0; i < 10; ++i) batch.push_back(Value(static_cast<int>(values.size()) + i));
    std::vector<Record> records;
    for (const std::string& value : batch) records.push_back({.value = value});
    REQUIRE_OK(partition.Append(records));
    values.insert(values.end(), batch.begin(), batch.end());
  }
  return values;
}

TEST_CASE("a batch that did not fit into its segment leaves nothing there that recovery could stumble over",
          "[broker][recovery][L5]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  REQUIRE_OK(partition.Prepare(1));
  const Strings values = FillSegments(partition);  // and nothing has trimmed those that are full
  BrokerWorld after({}, world.AfterKill());
  after.Open();
  CHECK(after.broker().recovery().refused.empty());
  CHECK(ValuesOf(*after.broker().FindTopic("orders")) == values);

  REQUIRE_OK(world.broker().Flush());
  BrokerWorld cut({}, world.AfterPowerCut());
  cut.Open();
  CHECK(ValuesOf(*cut.broker().FindTopic("orders")) == values);
}

TEST_CASE("a flush covers a partition that has cooled down and was warmed again", "[broker][durability]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  Strings values;
  const auto append = [&] {
    REQUIRE_OK(partition.Prepare(1));
    for (int i = 0; i < 10; ++i) {
      values.push_back(Value(static_cast<int>(values.size())));
      Put(partition, values.back());
    }
    REQUIRE_OK(partition.Flush());
  };
  append();
  for (int i = 0; i < 3; ++i) world.Pass(world.options().cool_down_interval);
  append();
  BrokerWorld after({}, world.AfterPowerCut());
  after.Open();
  CHECK(ValuesOf(*after.broker().FindTopic("orders")) == values);
}

TEST_CASE("flush.ms bounds how long a buffered record is not durable", "[broker][durability]") {
  BrokerWorld world;
  world.Open();
  TopicOptions options = kBuffered;
  options.config["flush.ms"] = "200";
  Partition partition = PartitionOf(world.Create("orders", options));
  Put(partition, "one");
  world.Pass(199ms);
  BrokerWorld before({}, world.AfterPowerCut());
  before.Open();
  CHECK(ValuesOf(*before.broker().FindTopic("orders")).empty());
  world.Pass(1ms);
  Put(partition, "two");
  BrokerWorld after({}, world.AfterPowerCut());
  after.Open();
  CHECK(ValuesOf(*after.broker().FindTopic("orders")) == Strings{"one"});
  world.Pass(200ms);
  BrokerWorld later({}, world.AfterPowerCut());
  later.Open();
  CHECK(ValuesOf(*later.broker().FindTopic("orders")) == Strings{"one", "two"});
}

TEST_CASE("segments that were prepared for another segment.bytes are given back to the disk", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  REQUIRE_OK(partition.Prepare(3 << 16));
  REQUIRE(world.Names(".prepared", "data/orders-0").size() >= 2);
  REQUIRE_OK(world.broker().AlterTopicConfig("orders", {{"segment.bytes", "131072"}}));
  Put(partition, "one");
  REQUIRE_OK(partition.Roll());
  Put(partition, "two");
  CHECK(world.Names(".prepared", "data/orders-0").empty());
  CHECK(ValuesOf(partition) == Strings{"one", "two"});
}

TEST_CASE("what would shrink so much that no reader takes it is refused, not acknowledged", "[broker][partition]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", {.config = {{"compression.type", "zstd"}}}));
  const std::string equal(size_t{17} << 20, 'x');
  const absl::Status refused = partition.Append({.value = equal}).status();
  CHECK(refused.code() == absl::StatusCode::kInvalidArgument);
  CHECK(GetErrorCode(refused) == ErrorCode::kMessageTooLarge);
  AppendDurably(partition, std::string_view(equal).substr(0, 1 << 20));
  CHECK(ValuesOf(partition) == Strings{equal.substr(0, 1 << 20)});
}

}  // namespace
}  // namespace moldau::test
