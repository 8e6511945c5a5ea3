#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

TEST_CASE("a record above max.message.bytes is refused with both numbers, and nothing of it is kept",
          "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kBuffered, {{"max.message.bytes", "2000"}});
  Producer producer(*world.broker, {.linger = 1h});
  // A batch header is 61 bytes, the fields of this record besides its value take 9.
  const auto refused = producer.Send("orders", {.value = std::string(2000, 'x')});
  CHECK(absl::IsInvalidArgument(refused.status()));
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kMessageTooLarge);
  CHECK(Text(refused.status()) == "topic orders: a record of 2070 bytes exceeds max.message.bytes of 2000");

  const std::string just_fits(2000 - 70, 'x');
  CHECK_FALSE(producer.Send("orders", {.value = just_fits + "x"}).ok());
  Send(producer, "orders", {.value = just_fits});
  CHECK_OK(producer.Flush());
  CHECK((ValuesOf(topic) == Strings{just_fits}));  // in brackets: too long to be printed
}

TEST_CASE("batches stay within max.message.bytes, however large the producer would make them", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kBuffered, {{"max.message.bytes", "500"}});
  Producer producer(*world.broker, {.linger = 1h});
  Strings sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    Send(producer, "orders", {.value = sent.back()});
  }
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic) == sent);
  CHECK(BatchesOf(topic).size() > 1);
}

TEST_CASE("sending to a topic that is not there names it", "[client][producer]") {
  World world;
  Producer producer(*world.broker);
  const auto refused = producer.Send("nowhere", {.value = "v"});
  CHECK(absl::IsNotFound(refused.status()));
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(Text(refused.status()).find("nowhere") != std::string::npos);
  const Topic topic = world.Create("nowhere");
  Send(producer, "nowhere", {.value = "v"});
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic) == Strings{"v"});
}

TEST_CASE("bad options are all named, at once by Open, by every call otherwise", "[client][producer]") {
  World world;
  world.Create("orders");
  const ProducerOptions bad{.linger = -1ms, .batch_size_bytes = 10, .buffer_memory_bytes = 5};
  const auto opened = Producer::Open(*world.broker, bad);
  CHECK(absl::IsInvalidArgument(opened.status()));
  for (const char* problem : {"linger", "batch_size_bytes is 10", "buffer_memory_bytes is 5"}) {
    CHECK(Text(opened.status()).find(problem) != std::string::npos);
  }
  Producer producer(*world.broker, bad);
  CHECK(producer.Send("orders", {.value = "v"}).status() == opened.status());
  CHECK(producer.Flush() == opened.status());
  CHECK_OK(producer.Close());
  CHECK_OK(Producer::Open(*world.broker));
}

TEST_CASE("after close nothing is taken, and closing again is fine", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  const Receipt receipt = Sent(producer, "orders", {.value = "v"});
  CHECK_OK(producer.Close());
  CHECK(receipt.done());
  CHECK(ValuesOf(topic) == Strings{"v"});
  CHECK(absl::IsCancelled(producer.Send("orders", {.value = "late"}).status()));
  CHECK(absl::IsCancelled(producer.Send(topic, {.value = "late"}).status()));
  CHECK(absl::IsCancelled(producer.TrySend("orders", {.value = "late"}).status()));
  CHECK_OK(producer.Close());
  CHECK(ValuesOf(topic) == Strings{"v"});
}

TEST_CASE("when an append fails every receipt of its batch says why, and flush says it once", "[client][producer]") {
  World world;
  world.Create("orders");
  const Topic other = world.Create("other");
  Producer producer(*world.broker, {.linger = 1h});
  const Receipt first = Sent(producer, "orders", {.value = "a"});
  const Receipt second = Sent(producer, "orders", {.value = "b"});
  int called = 0;
  second.OnDone([&](const absl::Status& status) { called += status.ok() ? 100 : 1; });
  world.disk.SetHook([](const storage::Operation& operation) {
    const bool is_log = operation.path.find("orders-0") != std::string::npos;
    return is_log ? absl::InternalError("the disk is on fire") : absl::OkStatus();
  });
  const absl::Status status = first.Wait();
  CHECK(Text(status).find("the disk is on fire") != std::string::npos);
  CHECK(second.done());
  CHECK(second.status() == status);
  CHECK(second.offset() == -1);
  Send(producer, "other", {.value = "c"});
  CHECK(producer.Flush() == status);
  world.RunTasks();
  CHECK(called == 1);
  CHECK(ValuesOf(other) == Strings{"c"});
  CHECK_OK(producer.Flush());
}

TEST_CASE("when a flush fails the records that were waiting for it are not acknowledged", "[client][producer][L4]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, {.linger = 0ms});
  CHECK_OK(Sent(producer, "orders", {.value = "safe"}).Wait());
  world.disk.SetHook([](const storage::Operation& operation) {
    const bool flushes =
        operation.kind == storage::OperationKind::kFlush || operation.kind == storage::OperationKind::kFlushMapping;
    return flushes ? absl::InternalError("lost power to the platter") : absl::OkStatus();
  });
  const Receipt receipt = Sent(producer, "orders", {.value = "lost"});
  const absl::Status status = receipt.Wait();
  CHECK(GetErrorCode(status) == ErrorCode::kStorageError);
  CHECK(receipt.done());
  CHECK(receipt.status() == status);
  CHECK(GetErrorCode(producer.Flush()) == ErrorCode::kStorageError);
  // The partition has stopped: what comes next fails at its append.
  CHECK(GetErrorCode(Sent(producer, "orders", {.value = "later"}).Wait()) == ErrorCode::kStorageError);
  CHECK(ValuesOf(topic) == Strings{"safe"});
}

TEST_CASE("records for a topic that is deleted fail, those for one made anew under its name arrive",
          "[client][producer]") {
  World world;
  const Topic old_topic = world.Create("orders");
  Producer producer(*world.broker, {.linger = 1h});
  const Receipt doomed = Sent(producer, "orders", {.value = "old"});
  REQUIRE_OK(world.broker->DeleteTopic("orders"));
  CHECK(absl::IsNotFound(doomed.Wait()));
  CHECK(GetErrorCode(doomed.status()) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(absl::IsNotFound(producer.Send("orders", {.value = "v"}).status()));
  CHECK(absl::IsNotFound(producer.Send(old_topic, {.value = "v"}).status()));

  const Topic topic = world.Create("orders");
  CHECK_OK(Sent(producer, "orders", {.value = "new"}).Wait());
  CHECK(ValuesOf(topic) == Strings{"new"});
  CHECK(absl::IsNotFound(producer.Send(old_topic, {.value = "v"}).status()));
}

TEST_CASE("a topic of another broker is refused", "[client][producer]") {
  World world;
  World elsewhere;
  const Topic foreign = elsewhere.Create("orders");
  Producer producer(*world.broker);
  CHECK(absl::IsInvalidArgument(producer.Send(foreign, {.value = "v"}).status()));
}

}  // namespace
}  // namespace moldau
