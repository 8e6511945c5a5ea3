#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

// Appends values as batches of `per_batch`.
void Fill(const Topic& topic, int32_t partition, const Strings& values, size_t per_batch = 1) {
  auto handle = topic.partition(partition);
  REQUIRE_OK(handle);
  for (size_t from = 0; from < values.size(); from += per_batch) {
    std::vector<Record> records;
    for (size_t i = from; i < std::min(from + per_batch, values.size()); ++i) records.push_back({.value = values[i]});
    REQUIRE_OK(handle->Append(records));
  }
}

Strings Numbered(const std::string& prefix, int count) {
  Strings values;
  for (int i = 0; i < count; ++i) values.push_back(prefix + std::to_string(i));
  return values;
}

Consumer Subscribed(World& world, ConsumerOptions options) {
  auto consumer = Consumer::Subscribe(*world.broker, std::move(options));
  REQUIRE_OK(consumer);
  return *std::move(consumer);
}

ConsumerRecords Polled(Consumer& consumer) {
  auto records = consumer.Poll(0ms);
  REQUIRE_OK(records);
  return *std::move(records);
}

TEST_CASE("a poll returns records with all that belongs to them", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  const Header headers[] = {{"source", "test"}};
  const Timestamp time = world.clock.WallNow() - 1s;
  REQUIRE_OK(topic.partition(1)->Append({.key = "k", .value = "v", .headers = headers, .timestamp = time}));
  Consumer consumer = Subscribed(world, {.topics = {"orders"}});

  const ConsumerRecords records = Polled(consumer);
  REQUIRE_FALSE(records.empty());
  auto it = records.begin();
  const ConsumerRecord record = *it;
  CHECK(record.topic() == "orders");
  CHECK(record.partition() == 1);
  CHECK(record.offset() == 0);
  CHECK(record.key() == "k");
  CHECK(record.value() == "v");
  CHECK(record.timestamp() == time);
  CHECK((*record.headers().begin()).value == "test");
  CHECK(++it == records.end());
  CHECK(records.NextOffsets() == Offsets{{{"orders", 1}, 1}});
  CHECK(Polled(consumer).empty());
}

TEST_CASE("records of several partitions and topics can be read one by one or by partition", "[client][consumer]") {
  World world;
  const Topic orders = world.Create("orders", 2);
  const Topic events = world.Create("events");
  Fill(orders, 0, {"a", "b"});
  Fill(orders, 1, {"c"});
  Fill(events, 0, {"d", "e"}, 2);
  Consumer consumer = Subscribed(world, {.topics = {"orders", "events"}});
  const ConsumerRecords records = Polled(consumer);
  CHECK(ValuesOf(records) == Strings{"a", "b", "c", "d", "e"});
  REQUIRE(records.partitions().size() == 3);
  CHECK(records.partitions()[1].partition() == TopicPartition{"orders", 1});
  Strings last;
  for (const RecordView& record : records.partitions()[2]) last.emplace_back(record.value());
  CHECK(last == Strings{"d", "e"});
  CHECK(records.partitions()[2].next_offset() == 2);
}

TEST_CASE("partitions take turns, so that a busy one cannot starve the others", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders", 3);
  for (int32_t partition = 0; partition < 3; ++partition) Fill(topic, partition, Numbered("v", 100));
  // One batch is more than a poll may return, so each returns one.
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .max_poll_bytes = 1});
  std::vector<int32_t> turns;
  for (int i = 0; i < 9; ++i) {
    const ConsumerRecords records = Polled(consumer);
    REQUIRE(records.partitions().size() == 1);
    turns.push_back(records.partitions()[0].partition().partition);
  }
  CHECK(turns == std::vector<int32_t>{0, 1, 2, 0, 1, 2, 0, 1, 2});
}

TEST_CASE("a poll of limited records splits batches, and loses nothing", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Fill(topic, 0, Numbered("a", 10), 10);
  Fill(topic, 1, Numbered("b", 5), 2);
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .max_poll_records = 3});
  Strings seen[2];
  for (;;) {
    const ConsumerRecords records = Polled(consumer);
    if (records.empty()) break;
    size_t count = 0;
    for (const ConsumerRecord& record : records) {
      seen[record.partition()].emplace_back(record.value());
      ++count;
    }
    CHECK(count <= 3);
    for (const auto& [partition, offset] : records.NextOffsets()) {
      CHECK(consumer.Position(partition).value() == offset);
      CHECK(offset == static_cast<int64_t>(seen[partition.partition].size()));
    }
  }
  CHECK(seen[0] == Numbered("a", 10));
  CHECK(seen[1] == Numbered("b", 5));
}

TEST_CASE("compressed batches are read like any other", "[client][consumer]") {
  World world;
  world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 2048, .compression = Compression::kZstd});
  const Strings sent = Numbered("the same words again and again ", 500);
  for (const std::string& value : sent) Send(producer, "orders", {.value = value});
  CHECK_OK(producer.Flush());
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .max_poll_bytes = 4096, .check_crcs = true});
  Strings seen;
  while (seen.size() < sent.size()) {
    for (const std::string& value : ValuesOf(Polled(consumer))) seen.push_back(value);
  }
  CHECK(seen == sent);
}

