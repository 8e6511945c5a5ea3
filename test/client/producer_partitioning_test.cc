#include <map>
#include <set>
#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("records with a key go to the key's partition, those that name one go there", "[client][producer]") {
  World world;
  world.Create("orders", 7);
  Producer producer(*world.broker);
  for (const char* key : {"", "alice", "bob", "order-42"}) {
    CHECK(Sent(producer, "orders", {.key = key, .value = "v"}).partition() == PartitionForKey(key, 7));
    CHECK(Sent(producer, "orders", {.key = key, .value = "v", .partition = 3}).partition() == 3);
  }
}

TEST_CASE("records without a key fill a batch of one partition, then one of the next", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 3);
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 1024});
  const std::string value(100, 'x');
  std::vector<int32_t> runs;  // partitions in the order of their turns
  std::vector<int> lengths;
  for (int i = 0; i < 96; ++i) {
    const int32_t partition = Sent(producer, "orders", {.value = value}).partition();
    if (runs.empty() || runs.back() != partition) {
      runs.push_back(partition);
      lengths.push_back(0);
    }
    ++lengths.back();
  }
  // Eight to a batch, and the one that found it full.
  CHECK(std::set<int32_t>(runs.begin(), runs.begin() + 3) == std::set<int32_t>{0, 1, 2});
  for (size_t i = 3; i < runs.size(); ++i) CHECK(runs[i] == runs[i - 3]);
  for (size_t i = 1; i + 1 < lengths.size(); ++i) CHECK(lengths[i] == 8);
}

TEST_CASE("a host's own partitioner decides, and may leave it to Kafka's", "[client][producer]") {
  World world;
  world.Create("orders", 4);
  Producer producer(*world.broker, {.partitioner = [](std::string_view topic, const Record& record, int32_t count) {
    CHECK(topic == "orders");
    CHECK(count == 4);
    return record.key == "vip" ? 3 : record.key == "lost" ? 9 : kAnyPartition;
  }});
  CHECK(Sent(producer, "orders", {.key = "vip", .value = "v"}).partition() == 3);
  CHECK(Sent(producer, "orders", {.key = "vip", .value = "v", .partition = 0}).partition() == 0);
  CHECK(Sent(producer, "orders", {.key = "alice", .value = "v"}).partition() == PartitionForKey("alice", 4));
  const auto lost = producer.Send("orders", {.key = "lost", .value = "v"});
  CHECK(absl::IsNotFound(lost.status()));
  CHECK(GetErrorCode(lost.status()) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("partitions that are added are used", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1);
  Producer producer(*world.broker, {.linger = 0ms});
  Send(producer, "orders", {.key = "alice", .value = "before"});
  CHECK(absl::IsNotFound(producer.Send("orders", {.value = "v", .partition = 4}).status()));
  REQUIRE_OK(world.broker->AddPartitions("orders", 5));
  CHECK(Sent(producer, "orders", {.value = "v", .partition = 4}).partition() == 4);
  CHECK(Sent(producer, "orders", {.key = "alice", .value = "v"}).partition() == PartitionForKey("alice", 5));
  std::set<int32_t> used;
  for (int i = 0; i < 10; ++i) used.insert(Sent(producer, "orders", {.value = "v"}).partition());
  CHECK(used.size() == 5);
}

TEST_CASE("a partition that a topic does not have is refused with those that it has", "[client][producer]") {
  World world;
  world.Create("orders", 2);
  Producer producer(*world.broker);
  const auto refused = producer.Send("orders", {.value = "v", .partition = 2});
  CHECK(absl::IsNotFound(refused.status()));
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(refused.status().message() == "topic orders: has partitions 0 to 1, not 2");
  CHECK(absl::IsNotFound(producer.Send("orders", {.value = "v", .partition = -7}).status()));
}

}  // namespace
}  // namespace moldau
