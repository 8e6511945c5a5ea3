// What every back end owes an administrator of topics.
#include "contract/clients.h"

namespace moldau::contract {
namespace {

std::string ConfigOf(const TopicDescription& topic, std::string_view name) {
  for (const TopicConfigEntry& entry : topic.config) {
    if (entry.name == name) return entry.value;
  }
  return "(unknown)";
}

TEST_CASE("a topic is as it was asked for, and listed until it is deleted", "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    REQUIRE_OK(environment.CreateTopic("orders", {.partitions = 3, .config = {{"retention.ms", "3600000"}}}));
    REQUIRE_OK(environment.CreateTopic("bills", {}));
    CHECK((environment.ListTopics().value() == Strings{"bills", "orders"}));

    const auto orders = environment.DescribeTopic("orders");
    REQUIRE_OK(orders);
    CHECK(orders->name == "orders");
    CHECK_FALSE(orders->id.is_zero());
    CHECK_FALSE(orders->internal);
    CHECK(orders->partition_count == 3);
    CHECK(ConfigOf(*orders, "retention.ms") == "3600000");
    CHECK(ConfigOf(*orders, "compression.type") == "producer");
    CHECK(environment.DescribeTopic("bills")->partition_count == 1);

    REQUIRE_OK(environment.DeleteTopic("orders"));
    CHECK((environment.ListTopics().value() == Strings{"bills"}));
    CHECK(CodeOf(environment.DescribeTopic("orders")) == ErrorCode::kUnknownTopicOrPartition);
  });
}

TEST_CASE("a topic that is made again under its old name is another one, and empty", "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Send(environment, {"old"});
    const Uuid old = environment.DescribeTopic("orders")->id;
    REQUIRE_OK(environment.DeleteTopic("orders"));
    Create(environment, "orders");
    CHECK(environment.DescribeTopic("orders")->id != old);
    Send(environment, {"new"});
    Consumer consumer = Subscribed(environment);
    CHECK((ReadValues(consumer, 1) == Strings{"new"}));
  });
}

TEST_CASE("what is sent to a topic that has been deleted is refused, at the latest by its receipt",
          "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Producer producer = MakeProducer(environment);
    SendOne(producer, "orders", {.value = "espresso"});
    REQUIRE_OK(environment.DeleteTopic("orders"));
    const auto more = producer.Send("orders", {.value = "more"});
    CHECK(CodeOf(more.ok() ? more->Wait() : more.status()) == ErrorCode::kUnknownTopicOrPartition);
  });
}

TEST_CASE("configuration is changed and put back, all of it or nothing", "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    const auto config = [&](std::string_view name) { return ConfigOf(*environment.DescribeTopic("orders"), name); };
    const std::string retention = config("retention.ms");
    REQUIRE_OK(environment.AlterTopicConfig("orders", {{"retention.ms", "1000"}, {"max.message.bytes", "5000"}}));
    CHECK(config("retention.ms") == "1000");
    Producer producer = MakeProducer(environment);
    const std::string large(6000, 'x');
    CHECK(CodeOf(producer.Send("orders", {.value = large})) == ErrorCode::kMessageTooLarge);

    CHECK(CodeOf(environment.AlterTopicConfig("orders", {{"retention.ms", "2000"}, {"max.message.bytes", "many"}})) ==
          ErrorCode::kInvalidConfig);
    CHECK(config("retention.ms") == "1000");
    REQUIRE_OK(
        environment.AlterTopicConfig("orders", {{"retention.ms", std::nullopt}, {"max.message.bytes", std::nullopt}}));
    CHECK(config("retention.ms") == retention);
    SendOne(producer, "orders", {.value = large});
  });
}

TEST_CASE("partitions are added, never taken away", "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Producer producer = MakeProducer(environment);
    SendOne(producer, "orders", {.value = "old", .partition = 1});
    REQUIRE_OK(environment.AddPartitions("orders", 5));
    CHECK(environment.DescribeTopic("orders")->partition_count == 5);
    SendOne(producer, "orders", {.value = "new", .partition = 4});
    Consumer consumer = Subscribed(environment);
    CHECK((Sorted(ReadValues(consumer, 2)) == Strings{"new", "old"}));
    for (const int32_t total : {5, 1, 0, -1}) {
      CHECK(CodeOf(environment.AddPartitions("orders", total)) == ErrorCode::kInvalidPartitions);
    }
  });
}

TEST_CASE("what an administrator cannot have is refused with Kafka's code, and changes nothing", "[contract][admin]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    CHECK(CodeOf(environment.CreateTopic("orders", {})) == ErrorCode::kTopicAlreadyExists);
    for (const char* name : {"", ".", "..", "a/b", "a b", "größe"}) {
      CHECK(CodeOf(environment.CreateTopic(name, {})) == ErrorCode::kInvalidTopic);
    }
    CHECK(CodeOf(environment.CreateTopic(std::string(250, 'x'), {})) == ErrorCode::kInvalidTopic);
    CHECK(CodeOf(environment.CreateTopic("more", {.partitions = 0})) == ErrorCode::kInvalidPartitions);
    CHECK(CodeOf(environment.CreateTopic("more", {.config = {{"retention.ms", "soon"}}})) == ErrorCode::kInvalidConfig);
    CHECK(CodeOf(environment.CreateTopic("more", {.config = {{"no.such.name", "1"}}})) == ErrorCode::kInvalidConfig);
    CHECK(CodeOf(environment.DeleteTopic("nowhere")) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(CodeOf(environment.AddPartitions("nowhere", 3)) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(CodeOf(environment.AlterTopicConfig("nowhere", {{"retention.ms", "1"}})) ==
          ErrorCode::kUnknownTopicOrPartition);
    CHECK((environment.ListTopics().value() == Strings{"orders"}));
  });
}

}  // namespace
}  // namespace moldau::contract