TEST_CASE("records stay what they are when consumer, broker and log are gone", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders");
  Fill(topic, 0, Numbered("v", 100), 10);
  std::optional<Consumer> consumer = Subscribed(world, {.topics = {"orders"}});
  const ConsumerRecords records = Polled(*consumer);
  consumer.reset();
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  world.RunTasks();
  world.broker.reset();
  CHECK(ValuesOf(records) == Numbered("v", 100));
}

TEST_CASE("a consumer of a flushed topic sees what is on disk, and nothing that a power cut could take back",
          "[client][consumer]") {
  World world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, {.linger = 0ms});
  const Receipt receipt = Sent(producer, "orders", {.value = "v"});
  Consumer consumer = Subscribed(world, {.topics = {"orders"}});
  CHECK(Polled(consumer).empty());
  CHECK_OK(receipt.Wait());
  CHECK(ValuesOf(Polled(consumer)) == Strings{"v"});
}

TEST_CASE("paused partitions are left out and keep their place", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Fill(topic, 0, {"a", "b"});
  Fill(topic, 1, {"c"});
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .max_poll_records = 1});
  const TopicPartition first{"orders", 0};
  CHECK(ValuesOf(Polled(consumer)) == Strings{"a"});
  CHECK_OK(consumer.Pause({&first, 1}));
  CHECK(ValuesOf(Polled(consumer)) == Strings{"c"});
  CHECK(Polled(consumer).empty());
  CHECK(consumer.Position(first).value() == 1);
  CHECK_OK(consumer.Resume({&first, 1}));
  CHECK(ValuesOf(Polled(consumer)) == Strings{"b"});
}

TEST_CASE("partitions that are added later are read from their first record on", "[client][consumer]") {
  const auto reset = GENERATE(OffsetReset::kEarliest, OffsetReset::kLatest);
  World world;
  world.Create("orders", 1);
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .auto_offset_reset = reset});
  CHECK(Polled(consumer).empty());
  REQUIRE_OK(world.broker->AddPartitions("orders", 3));
  Fill(world.broker->FindTopic("orders").value(), 2, {"new"});
  CHECK(ValuesOf(Polled(consumer)) == Strings{"new"});
  CHECK(consumer.Assignment() == std::vector<TopicPartition>{{"orders", 0}, {"orders", 1}, {"orders", 2}});
}

TEST_CASE("a partition that fails says so when its turn comes, and the others are read on", "[client][consumer]") {
  World world;
  const Topic orders = world.Create("orders");
  const Topic events = world.Create("events");
  Fill(orders, 0, Numbered("o", 5));
  Consumer consumer = Subscribed(world, {.topics = {"events", "orders"}, .max_poll_records = 1});
  REQUIRE_OK(world.broker->DeleteTopic("events"));
  int failures = 0;
  Strings seen;
  for (int i = 0; i < 12; ++i) {
    auto records = consumer.Poll(0ms);
    if (records.ok()) {
      for (const std::string& value : ValuesOf(*records)) seen.push_back(value);
    } else {
      CHECK(absl::IsNotFound(records.status()));
      ++failures;
    }
  }
  CHECK(seen == Numbered("o", 5));
  CHECK(failures > 1);
}

TEST_CASE("damage is told with its place, whether crcs are checked each time or not", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders");
  Fill(topic, 0, {"good", "bad", "good"});
  REQUIRE_OK(world.broker->Flush());
  Consumer consumer = Subscribed(world, {.topics = {"orders"}, .max_poll_bytes = 1, .check_crcs = true});
  CHECK(ValuesOf(Polled(consumer)) == Strings{"good"});
  const auto first = topic.partition(0)->Read(0, {.max_bytes = 1});
  const uint64_t second_batch = first->batches().size();
  REQUIRE_OK(world.disk.FlipBit("data/orders-0/00000000000000000000.log", (second_batch + 70) * 8));
  const auto damaged = consumer.Poll(0ms);
  CHECK(absl::IsDataLoss(damaged.status()));
  CHECK(std::string(damaged.status().message()).find("offset 1") != std::string::npos);
}

TEST_CASE("a damaged partition does not keep a subscription from the others", "[client][consumer]") {
  World world;
  const Topic topic = world.Create("orders", 2, Durability::kFlushed);
  Fill(topic, 0, Numbered("a", 3));
  Fill(topic, 1, Numbered("b", 3));
  world.broker.reset();
  // Without the manifest the log is scanned, and refused for damage with data behind it.
  REQUIRE_OK(world.disk.Remove("data/moldau.manifest"));
  REQUIRE_OK(world.disk.FlipBit("data/orders-0/00000000000000000000.log", 70 * 8));
  world.Reopen();
  REQUIRE(world.broker->recovery().refused.size() == 1);
  Consumer consumer = Subscribed(world, {.topics = {"orders"}});
  Strings seen;
  int failures = 0;
  for (int i = 0; i < 10; ++i) {
    auto records = consumer.Poll(0ms);
    if (records.ok()) {
      for (const std::string& value : ValuesOf(*records)) seen.push_back(value);
    } else {
      CHECK(absl::IsDataLoss(records.status()));
      ++failures;
    }
  }
  CHECK(seen == Numbered("b", 3));
  CHECK(failures > 1);
}

}  // namespace
}  // namespace moldau
