#include <atomic>
#include <string>
#include <thread>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

constexpr size_t kBatchBytes = 4096;
const std::string kValue(1000, 'x');  // four to a batch, less what surrounds them: three

ProducerOptions FourBatches(BackPressure back_pressure) {
  return {.linger = 1h,
          .batch_size_bytes = kBatchBytes,
          .buffer_memory_bytes = 4 * kBatchBytes,
          .back_pressure = back_pressure,
          .max_block = 60s,
          .max_buffer_memory_bytes = 8 * kBatchBytes};
}

// Sends until there is no room; how many were taken.
int SendUntilFull(Producer& producer, absl::Status& full) {
  for (int taken = 0;; ++taken) {
    const auto receipt = producer.TrySend("orders", {.value = kValue});
    if (!receipt.ok()) {
      full = receipt.status();
      return taken;
    }
    REQUIRE(taken < 1000);
  }
}

TEST_CASE("when what is not on disk fills the buffer memory, sending fails until some of it is", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, FourBatches(BackPressure::kFail));
  absl::Status full;
  const int taken = SendUntilFull(producer, full);
  CHECK(taken == 4 * 3);
  CHECK(absl::IsResourceExhausted(full));
  CHECK(full.message() == "producer: 16384 of 16384 bytes of buffer memory are in use, 4096 more are needed");
  CHECK(producer.Send("orders", {.value = kValue}).status() == full);

  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).size() == static_cast<size_t>(taken));
  CHECK_OK(producer.Send("orders", {.value = kValue}));
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).size() == static_cast<size_t>(taken) + 1);
}

TEST_CASE("a producer that may grow goes on to its bound", "[client][producer]") {
  World world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, FourBatches(BackPressure::kGrow));
  absl::Status full;
  CHECK(SendUntilFull(producer, full) == 8 * 3);
  CHECK(absl::IsResourceExhausted(full));
}

TEST_CASE("a producer that blocks lets the disk work until there is room", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, FourBatches(BackPressure::kBlock));
  for (int i = 0; i < 100; ++i) Send(producer, "orders", {.value = kValue});
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).size() == 100);
}

TEST_CASE("buffered topics give memory back as soon as their batches are appended", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, FourBatches(BackPressure::kFail));
  for (int i = 0; i < 1000; ++i) CHECK_OK(producer.TrySend("orders", {.value = kValue}));
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).size() == 1000);
}

TEST_CASE("open batches of other partitions make room before anybody is refused", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders", 20);
  Producer producer(*world.broker, FourBatches(BackPressure::kFail));
  for (int32_t partition = 0; partition < 20; ++partition) {
    CHECK_OK(producer.TrySend("orders", {.value = "v", .partition = partition}));
  }
  CHECK_OK(producer.Flush());
  for (int32_t partition = 0; partition < 20; ++partition) CHECK(ValuesOf(topic, partition) == Strings{"v"});
}

TEST_CASE("a record larger than all the buffer memory goes through alone", "[client][producer]") {
  World world;
  const Topic topic = world.Create("orders");
  Producer producer(*world.broker, FourBatches(BackPressure::kFail));
  const std::string large(10 * kBatchBytes, 'L');
  Send(producer, "orders", {.value = "a"});
  Send(producer, "orders", {.value = large});
  Send(producer, "orders", {.value = "b"});
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic) == Strings{"a", large, "b"});
}

TEST_CASE("the broker's memory limit counts what producers buffer", "[client][producer]") {
  World world({.memory_limit = 1 << 20});
  world.Create("orders", 100);
  Producer producer(*world.broker, {.linger = 1h, .batch_size_bytes = 64 << 10, .back_pressure = BackPressure::kFail});
  // Sixteen buffers fit; the seventeenth partition gets one by appending the batch of the first.
  for (int32_t partition = 0; partition < 100; ++partition) {
    CHECK_OK(producer.Send("orders", {.value = "v", .partition = partition}));
  }
  const auto too_large = producer.Send("orders", {.value = std::string(1000 << 10, 'x')});
  CHECK(absl::IsResourceExhausted(too_large.status()));
}

// Holds every flush of the disk until it is released.
struct SlowDisk {
  explicit SlowDisk(storage::MemoryStorage& disk) {
    disk.SetHook([this](const storage::Operation& operation) {
      if (operation.kind == storage::OperationKind::kFlush) {
        while (held.load()) held.wait(true);
      }
      return absl::OkStatus();
    });
  }
  void Release() {
    held.store(false);
    held.notify_all();
  }
  std::atomic<bool> held{true};
};

TEST_CASE("a blocked send gives up after max_block, and TrySend never blocks", "[client][producer]") {
  LiveWorld world;
  world.Create("orders", 1, Durability::kFlushed);
  ProducerOptions options = FourBatches(BackPressure::kBlock);
  options.max_block = 20ms;
  Producer producer(*world.broker, options);
  CHECK_OK(Sent(producer, "orders", {.value = "first"}).Wait());
  SlowDisk disk(world.disk);
  absl::Status full;
  const int taken = SendUntilFull(producer, full);
  CHECK(taken > 0);
  CHECK(absl::IsResourceExhausted(full));
  CHECK(absl::IsResourceExhausted(producer.Send("orders", {.value = kValue}).status()));
  disk.Release();
  CHECK_OK(producer.Flush());
  CHECK_OK(producer.Send("orders", {.value = kValue}));
}

TEST_CASE("a blocked send goes on as soon as the disk has caught up", "[client][producer]") {
  LiveWorld world;
  const Topic topic = world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, FourBatches(BackPressure::kBlock));
  CHECK_OK(Sent(producer, "orders", {.value = "first"}).Wait());
  SlowDisk disk(world.disk);
  absl::Status full;
  const int taken = SendUntilFull(producer, full);
  absl::Status sent;
  std::thread sender([&] { sent = producer.Send("orders", {.value = "blocked"}).status(); });
  disk.Release();
  sender.join();
  CHECK_OK(sent);
  CHECK_OK(producer.Flush());
  CHECK(ValuesOf(topic).size() == static_cast<size_t>(taken) + 2);
  CHECK(ValuesOf(topic).back() == "blocked");
}

TEST_CASE("closing a producer wakes a send that is blocked", "[client][producer]") {
  LiveWorld world;
  world.Create("orders", 1, Durability::kFlushed);
  Producer producer(*world.broker, FourBatches(BackPressure::kBlock));
  CHECK_OK(Sent(producer, "orders", {.value = "first"}).Wait());
  SlowDisk disk(world.disk);
  absl::Status full;
  SendUntilFull(producer, full);
  absl::Status sent;
  std::thread sender([&] { sent = producer.Send("orders", {.value = "blocked"}).status(); });
  CHECK(absl::IsDeadlineExceeded(producer.Close(10ms)));
  sender.join();
  CHECK(absl::IsCancelled(sent));
  disk.Release();
}

}  // namespace
}  // namespace moldau
