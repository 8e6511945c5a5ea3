// What every back end owes a Producer.
#include <atomic>
#include <memory>

#include "contract/clients.h"

namespace moldau::contract {
namespace {

TEST_CASE("a record comes back as it was sent, with its time, its headers and its place", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 3);
    Producer producer = MakeProducer(environment);
    const Header headers[] = {{"trace", "a1"}, {"trace", "a2"}, {"empty", ""}, {"none", std::nullopt}};
    const Timestamp time = environment.Now() - 5min;
    const Receipt receipt =
        Sent(producer, "orders",
             {.key = "alice", .value = "espresso", .headers = headers, .timestamp = time, .partition = 2});
    CHECK(receipt.partition() == 2);
    CHECK(receipt.offset() == 0);

    Consumer consumer = Subscribed(environment);
    const auto all = Read(consumer, 1);
    REQUIRE(all.size() == 1);
    CHECK(all[0].partition == TopicPartition{"orders", 2});
    CHECK(all[0].offset == 0);
    CHECK(all[0].key == "alice");
    CHECK(all[0].value == "espresso");
    CHECK(all[0].timestamp == time);
    CHECK(all[0].headers == std::vector<std::pair<std::string, Text>>{
                                {"trace", "a1"}, {"trace", "a2"}, {"empty", ""}, {"none", std::nullopt}});
  });
}

TEST_CASE("a record without a time gets that of its appending", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    const Timestamp before = environment.Now();
    Send(environment, {"espresso"});
    const Timestamp after = environment.Now();
    Consumer consumer = Subscribed(environment);
    const auto all = Read(consumer, 1);
    CHECK(all[0].timestamp >= before);
    CHECK(all[0].timestamp <= after);
  });
}

TEST_CASE("nothing and the empty text are told apart, in keys and in values", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Producer producer = MakeProducer(environment);
    const Text texts[] = {std::nullopt, "", "text"};
    for (const Text& key : texts) {
      for (const Text& value : texts) SendOne(producer, "orders", {.key = key, .value = value});
    }
    Consumer consumer = Subscribed(environment);
    const auto all = Read(consumer, 9);
    REQUIRE(all.size() == 9);
    for (size_t i = 0; i < 9; ++i) {
      CHECK(all[i].key == texts[i / 3]);
      CHECK(all[i].value == texts[i % 3]);
    }
  });
}

TEST_CASE("a value may hold any bytes, and many", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    std::string value(500'000, '\0');
    for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 + i / 256);
    Producer producer = MakeProducer(environment);
    SendOne(producer, "orders", {.value = value});
    Consumer consumer = Subscribed(environment);
    CHECK((ReadValues(consumer, 1) == Strings{value}));
  });
}

TEST_CASE("the records of a key are in one partition, the one that Kafka's own clients choose",
          "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 7);
    Producer producer = MakeProducer(environment);
    for (const char* key : {"alice", "bob", "carol", "dave", ""}) {
      for (int i = 0; i < 2; ++i) {
        CHECK(Sent(producer, "orders", {.key = key, .value = "v"}).partition() == PartitionForKey(key, 7));
      }
    }
    CHECK(Sent(producer, "orders", {.key = "alice", .value = "v", .partition = 6}).partition() == 6);
  });
}

TEST_CASE("what one thread sends to a partition is appended in that order, whatever the batches",
          "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders", 2);
    Producer producer = MakeProducer(environment, {.batch_size_bytes = 1024});
    std::vector<std::pair<Receipt, int32_t>> sent;
    Strings expected[2];
    for (int i = 0; i < 300; ++i) {
      const int32_t partition = i % 3 == 0 ? 1 : 0;
      const std::string& value = expected[partition].emplace_back(std::to_string(i));
      auto receipt = producer.Send("orders", {.value = value, .partition = partition});
      REQUIRE_OK(receipt);
      sent.emplace_back(*std::move(receipt), partition);
    }
    REQUIRE_OK(producer.Flush());
    int64_t next[2] = {0, 0};
    for (const auto& [receipt, partition] : sent) {
      REQUIRE(receipt.done());
      CHECK(receipt.status().ok());
      CHECK(receipt.partition() == partition);
      CHECK(receipt.offset() == next[partition]++);
    }
    Consumer consumer = Subscribed(environment);
    Strings values[2];
    for (const Received& received : Read(consumer, 300)) {
      values[received.partition.partition].push_back(received.value.value());
    }
    CHECK(values[0] == expected[0]);
    CHECK(values[1] == expected[1]);
  });
}

TEST_CASE("every codec brings back what was sent", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Strings expected;
    for (const Compression codec :
         {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
      Producer producer = MakeProducer(environment, {.compression = codec});
      for (int i = 0; i < 50; ++i) {
        expected.push_back(std::to_string(static_cast<int>(codec)) + std::string(100, 'x') + std::to_string(i));
        REQUIRE_OK(producer.Send("orders", {.value = expected.back()}));
      }
      REQUIRE_OK(producer.Flush());
    }
    Consumer consumer = Subscribed(environment);
    CHECK(ReadValues(consumer, expected.size()) == expected);
  });
}

TEST_CASE("a receipt calls back once, when its record is acknowledged", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Producer producer = MakeProducer(environment);
    auto receipt = producer.Send("orders", {.value = "espresso"});
    REQUIRE_OK(receipt);
    auto called = std::make_shared<std::atomic<int>>(0);
    receipt->OnDone([called](const absl::Status& status) { *called += status.ok() ? 1 : 100; });
    REQUIRE_OK(producer.Flush());
    REQUIRE_OK(producer.Close());
    Consumer consumer = Subscribed(environment);
    PollUntil({&consumer}, [&] { return *called != 0; });
    CHECK(*called == 1);
  });
}

TEST_CASE("what cannot be sent is refused with Kafka's code, and the rest goes on", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    REQUIRE_OK(environment.CreateTopic("orders", {.config = {{"max.message.bytes", "10000"}}}));
    Producer producer = MakeProducer(environment);
    CHECK(CodeOf(producer.Send("nowhere", {.value = "v"})) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(CodeOf(producer.Send("orders", {.value = "v", .partition = 1})) == ErrorCode::kUnknownTopicOrPartition);
    const std::string large(20'000, 'x');
    CHECK(CodeOf(producer.Send("orders", {.value = large})) == ErrorCode::kMessageTooLarge);
    CHECK(Sent(producer, "orders", {.value = "v"}).offset() == 0);
  });
}

TEST_CASE("options that make no sense are refused when a producer is opened", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    CHECK(absl::IsInvalidArgument(environment.OpenProducer({.batch_size_bytes = 0}).status()));
  });
}

TEST_CASE("a closed producer has sent what it took, and takes no more", "[contract][producer]") {
  OnEachBackend([](Environment& environment) {
    Create(environment, "orders");
    Producer producer = MakeProducer(environment, {.linger = 1h});
    const auto receipt = producer.Send("orders", {.value = "espresso"});
    REQUIRE_OK(receipt);
    REQUIRE_OK(producer.Close());
    CHECK(receipt->done());
    CHECK_OK(receipt->status());
    CHECK(absl::IsCancelled(producer.Send("orders", {.value = "more"}).status()));
    CHECK_OK(producer.Close());
  });
}

}  // namespace
}  // namespace moldau::contract
