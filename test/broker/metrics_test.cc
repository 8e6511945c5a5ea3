// What Broker::Metrics says of topics and partitions, in a broker that its caller drives.
#include "moldau/metrics.h"

#include "broker_world.h"
#include "support/prometheus_text.h"

namespace moldau::test {
namespace {

MetricLabels Of(const std::string& topic) { return {{"topic", topic}}; }
MetricLabels Of(const std::string& topic, int32_t partition) {
  return {{"topic", topic}, {"partition", std::to_string(partition)}};
}

// Of the partition, as the snapshot has it.
void CheckAgrees(const MetricsSnapshot& metrics, const Partition& partition) {
  const auto description = partition.Describe();
  REQUIRE_OK(description);
  const MetricLabels labels = Of(partition.topic(), partition.id());
  CHECK(metrics.Value(metric::kLogStartOffset, labels) == description->log_start_offset);
  CHECK(metrics.Value(metric::kHighWatermark, labels) == description->high_watermark);
  CHECK(metrics.Value(metric::kLogEndOffset, labels) == description->log_end_offset);
  CHECK(metrics.Value(metric::kLogSize, labels) == static_cast<int64_t>(description->size_bytes));
  CHECK(metrics.Value(metric::kLogSegments, labels) == description->segment_count);
}

}  // namespace

TEST_CASE("what was appended is counted by topic", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  const Topic orders = world.Create("orders", {.partitions = 2, .durability = Durability::kBuffered});
  Partition first = PartitionOf(orders, 0);
  Partition second = PartitionOf(orders, 1);
  Partition other = PartitionOf(world.Create("other", kBufferedTopic));
  for (int i = 0; i < 5; ++i) Put(first, "value");
  const std::vector<Record> three(3, Record{.value = "of three"});
  REQUIRE_OK(second.Append(three));
  Put(other, "value");

  const MetricsSnapshot metrics = broker.Metrics();
  CHECK(metrics.Value(metric::kMessagesIn, Of("orders")) == 8);
  CHECK(metrics.Value(metric::kBatchesIn, Of("orders")) == 6);
  CHECK(metrics.Value(metric::kBytesIn, Of("orders")) ==
        static_cast<int64_t>(*first.size_bytes() + *second.size_bytes()));
  CHECK(metrics.Value(metric::kMessagesIn, Of("other")) == 1);
  CHECK(metrics.Sum(metric::kMessagesIn) == 9);
  CHECK(metrics.Value(metric::kTopics) == 2);
  CHECK(metrics.Value(metric::kPartitions) == 3);
  CHECK(metrics.Value(metric::kOfflinePartitions) == 0);
}

TEST_CASE("size, segments and offsets are those of the partition", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition buffered = PartitionOf(world.Create("buffered", kBufferedTopic));
  Partition flushed = PartitionOf(world.Create("flushed"));
  for (int i = 0; i < 4; ++i) {
    Put(buffered, "value " + std::to_string(i));
    REQUIRE_OK(buffered.Roll());
    Put(flushed, "value");
  }
  REQUIRE_OK(buffered.Trim(2));
  MetricsSnapshot metrics = broker.Metrics();
  CheckAgrees(metrics, buffered);
  CheckAgrees(metrics, flushed);
  CHECK(metrics.Value(metric::kLogStartOffset, Of("buffered", 0)) == 2);
  CHECK(metrics.Value(metric::kHighWatermark, Of("flushed", 0)) == 0);
  CHECK(metrics.Value(metric::kLogEndOffset, Of("flushed", 0)) == 4);
  REQUIRE_OK(flushed.Flush());
  metrics = broker.Metrics();
  CHECK(metrics.Value(metric::kHighWatermark, Of("flushed", 0)) == 4);
  CHECK(metrics.Latency(metric::kFlushLatency).count() == 1);
}

TEST_CASE("a partition that nobody has used since the start is told of as it was left", "[broker][metrics]") {
  BrokerWorld world;
  world.Open();
  {
    Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
    for (int i = 0; i < 4; ++i) {
      Put(partition, "value");
      REQUIRE_OK(partition.Roll());
    }
    REQUIRE_OK(partition.Trim(1));
  }
  Broker& broker = world.Reopen();
  const MetricsSnapshot metrics = broker.Metrics();
  CHECK(metrics.Value(metric::kMessagesIn, Of("orders")) == 0);
  CHECK(metrics.Value(metric::kLogEndOffset, Of("orders", 0)) == 4);
  CheckAgrees(metrics, PartitionOf(*broker.FindTopic("orders")));
}

TEST_CASE("reads count where they found something, also those of readers that have gone", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  const auto fetches = [&] { return broker.Metrics().Value(metric::kFetches, Of("orders")).value(); };
  const auto bytes = [&] { return broker.Metrics().Value(metric::kBytesOut, Of("orders")).value(); };
  Put(partition, "value");
  const auto size = static_cast<int64_t>(*partition.size_bytes());
  REQUIRE_OK(partition.Read(0));
  REQUIRE_OK(partition.Read(1));  // nothing there
  CHECK(fetches() == 1);
  CHECK(bytes() == size);
  {
    auto one = partition.Tail(0);
    auto two = partition.Tail(0);
    REQUIRE_OK(one->Next(0ns));
    REQUIRE_OK(one->Next(0ns));
    REQUIRE_OK(two->Next(0ns));
    const TailReader moved = *std::move(two);
    CHECK(fetches() == 3);
  }
  CHECK(fetches() == 3);
  CHECK(bytes() == 3 * size);
}

TEST_CASE("appends and flushes show how long they take", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition partition = PartitionOf(world.Create("orders"));
  Put(partition, "the first one makes the files");
  REQUIRE_OK(partition.Flush());
  world.disk().SetHook([&](const storage::Operation& operation) {
    if (operation.kind == storage::OperationKind::kFlush) world.clock().Advance(20ms);
    return absl::OkStatus();
  });
  for (int i = 0; i < 3; ++i) AppendDurably(partition, "value");
  const LatencySnapshot flushes = broker.Metrics().Latency(metric::kFlushLatency);
  CHECK(flushes.count() == 4);
  CHECK(flushes.max() == 20ms);
  CHECK(broker.Metrics().Latency(metric::kAppendLatency).count() == 3);  // two of them in the same millisecond
}

TEST_CASE("a partition that has stopped, or was refused, counts as offline", "[broker][metrics]") {
  BrokerWorld world;
  Partition partition = PartitionOf((world.Open(), world.Create("orders")));
  AppendDurably(partition, "value");
  AppendDurably(partition, "another");
  Partition other = PartitionOf(world.Create("other"));
  AppendDurably(other, "value");
  world.disk().SetHook([](const storage::Operation& operation) {
    const bool is_victim = operation.path.find("orders-0") != std::string::npos;
    return is_victim && operation.kind == storage::OperationKind::kFlush ? absl::DataLossError("bad")
                                                                         : absl::OkStatus();
  });
  Put(partition, "lost");
  CHECK_FALSE(partition.Flush().ok());
  CHECK(world.broker().Metrics().Value(metric::kOfflinePartitions) == 1);
  world.disk().SetHook(nullptr);

  world.Drop();
  REQUIRE_OK(world.disk().FlipBit("data/orders-0/00000000000000000000.log", 8 * 70));
  world.Open();
  CHECK_FALSE(PartitionOf(*world.broker().FindTopic("orders")).Read(0).ok());
  CHECK(world.broker().Metrics().Value(metric::kOfflinePartitions) == 1);
}

TEST_CASE("a topic that was deleted is gone from the metrics", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  Put(partition, "value");
  REQUIRE_OK(broker.DeleteTopic("orders"));
  const MetricsSnapshot metrics = broker.Metrics();
  CHECK(metrics.Value(metric::kMessagesIn, Of("orders")) == std::nullopt);
  CHECK(metrics.Sum(metric::kMessagesIn) == 0);
  CHECK(metrics.Value(metric::kTopics) == 0);
}

TEST_CASE("a closed broker has no metrics", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  world.Create("orders");
  const MetricsSnapshot before = broker.Metrics();
  REQUIRE_OK(broker.Close());
  CHECK(broker.Metrics().families().empty());
  CHECK(before.Value(metric::kTopics) == 1);
}

TEST_CASE("the memory of buffers is told of with its limit", "[broker][metrics]") {
  BrokerWorld world({.memory_limit = 12'345'678});
  const Broker& broker = world.Open();
  CHECK(broker.Metrics().Value(metric::kMemoryLimit) == 12'345'678);
  CHECK(broker.Metrics().Value(metric::kMemoryUsed) == 0);
}

TEST_CASE("metrics of a broker are a text that Prometheus reads", "[broker][metrics]") {
  BrokerWorld world;
  Broker& broker = world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBufferedTopic));
  for (int i = 0; i < 3; ++i) Put(partition, "value");
  const PrometheusText text(broker.Metrics().ToPrometheusText());
  CHECK(text.problems() == "");
  CHECK(text.samples().at("kafka_server_brokertopicmetrics_messagesin_total{topic=\"orders\"}") == 3);
  CHECK(text.samples().at("kafka_log_log_logendoffset{partition=\"0\",topic=\"orders\"}") == 3);
  CHECK(text.samples().at("moldau_append_seconds_count") == 1);
  CHECK(text.types().at("kafka_log_logflushstats_logflushrateandtimems") == "summary");
}

}  // namespace moldau::test
