#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;

using Source = TopicConfigEntry::Source;

ErrorCode CodeOf(const absl::Status& status) { return GetErrorCode(status); }

TopicConfigEntry ConfigOf(const Broker& broker, std::string_view topic, std::string_view name) {
  const auto described = broker.DescribeTopic(topic);
  REQUIRE_OK(described);
  for (const TopicConfigEntry& entry : described->config) {
    if (entry.name == name) return entry;
  }
  FAIL("no configuration " << name);
  return {};
}

TEST_CASE("a topic that was created is found, listed and described", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic created = world.Create("orders", {.partitions = 3, .config = {{"retention.ms", "60000"}}});
  const auto found = broker.FindTopic("orders");
  REQUIRE_OK(found);
  CHECK(found->name() == "orders");
  CHECK(found->id() == created.id());
  CHECK_FALSE(found->id().is_zero());
  CHECK(found->partition_count() == 3);
  CHECK(found->durability() == Durability::kFlushed);
  CHECK(broker.ListTopics() == Strings{"orders"});
  const auto described = broker.DescribeTopic("orders");
  REQUIRE_OK(described);
  CHECK(described->partition_count == 3);
  CHECK_FALSE(described->internal);
  CHECK(ConfigOf(broker, "orders", "retention.ms").value == "60000");
  CHECK(ConfigOf(broker, "orders", "retention.ms").source == Source::kTopic);
}

TEST_CASE("topics, ids and configuration are there again after a restart", "[broker][topics]") {
  BrokerWorld world;
  world.Open();
  const Uuid id = world.Create("orders", {.partitions = 3, .durability = Durability::kBuffered}).id();
  world.Create("audit", {.config = {{"retention.bytes", "1000"}}});
  REQUIRE_OK(world.broker().AlterTopicConfig("audit", {{"retention.bytes", std::nullopt}, {"segment.ms", "5000"}}));
  const Uuid cluster = world.broker().cluster_id();

  Broker& broker = world.Reopen();
  CHECK(broker.cluster_id() == cluster);
  CHECK(broker.ListTopics() == Strings{"audit", "orders"});
  const auto orders = broker.FindTopic("orders");
  REQUIRE_OK(orders);
  CHECK(orders->id() == id);
  CHECK(orders->partition_count() == 3);
  CHECK(orders->durability() == Durability::kBuffered);
  CHECK(ConfigOf(broker, "audit", "retention.bytes").source == Source::kDefault);
  CHECK(ConfigOf(broker, "audit", "segment.ms").value == "5000");
}

TEST_CASE("a topic that was created survives a power cut at once", "[broker][topics]") {
  BrokerWorld world;
  world.Open();
  world.Create("orders", {.partitions = 2});
  BrokerWorld after({}, world.AfterPowerCut());
  CHECK(after.Open().ListTopics() == Strings{"orders"});
}

TEST_CASE("a topic's name must follow the rule, or nothing reaches the disk", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const uint64_t operations = world.disk().operation_count();
  const auto name = GENERATE(std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
                             std::string("a\0b", 3), std::string("../../etc"), std::string(250, 'x'));
  const absl::Status status = broker.CreateTopic(name).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(CodeOf(status) == ErrorCode::kInvalidTopic);
  CHECK_THAT(std::string(status.message()), Contains("1 to 249 characters of [a-zA-Z0-9._-]"));
  CHECK(broker.ListTopics(true).empty());
  CHECK(world.disk().operation_count() == operations);
}

TEST_CASE("the longest name is a name", "[broker][topics]") {
  BrokerWorld world;
  CHECK_OK(world.Open().CreateTopic(std::string(249, 'x')));
}

