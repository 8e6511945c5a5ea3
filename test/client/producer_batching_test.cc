#include <optional>
#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("records of a partition wait for company until their batch has lingered", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 5ms});
  for (const char* value : {"a", "b", "c"}) Send(producer, "orders", {.value = value});
  world.Pass(4ms);
  CHECK(BatchesOf(topic).empty());
  world.Pass(1ms);
  CHECK(BatchesOf(topic) == std::vector<Strings>{{"a", "b", "c"}});
}

TEST_CASE("each batch lingers from its own first record", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Producer producer(*world.broker, {.linger = 5ms});
  Send(producer, "orders", {.value = "a", .partition = 0});
  world.Pass(3ms);
  Send(producer, "orders", {.value = "b", .partition = 1});
  world.Pass(2ms);
  CHECK(ValuesOf(topic, 0) == Strings{"a"});
  CHECK(ValuesOf(topic, 1).empty());
  Send(producer, "orders", {.value = "c", .partition = 0});
  world.Pass(3ms);
  CHECK(ValuesOf(topic, 0) == Strings{"a"});
  CHECK(ValuesOf(topic, 1) == Strings{"b"});
  world.Pass(2ms);
  CHECK(ValuesOf(topic, 0) == Strings{"a", "c"});
}

TEST_CASE("a full batch is appended by the send that finds it full", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 1024});
  const std::string value(100, 'x');
  int sent = 0;
  while (BatchesOf(topic).empty()) {
    Send(producer, "orders", {.value = value});
    ++sent;
  }
  // All but the last one, which begins the next batch.
  CHECK(BatchesOf(topic).size() == 1);
  CHECK(ValuesOf(topic).size() == static_cast<size_t>(sent - 1));
  CHECK(sent - 1 == 8);
}

TEST_CASE("waiting for a receipt appends its batch at once, however long it might linger", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  const Receipt first = Sent(producer, "orders", {.value = "a"});
  const Receipt second = Sent(producer, "orders", {.value = "b"});
  CHECK_FALSE(second.done());
  CHECK(second.offset() == -1);
  CHECK(second.partition() == 0);
  CHECK_OK(second.Wait());
  CHECK(second.offset() == 1);
  CHECK(first.done());
  CHECK(first.offset() == 0);
  CHECK(BatchesOf(topic) == std::vector<Strings>{{"a", "b"}});
}

TEST_CASE("without linger every record is appended as it is sent", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 0ms});
  for (const char* value : {"a", "b"}) CHECK(Sent(producer, "orders", {.value = value}).done());
  CHECK(BatchesOf(topic) == std::vector<Strings>{{"a"}, {"b"}});
}

TEST_CASE("a record larger than a batch makes a batch of its own, in its place", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 1024});
  const std::string large(5000, 'L');
  Send(producer, "orders", {.value = "a"});
  Send(producer, "orders", {.value = large});
  Send(producer, "orders", {.value = "b"});
  CHECK_OK(producer.Flush());
  CHECK(BatchesOf(topic) == std::vector<Strings>{{"a"}, {large}, {"b"}});
}

TEST_CASE("flush appends the open batches of every partition of every topic", "[client][producer]") {
  World world;
  const Topic orders = world.Create("orders", 2);
  const Topic events = world.Create("events");
  Producer producer(*world.broker, {.linger = 1h});
  Send(producer, "orders", {.value = "a", .partition = 0});
  Send(producer, "orders", {.value = "b", .partition = 1});
  const Receipt last = Sent(producer, "events", {.value = "c"});
  CHECK_OK(producer.Flush());
  CHECK(last.done());
  CHECK(ValuesOf(orders, 0) == Strings{"a"});
  CHECK(ValuesOf(orders, 1) == Strings{"b"});
  CHECK(ValuesOf(events) == Strings{"c"});
}

TEST_CASE("a record keeps key, headers and its own time, and without one it gets the time of its sending",
          "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  const Header headers[] = {{"source", "test"}, {"empty", std::nullopt}};
  const Timestamp own = world.clock.WallNow() - 1min;
  Send(producer, "orders", {.key = "k", .value = "a", .headers = headers, .timestamp = own});
  const Timestamp sent = world.clock.WallNow();
  Send(producer, "orders", {.key = "", .value = std::nullopt});
  world.clock.Advance(1s);
  Send(producer, "orders", {.value = ""});
  CHECK_OK(producer.Flush());

  auto partition = topic.partition(0);
  auto records = partition->Read(0);
  REQUIRE_OK(records);
  auto it = records->begin();
  CHECK((*it).key() == "k");
  CHECK((*it).timestamp() == own);
  const auto range = (*it).headers();
  REQUIRE(range.size() == 2);
  CHECK((*range.begin()).key == "source");
  CHECK((*range.begin()).value == "test");
  CHECK_FALSE((*++range.begin()).has_value);
  ++it;
  CHECK((*it).has_key());
  CHECK_FALSE((*it).has_value());
  CHECK((*it).timestamp() == sent);
  ++it;
  CHECK_FALSE((*it).has_key());
  CHECK((*it).has_value());
  CHECK((*it).timestamp() == sent + 1s);
}

TEST_CASE("compressed batches hold the records that were sent", "[client][producer]") {
  const auto codec = GENERATE(Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd);
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 4096, .compression = codec});
  Strings sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back("order number " + std::to_string(i) + std::string(50, 'x'));
    Send(producer, "orders", {.value = sent.back()});
  }
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic) == sent);
  auto records = topic.partition(0)->Read(0, {.max_bytes = 1});
  REQUIRE_OK(records);
  CHECK(record::BatchView(records->batches().data()).compression() == codec);
}

TEST_CASE("a receipt of a flushed topic is done when its batch is on disk, not when it is appended",
          "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, {.linger = 0ms});
  const Receipt receipt = Sent(producer, "orders", {.value = "a"});
  CHECK(receipt.offset() == 0);
  CHECK_FALSE(receipt.done());
  CHECK(absl::IsUnavailable(receipt.status()));
  CHECK(ValuesOf(topic).empty());
  CHECK_OK(receipt.Wait());
  CHECK(receipt.done());
  CHECK(ValuesOf(topic) == Strings{"a"});
}

TEST_CASE("a callback learns the outcome once, whether it is given before or after", "[client][producer]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  World world;
  world.Create("orders", 1, durability);
  Producer producer(*world.broker, {.linger = 5ms});
  const Receipt receipt = Sent(producer, "orders", {.value = "a"});
  int early = 0;
  int late = 0;
  receipt.OnDone([&](const absl::Status& status) { early += status.ok() ? 1 : 100; });
  CHECK(early == 0);
  world.Pass(5ms);
  CHECK(early == 1);
  receipt.OnDone([&](const absl::Status& status) { late += status.ok() ? 1 : 100; });
  CHECK(late == 1);
  world.Pass(1h);
  CHECK(early == 1);
}

TEST_CASE("waiting with a timeout that passes changes nothing", "[client][producer]") {
  World world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker);
  const Receipt receipt = Sent(producer, "orders", {.value = "a"});
  // The disk takes longer than the caller has.
  world.disk.SetHook([&](const storage::Operation& operation) {
    if (operation.kind == storage::OperationKind::kFlush) world.clock.Advance(1s);
    return absl::OkStatus();
  });
  const absl::Status status = receipt.Wait(0ms);
  CHECK((status.ok() || absl::IsDeadlineExceeded(status)));
  CHECK(receipt.done() == status.ok());
  CHECK_OK(receipt.Wait());
}

}  // namespace
}  // namespace moldau
