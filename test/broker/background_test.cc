#include <thread>

#include "broker/parallel_for.h"
#include "broker_world.h"
#include "log/manifest.h"

namespace moldau::test {
namespace {

TEST_CASE("a broker without threads does its work when it is polled, and says when it wants to be",
          "[broker][background]") {
  BrokerWorld world({.checkpoint_interval = 10s, .cool_down_interval = 10s});
  Broker& broker = world.Open();
  world.Settle();
  const auto wait = broker.Poll();
  CHECK(wait > 0ns);
  CHECK(wait <= 10s);
  world.clock().Advance(10s);
  CHECK(broker.Poll(1) == 0ns);  // more is due than one task
}

TEST_CASE("a broker with threads of its own has nothing to poll", "[broker][background]") {
  storage::MemoryStorage disk;
  auto broker = Broker::Open({.data_dir = "data", .storage = &disk});
  REQUIRE_OK(broker);
  CHECK((*broker)->Poll() == kForever);
}

TEST_CASE("waiting drives a broker that has no threads", "[broker][background]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  Put(partition, "one");
  // Nobody flushes but the task that the append has scheduled; the reader's wait runs it once it is due.
  std::jthread time([&] {
    while (partition.high_watermark().value() == 0) {
      world.clock().Advance(1ms);
      std::this_thread::yield();
    }
  });
  const auto records = partition.Read(0, {.timeout = 1h});
  REQUIRE_OK(records);
  CHECK(ValuesIn(*records) == Strings{"one"});
}

TEST_CASE("old segments are deleted by age, also those of partitions that nobody has used", "[broker][background]") {
  BrokerWorld world({.retention_check_interval = 1min});
  world.Open();
  const TopicOptions options{.durability = Durability::kBuffered,
                             .config = {{"segment.bytes", "4096"}, {"retention.ms", "3600000"}}};
  Partition partition = PartitionOf(world.Create("orders", options));
  const std::string value(1000, 'x');
  for (int i = 0; i < 12; ++i) Put(partition, value);
  REQUIRE(world.Names(".log", "data/orders-0").size() >= 4);
  world.Pass(30min);
  CHECK(*partition.log_start_offset() == 0);
  world.Reopen();  // nothing of the partition is opened
  world.Pass(2h);
  CHECK(world.Names(".log", "data/orders-0").size() == 1);
  const int64_t start = *PartitionOf(*world.broker().FindTopic("orders")).log_start_offset();
  CHECK(start >= 9);  // the newest segment stays until the next append
  BrokerWorld after({}, world.AfterKill());
  CHECK(*PartitionOf(*after.Open().FindTopic("orders")).log_start_offset() == start);
}

TEST_CASE("old segments are deleted by size", "[broker][background]") {
  BrokerWorld world({.retention_check_interval = 1min});
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = Durability::kBuffered,
                                          .config = {{"segment.bytes", "4096"}, {"retention.bytes", "8192"}}}));
  const std::string value(1000, 'x');
  for (int i = 0; i < 40; ++i) Put(partition, value);
  world.Pass(2min);
  CHECK(*partition.size_bytes() <= 8192 + 4096);
  CHECK(*partition.log_end_offset() == 40);
  CHECK(*partition.log_start_offset() > 20);
}

TEST_CASE("a clock that jumps ahead deletes nothing", "[broker][background][L11]") {
  BrokerWorld world({.retention_check_interval = 1min});
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = Durability::kBuffered,
                                          .config = {{"segment.bytes", "4096"}, {"retention.ms", "3600000"}}}));
  const std::string value(1000, 'x');
  for (int i = 0; i < 12; ++i) Put(partition, value);
  world.clock().JumpWall(24h * 3650);
  world.Pass(2min);
  CHECK(*partition.log_start_offset() == 0);
}

TEST_CASE("a checkpoint is written at its interval, and only if something has changed", "[broker][background]") {
  BrokerWorld world({.checkpoint_interval = 60s});
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  for (int i = 0; i < 3; ++i) AppendDurably(partition, "x");
  const auto known = [&]() -> int64_t {
    const auto manifest = log::LoadManifest(world.disk(), "data");
    REQUIRE_OK(manifest);
    CHECK_FALSE(manifest->clean_shutdown);
    for (const log::PartitionEntry& entry : manifest->partitions) {
      if (entry.topic == "orders") return entry.recovery_point;
    }
    return -1;
  };
  CHECK(known() == -1);
  world.Pass(61s);
  CHECK(known() == 3);
  const uint64_t operations = world.disk().operation_count();
  world.Pass(10min);
  int writes = 0;
  world.disk().SetHook([&](const storage::Operation& operation) {
    writes += operation.kind == storage::OperationKind::kWrite ? 1 : 0;
    return absl::OkStatus();
  });
  world.Pass(10min);
  CHECK(writes == 0);
  CHECK(world.disk().operation_count() >= operations);
}

TEST_CASE("a checkpoint that fails is reported and tried again", "[broker][background]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  AppendDurably(partition, "x");
  world.disk().SetHook([](const storage::Operation& operation) {
    return operation.path.find("moldau.manifest") != std::string::npos ? absl::ResourceExhaustedError("disk full")
                                                                       : absl::OkStatus();
  });
  world.Pass(61s);
  CHECK(world.HasMessage("disk full"));
  world.disk().SetHook(nullptr);
  world.Pass(61s);
  CHECK(log::LoadManifest(world.disk(), "data")->partitions.size() == 2);
}

TEST_CASE("parallel work is all done whether or not the executor helps", "[broker][background]") {
  auto threads = MakeThreadExecutor(Clock::System(), 3);
  auto nobody = MakeManualExecutor(Clock::System());
  for (Executor* executor : {threads.get(), static_cast<Executor*>(nobody.get())}) {
    std::vector<int> touched(1000);
    broker::ParallelFor(*executor, 3, touched.size(), [&](size_t i) { ++touched[i]; });
    CHECK(touched == std::vector<int>(1000, 1));
  }
  nobody->Poll();  // what comes late finds nothing to do
  broker::ParallelFor(*threads, 3, 0, [](size_t) { FAIL("there is nothing to do"); });
}

}  // namespace
}  // namespace moldau::test
