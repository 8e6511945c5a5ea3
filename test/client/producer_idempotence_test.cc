#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

#include "client/world.h"
#include "record/batch_encoder.h"

namespace moldau {
namespace {

using namespace test;

// The batches of a partition as they lie in its log.
std::vector<std::vector<std::byte>> BytesOf(const Topic& topic, int32_t partition = 0) {
  std::vector<std::vector<std::byte>> batches;
  auto handle = topic.partition(partition);
  REQUIRE_OK(handle);
  for (int64_t offset = handle->log_start_offset().value();;) {
    auto fetched = handle->Read(offset, {.max_bytes = 1});  // one batch at a time
    REQUIRE_OK(fetched);
    if (fetched->batches().empty()) return batches;
    const std::span<const std::byte> bytes = record::BatchView(fetched->batches().data()).bytes();
    batches.emplace_back(bytes.begin(), bytes.end());
    offset = fetched->next_offset();
  }
}

// A batch of one record.
std::vector<std::byte> BatchFrom(int64_t producer_id, int32_t sequence) {
  const Record record{.value = "foreign"};
  std::vector<std::byte> bytes(record::EncodedSizeBound({&record, 1}));
  bytes.resize(record::EncodeBatch({&record, 1},
                                   {.now = Timestamp(1'700'000'000'000ms),
                                    .producer_id = producer_id,
                                    .producer_epoch = 0,
                                    .base_sequence = sequence},
                                   bytes.data()));
  return bytes;
}

TEST_CASE("batches say who sent them and count the records of each partition without a gap",
          "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 1024});
  for (int i = 0; i < 100; ++i) {
    Send(producer, "orders", {.value = std::string(40, 'x'), .partition = i % 3 == 0 ? 1 : 0});
  }
  CHECK_OK(producer.Flush());
  for (const int32_t partition : {0, 1}) {
    int32_t expected = 0;
    const auto batches = BytesOf(topic, partition);
    CHECK(batches.size() > 1);
    for (const auto& bytes : batches) {
      const record::BatchView batch(bytes.data());
      CHECK(batch.producer_id() == 0);
      CHECK(batch.producer_epoch() == 0);
      CHECK(batch.base_sequence() == expected);
      expected += batch.record_count();
    }
    CHECK(expected == (partition == 1 ? 34 : 66));
  }
}

TEST_CASE("a producer that is not idempotent says nothing of itself", "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.enable_idempotence = false});
  Send(producer, "orders", {.value = "v"});
  CHECK_OK(producer.Flush());
  const auto batches = BytesOf(topic);
  const record::BatchView batch(batches.at(0).data());
  CHECK(batch.producer_id() == -1);
  CHECK(batch.producer_epoch() == -1);
  CHECK(batch.base_sequence() == -1);
}

TEST_CASE("a batch whose outcome was not learned is sent again and lies in the log once",
          "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  for (const char* value : {"a", "b", "c"}) {
    Send(producer, "orders", {.value = value});
    CHECK_OK(producer.Flush());
  }
  auto batches = BytesOf(topic);
  REQUIRE(batches.size() == 3);
  Partition partition = topic.partition(0).value();
  for (size_t i = 0; i < batches.size(); ++i) {
    record::PatchBatch(batches[i].data(), 0, -1);  // as the producer sent it
    const auto again = partition.AppendBatch(batches[i]);
    REQUIRE_OK(again);
    CHECK(again->offset() == static_cast<int64_t>(i));
  }
  world.Reopen();  // the broker has lost its memory of it, not its knowledge
  const auto again = world.broker->FindTopic("orders")->partition(0)->AppendBatch(batches[2]);
  REQUIRE_OK(again);
  CHECK(again->offset() == 2);
  CHECK(ValuesOf(world.broker->FindTopic("orders").value()) == Strings{"a", "b", "c"});
}

TEST_CASE("producers that come and go leave a partition one to remember", "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  for (int i = 0; i < 50; ++i) {
    Producer producer(*world.broker, {.linger = 1h});
    for (int record = 0; record < 3; ++record)
      Send(producer, "orders", {.value = absl::StrFormat("%d", 3 * i + record)});
    if (i % 2 == 0) CHECK_OK(producer.Close());
  }
  Strings all;
  for (int i = 0; i < 150; ++i) all.push_back(absl::StrFormat("%d", i));
  CHECK(ValuesOf(topic) == all);
  std::set<std::pair<int64_t, int16_t>> producers;
  for (const auto& bytes : BytesOf(topic)) {
    const record::BatchView batch(bytes.data());
    CHECK(batch.producer_id() == 0);
    CHECK(batch.base_sequence() == 0);
    producers.emplace(batch.producer_id(), batch.producer_epoch());
  }
  CHECK(producers.size() == 50);
}

