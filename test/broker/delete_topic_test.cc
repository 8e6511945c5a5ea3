#include <map>

#include "broker/access.h"
#include "broker/core.h"
#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

// Commits from outside the group, as administrators do.
void CommitOffset(const Broker& broker, const std::string& topic, int64_t offset) {
  protocol::OffsetCommitRequest request;
  request.group_id = "baristas";
  request.topics.push_back({.name = topic, .partitions = {{.partition_index = 0, .committed_offset = offset}}});
  const auto response = broker::Access::core(broker)->groups().Commit(request).response;
  REQUIRE(response.topics.at(0).partitions.at(0).error_code == ErrorCode::kNone);
}

std::map<std::string, int64_t> CommittedIn(const Broker& broker) {
  protocol::OffsetFetchRequest request;
  request.group_id = "baristas";
  request.topics = std::nullopt;  // all
  std::map<std::string, int64_t> committed;
  for (const auto& topic : broker::Access::core(broker)->groups().Fetch(request).topics) {
    committed[topic.name] = topic.partitions.at(0).committed_offset;
  }
  return committed;
}

TEST_CASE("a deleted topic is gone, its files too", "[broker][delete]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic topic = world.Create("orders", {.partitions = 2});
  Partition partition = PartitionOf(topic);
  AppendDurably(partition, "one");
  REQUIRE(world.Names("orders") == Strings{"orders-0"});
  REQUIRE_OK(broker.DeleteTopic("orders"));
  CHECK(broker.ListTopics().empty());
  CHECK(broker.FindTopic("orders").status().code() == absl::StatusCode::kNotFound);
  world.Settle();
  CHECK(world.Names("orders").empty());
  CHECK(world.Reopen().ListTopics().empty());
}

TEST_CASE("handles of a deleted topic answer not found, records that were read stay", "[broker][delete]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  const auto records = partition.Read(0);
  REQUIRE_OK(records);
  REQUIRE_OK(world.broker().DeleteTopic("orders"));
  world.Settle();
  CHECK(ValuesIn(*records) == Strings{"one"});
  for (const absl::Status& status :
       {partition.Append({.value = "x"}).status(), partition.Read(0).status(), partition.Flush(), partition.Trim(0)}) {
    CHECK(status.code() == absl::StatusCode::kNotFound);
    CHECK(GetErrorCode(status) == ErrorCode::kUnknownTopicOrPartition);
  }
}

TEST_CASE("a topic made again under the name of a deleted one is empty", "[broker][delete]") {
  BrokerWorld world;
  world.Open();
  const Topic old = world.Create("orders");
  Partition partition = PartitionOf(old);
  AppendDurably(partition, "old");
  REQUIRE_OK(world.broker().DeleteTopic("orders"));
  const Topic topic = world.Create("orders");
  CHECK(topic.id() != old.id());
  CHECK(ValuesOf(topic).empty());
  Partition again = PartitionOf(topic);
  CHECK(AppendDurably(again, "new") == 0);
  world.Reopen();
  CHECK(ValuesOf(*world.broker().FindTopic("orders")) == Strings{"new"});
}

TEST_CASE("committed offsets of a deleted topic do not reach its successor", "[broker][delete]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  world.Create("orders");
  world.Create("audit");
  CommitOffset(broker, "orders", 7);
  CommitOffset(broker, "audit", 9);
  REQUIRE_OK(broker.DeleteTopic("orders"));
  world.Create("orders");
  const std::map<std::string, int64_t> left = {{"audit", 9}};
  CHECK(CommittedIn(broker) == left);
  CHECK(CommittedIn(world.Reopen()) == left);
}

TEST_CASE("the offsets topic itself cannot be deleted or grown", "[broker][delete]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  world.Create("orders");
  CommitOffset(broker, "orders", 7);
  CHECK(broker.ListTopics() == Strings{"orders"});
  CHECK(broker.ListTopics(true) == Strings{"__consumer_offsets", "orders"});
  CHECK(GetErrorCode(broker.DeleteTopic("__consumer_offsets")) == ErrorCode::kInvalidTopic);
  CHECK(GetErrorCode(broker.AddPartitions("__consumer_offsets", 60)) == ErrorCode::kInvalidTopic);
}

// Each operation of the deletion is the last one before the power goes; whatever the disk keeps, the topic is either
// there with its record or gone for good, and its name can be used again.
TEST_CASE("a power cut anywhere in a deletion leaves the topic whole or gone", "[broker][delete][crash][L14]") {
  BrokerWorld probe;
  const auto prepare = [](BrokerWorld& world) {
    world.Open();
    Partition partition = PartitionOf(world.Create("orders"));
    AppendDurably(partition, "one");
  };
  prepare(probe);
  const uint64_t before = probe.disk().operation_count();
  REQUIRE_OK(probe.broker().DeleteTopic("orders"));
  probe.Settle();
  const uint64_t operations = probe.disk().operation_count() - before;
  REQUIRE(operations > 5);

  Random random(1);
  int whole = 0;
  int gone = 0;
  for (uint64_t at = 1; at <= operations; ++at) {
    BrokerWorld world;
    prepare(world);
    const uint64_t crash_at = world.disk().operation_count() + at;
    std::vector<std::unique_ptr<storage::MemoryStorage>> images;
    world.disk().SetHook([&](const storage::Operation& operation) {
      if (operation.number != crash_at) return absl::OkStatus();
      for (int i = 0; i < 4; ++i) images.push_back(world.disk().CrashImage(world.disk().RandomPlan(random)));
      return absl::OkStatus();
    });
    REQUIRE_OK(world.broker().DeleteTopic("orders"));
    world.Settle();
    world.disk().SetHook(nullptr);
    REQUIRE_FALSE(images.empty());
    for (auto& image : images) {
      BrokerWorld after({}, std::move(image));
      Broker& broker = after.Open();
      after.Settle();
      if (const auto topic = broker.FindTopic("orders"); topic.ok()) {
        ++whole;
        CHECK(ValuesOf(*topic) == Strings{"one"});
      } else {
        ++gone;
        CHECK(after.Names("orders").empty());
        CHECK(ValuesOf(after.Create("orders")).empty());
      }
    }
  }
  CHECK(whole > 0);
  CHECK(gone > 0);
}

TEST_CASE("what somebody else put into a topic's directory is not removed with it", "[broker][delete]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "one");
  REQUIRE_OK(world.disk().Open("data/orders-0/notes.txt", storage::OpenMode::kCreate));
  REQUIRE_OK(world.broker().DeleteTopic("orders"));
  world.Settle();
  const Strings left = world.Names("orders-0.");
  REQUIRE(left.size() == 1);
  CHECK(world.Names("", "data/" + left[0]) == Strings{"notes.txt"});
  CHECK(world.HasMessage("notes.txt"));
  CHECK_OK(world.broker().CreateTopic("orders"));
}

}  // namespace
}  // namespace moldau::test