TEST_CASE("names that moldau keeps for itself cannot be created, deleted or grown", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  for (const char* name : {"__cluster_metadata", "__consumer_offsets"}) {
    CHECK(CodeOf(broker.CreateTopic(name).status()) == ErrorCode::kInvalidTopic);
  }
  CHECK(CodeOf(broker.DeleteTopic("__cluster_metadata")) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("every problem of a new topic is named at once", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const uint64_t operations = world.disk().operation_count();
  const absl::Status status = broker
                                  .CreateTopic("a/b", {.partitions = 0,
                                                       .durability = Durability::kBuffered,
                                                       .config = {{"flush.messages", "1"},
                                                                  {"retention.ms", "soon"},
                                                                  {"segment.bytes", "10"},
                                                                  {"no.such.name", "1"}}})
                                  .status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  for (const char* part : {"a/b", "0 partitions", "between 1 and 100000", "flush.messages=1 contradicts",
                           "retention.ms=soon", "segment.bytes=10", "4096", "no.such.name"}) {
    CHECK_THAT(std::string(status.message()), Contains(part));
  }
  CHECK(broker.ListTopics(true).empty());
  CHECK(world.disk().operation_count() == operations);
}

TEST_CASE("the number of partitions has limits", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  CHECK(CodeOf(broker.CreateTopic("t", {.partitions = 0}).status()) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(broker.CreateTopic("t", {.partitions = -1}).status()) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(broker.CreateTopic("t", {.partitions = 100'001}).status()) == ErrorCode::kInvalidPartitions);
}

TEST_CASE("a topic with the most partitions fits its log", "[broker][topics]") {
  BrokerWorld world;
  world.Open();
  world.Create("wide", {.partitions = 100'000});
  CHECK(world.Reopen().FindTopic("wide")->partition_count() == 100'000);
}

TEST_CASE("a name is taken once", "[broker][topics]") {
  BrokerWorld world;
  world.Open();
  world.Create("orders");
  const absl::Status status = world.broker().CreateTopic("orders").status();
  CHECK(status.code() == absl::StatusCode::kAlreadyExists);
  CHECK(CodeOf(status) == ErrorCode::kTopicAlreadyExists);
}

TEST_CASE("opening a topic creates it, and finds it again", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const TopicOptions options{
      .partitions = 4, .durability = Durability::kBuffered, .config = {{"segment.bytes", "65536"}}};
  const auto first = broker.OpenTopic("orders", options);
  REQUIRE_OK(first);
  CHECK(first->partition_count() == 4);
  CHECK(broker.OpenTopic("orders", options)->id() == first->id());
  CHECK(broker.OpenTopic("orders")->id() == first->id());
}

TEST_CASE("opening a topic with other options than it has names each contradiction", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  world.Create("orders", {.partitions = 4});
  const absl::Status status =
      broker
          .OpenTopic("orders",
                     {.partitions = 5, .durability = Durability::kBuffered, .config = {{"retention.ms", "1"}}})
          .status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  for (const char* part :
       {"4 partitions, not 5", "moldau.durability=flushed, not buffered", "retention.ms=604800000, not 1"}) {
    CHECK_THAT(std::string(status.message()), Contains(part));
  }
  CHECK(CodeOf(broker.OpenTopic("orders", {.config = {{"nonsense", "1"}}}).status()) == ErrorCode::kInvalidConfig);
  CHECK_OK(broker.OpenTopic("orders", {.config = {{"flush.messages", "1"}}}));
}

TEST_CASE("an unknown topic or partition is named with what there is", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic topic = world.Create("orders", {.partitions = 2});
  for (const absl::Status& status :
       {broker.FindTopic("nosuch").status(), broker.DescribeTopic("nosuch").status(), broker.DeleteTopic("nosuch"),
        broker.AddPartitions("nosuch", 2), broker.AlterTopicConfig("nosuch", {})}) {
    CHECK(status.code() == absl::StatusCode::kNotFound);
    CHECK(CodeOf(status) == ErrorCode::kUnknownTopicOrPartition);
    CHECK_THAT(std::string(status.message()), Contains("nosuch"));
  }
  for (const int32_t id : {-1, 2}) {
    const absl::Status status = topic.partition(id).status();
    CHECK(status.code() == absl::StatusCode::kNotFound);
    CHECK(CodeOf(status) == ErrorCode::kUnknownTopicOrPartition);
    CHECK_THAT(std::string(status.message()), Contains("0 to 1"));
  }
}

TEST_CASE("partitions can be added, not taken away, and handles see them", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic topic = world.Create("orders", {.partitions = 2});
  CHECK(CodeOf(broker.AddPartitions("orders", 2)) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(broker.AddPartitions("orders", 1)) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(broker.AddPartitions("orders", 100'001)) == ErrorCode::kInvalidPartitions);
  REQUIRE_OK(broker.AddPartitions("orders", 5));
  CHECK(topic.partition_count() == 5);
  Partition last = PartitionOf(topic, 4);
  AppendDurably(last, "here");
  CHECK(world.Reopen().FindTopic("orders")->partition_count() == 5);
  CHECK(ValuesOf(*world.broker().FindTopic("orders"), 4) == Strings{"here"});
}

TEST_CASE("a configuration that is altered takes effect with the next append", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const std::string value(500, 'x');
  CHECK_OK(partition.Append({.value = value}));
  REQUIRE_OK(broker.AlterTopicConfig("orders", {{"max.message.bytes", "300"}}));
  const absl::Status status = partition.Append({.value = value}).status();
  CHECK(CodeOf(status) == ErrorCode::kMessageTooLarge);
  CHECK_THAT(std::string(status.message()), Contains("300"));
  REQUIRE_OK(broker.AlterTopicConfig("orders", {{"max.message.bytes", std::nullopt}}));
  CHECK_OK(partition.Append({.value = value}));
}

TEST_CASE("a wrong alteration changes nothing", "[broker][topics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  world.Create("orders");
  const absl::Status status =
      broker.AlterTopicConfig("orders", {{"retention.ms", "1000"}, {"segment.bytes", "-4"}, {"what", "1"}});
  CHECK(CodeOf(status) == ErrorCode::kInvalidConfig);
  CHECK_THAT(std::string(status.message()), Contains("segment.bytes=-4") && Contains("what"));
  CHECK(ConfigOf(broker, "orders", "retention.ms").source == Source::kDefault);
  CHECK(ConfigOf(broker, "orders", "segment.bytes").source == Source::kDefault);
  CHECK(CodeOf(broker.AlterTopicConfig("orders", {{"moldau.durability", "buffered"}})) == ErrorCode::kInvalidConfig);
}

TEST_CASE("topics follow the broker's defaults where they say nothing themselves", "[broker][topics]") {
  BrokerWorld world({.topic_defaults = {{"moldau.durability", "buffered"}, {"segment.bytes", "8192"}}});
  world.Open();
  CHECK(world.Create("plain").durability() == Durability::kBuffered);
  CHECK(world.Create("own", {.durability = Durability::kFlushed}).durability() == Durability::kFlushed);
  CHECK(ConfigOf(world.broker(), "own", "segment.bytes").value == "8192");
  CHECK(ConfigOf(world.broker(), "own", "segment.bytes").source == Source::kBroker);
}

}  // namespace
}  // namespace moldau::test