TEST_CASE("an id that a partition has lost count of goes to nobody else", "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  {
    Producer producer(*world.broker, {.linger = 1h});
    Send(producer, "orders", {.value = "a"});
    CHECK_OK(producer.Flush());
    REQUIRE_OK(topic.partition(0)->AppendBatch(BatchFrom(0, 1)));
    for (int i = 0; i < 2; ++i) Send(producer, "orders", {.value = "lost"});  // one would be taken for that batch
    CHECK(GetErrorCode(producer.Flush()) == ErrorCode::kOutOfOrderSequenceNumber);
  }
  for (const int64_t epoch : {1, 2}) {
    Producer producer(*world.broker);
    Send(producer, "orders", {.value = "b"});
    CHECK_OK(producer.Flush());
    const auto batches = BytesOf(topic);
    const record::BatchView last(batches.back().data());
    CHECK(last.producer_id() == 1);
    CHECK(last.producer_epoch() == epoch);
  }
}

TEST_CASE("no two producers have the same id and epoch, whatever happened in between",
          "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  const auto send_one = [&] {
    Producer producer(*world.broker);
    Send(producer, "orders", {.value = "v"});
    CHECK_OK(producer.Flush());
    const auto batches = BytesOf(world.broker->FindTopic("orders").value());
    const record::BatchView batch(batches.back().data());
    return std::pair(batch.producer_id(), int{batch.producer_epoch()});
  };
  CHECK(send_one() == std::pair(int64_t{0}, 0));
  CHECK(send_one() == std::pair(int64_t{0}, 1));
  world.Reopen();
  CHECK(send_one() == std::pair(int64_t{1000}, 0));
  CHECK(send_one() == std::pair(int64_t{1000}, 1));
  // Only what was flushed survives.
  auto disk = world.disk.CrashImage({});
  BrokerOptions options = world.broker_options;
  options.storage = disk.get();
  auto after = Broker::Open(options);
  REQUIRE_OK(after);
  Producer producer(**after);
  Send(producer, "orders", {.value = "v"});
  CHECK_OK(producer.Flush());
  const auto batches = BytesOf((*after)->FindTopic("orders").value());
  CHECK(record::BatchView(batches.back().data()).producer_id() == 2000);
}

TEST_CASE("a refused batch takes no place in the count, those closed behind it move up",
          "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 1024});
  Send(producer, "orders", {.value = "a"});
  CHECK_OK(producer.Flush());
  const Receipt refused = Sent(producer, "orders", {.value = "b", .timestamp = world.clock.WallNow() + 48h});
  CHECK(GetErrorCode(producer.Flush()) == ErrorCode::kInvalidTimestamp);
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kInvalidTimestamp);
  for (int i = 0; i < 60; ++i) Send(producer, "orders", {.value = std::string(40, 'x')});
  CHECK_OK(producer.Flush());
  int32_t expected = 0;
  for (const auto& bytes : BytesOf(topic)) {
    const record::BatchView batch(bytes.data());
    CHECK(batch.base_sequence() == expected);
    CHECK(batch.producer_id() == 0);
    expected += batch.record_count();
  }
  CHECK(expected == 61);
}

TEST_CASE("a partition that has lost count of a producer refuses one batch and goes on with a new id",
          "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  Send(producer, "orders", {.value = "a"});
  CHECK_OK(producer.Flush());
  REQUIRE_OK(topic.partition(0)->AppendBatch(BatchFrom(0, 1)));
  const Receipt lost = Sent(producer, "orders", {.value = "b"});
  Send(producer, "orders", {.value = "b"});
  CHECK(GetErrorCode(producer.Flush()) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(GetErrorCode(lost.status()) == ErrorCode::kOutOfOrderSequenceNumber);
  Send(producer, "orders", {.value = "c"});
  Send(producer, "orders", {.value = "d"});
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic) == Strings{"a", "foreign", "c", "d"});
  const auto batches = BytesOf(topic);
  const record::BatchView last(batches.back().data());
  CHECK(last.producer_id() == 1);
  CHECK(last.base_sequence() == 0);
}

TEST_CASE("a producer without an id takes nothing", "[client][producer][idempotence]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker);
  bool disk_full = true;
  world.disk.SetHook([&](const storage::Operation&) {
    return disk_full ? absl::ResourceExhaustedError("no space left") : absl::OkStatus();
  });
  CHECK_FALSE(producer.Send("orders", {.value = "v"}).ok());
  disk_full = false;
  world.disk.SetHook(nullptr);
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).empty());
}

}  // namespace
}  // namespace moldau
