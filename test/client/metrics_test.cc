// What Broker::Metrics says of groups, queues and latencies, and that it says it while everything works.
#include "moldau/metrics.h"

#include <atomic>
#include <thread>

#include "client/queue_world.h"
#include "client/world.h"
#include "support/prometheus_text.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

MetricLabels Of(const std::string& group, const std::string& topic, int32_t partition = 0) {
  return {{"consumergroup", group}, {"topic", topic}, {"partition", std::to_string(partition)}};
}
MetricLabels OfQueue(const std::string& queue) { return {{"queue", queue}, {"topic", queue}, {"partition", "0"}}; }

Consumer Subscribed(World& world, const std::string& group, const std::string& topic = "orders") {
  auto consumer = Consumer::Subscribe(*world.broker, {.group = group, .topics = {topic}, .enable_auto_commit = false});
  REQUIRE_OK(consumer);
  return *std::move(consumer);
}

Strings Polled(Consumer& consumer) {
  auto records = consumer.Poll(0ms);
  REQUIRE_OK(records);
  return ValuesOf(*records);
}

bool IsAbout(std::chrono::nanoseconds actual, std::chrono::nanoseconds expected) {
  return actual >= expected * 99 / 100 && actual <= expected * 101 / 100;
}

TEST_CASE("each group has its offset and its lag in each partition, and its members", "[client][metrics]") {
  World world;
  world.Create("orders", 2);
  for (const char* value : {"a", "b", "c"}) Append(*world.broker, "orders", {.value = value});
  Append(*world.broker, "orders", {.value = "d"}, 1);
  Consumer fast = Subscribed(world, "fast");
  CHECK(Polled(fast).size() == 4);
  REQUIRE_OK(fast.Commit());
  auto slow = Subscribed(world, "slow");
  REQUIRE_OK(slow.Commit({{{"orders", 0}, 1}}));
  Append(*world.broker, "orders", {.value = "e"}, 1);

  MetricsSnapshot metrics = world.broker->Metrics();
  CHECK(metrics.Value(metric::kGroupOffset, Of("fast", "orders", 0)) == 3);
  CHECK(metrics.Value(metric::kGroupLag, Of("fast", "orders", 0)) == 0);
  CHECK(metrics.Value(metric::kGroupOffset, Of("fast", "orders", 1)) == 1);
  CHECK(metrics.Value(metric::kGroupLag, Of("fast", "orders", 1)) == 1);
  CHECK(metrics.Value(metric::kGroupOffset, Of("slow", "orders", 0)) == 1);
  CHECK(metrics.Value(metric::kGroupLag, Of("slow", "orders", 0)) == 2);
  CHECK(metrics.Value(metric::kGroupLag, Of("slow", "orders", 1)) == std::nullopt);  // has committed nothing there
  CHECK(metrics.Sum(metric::kGroupLag, {{"consumergroup", "fast"}}) == 1);
  CHECK(metrics.Value(metric::kGroupMembers, {{"consumergroup", "fast"}}) == 1);

  REQUIRE_OK(fast.Close());
  metrics = world.broker->Metrics();
  CHECK(metrics.Value(metric::kGroupMembers, {{"consumergroup", "fast"}}) == 0);
  CHECK(metrics.Value(metric::kGroupLag, Of("fast", "orders", 1)) == 1);
}

TEST_CASE("the lag of a group that has not come back after a restart is known", "[client][metrics]") {
  World world;
  world.Create("orders");
  for (const char* value : {"a", "b", "c"}) Append(*world.broker, "orders", {.value = value});
  {
    Consumer consumer = Subscribed(world, "baristas");
    REQUIRE_OK(consumer.Commit({{{"orders", 0}, 1}}));
  }
  world.Reopen();
  CHECK(world.broker->Metrics().Value(metric::kGroupLag, Of("baristas", "orders")) == 2);
}

TEST_CASE("topics that moldau keeps for itself are told of when asked for", "[client][metrics]") {
  World world({.offsets_partitions = 3});
  world.Create("orders");
  Append(*world.broker, "orders", {.value = "a"});
  Consumer consumer = Subscribed(world, "baristas");
  REQUIRE_OK(consumer.Commit({{{"orders", 0}, 1}}));
  CHECK(world.broker->Metrics().Value(metric::kPartitions) == 1);
  const MetricsSnapshot all = world.broker->Metrics(/*with_internal=*/true);
  CHECK(all.Value(metric::kPartitions) == 4);
  CHECK(all.Value(metric::kMessagesIn, {{"topic", "__consumer_offsets"}}) > 0);
}

TEST_CASE("a producer's batches and records are counted, and what consumers fetched", "[client][metrics]") {
  World world;
  world.Create("orders");
  Producer producer(*world.broker);
  for (int i = 0; i < 10; ++i) Send(producer, "orders", {.value = "value"});
  REQUIRE_OK(producer.Flush());
  Consumer consumer = Subscribed(world, "baristas");
  CHECK(Polled(consumer).size() == 10);
  CHECK(Polled(consumer).empty());
  const MetricsSnapshot metrics = world.broker->Metrics();
  const MetricLabels orders = {{"topic", "orders"}};
  CHECK(metrics.Value(metric::kMessagesIn, orders) == 10);
  CHECK(metrics.Value(metric::kBatchesIn, orders) == 1);
  CHECK(metrics.Value(metric::kFetches, orders) == 1);
  CHECK(metrics.Value(metric::kBytesOut, orders) == metrics.Value(metric::kBytesIn, orders));
  CHECK(metrics.Value(metric::kShareFetches, orders) == std::nullopt);
  CHECK(metrics.Value(metric::kMemoryUsed) > 0);
}

TEST_CASE("a poll shows how long the first of its records has waited", "[client][metrics]") {
  World world;
  world.Create("orders");
  Consumer consumer = Subscribed(world, "baristas");
  const auto ages = [&] { return world.broker->Metrics().Latency(metric::kEndToEndLatency); };
  Append(*world.broker, "orders", {.value = "a"});
  world.clock.Advance(30ms);
  Append(*world.broker, "orders", {.value = "b"});
  world.clock.Advance(10ms);
  CHECK(Polled(consumer) == Strings{"a", "b"});
  CHECK(ages().count() == 1);
  CHECK(IsAbout(ages().max(), 40ms));
  Append(*world.broker, "orders", {.value = "c"});
  CHECK(Polled(consumer) == Strings{"c"});
  CHECK(ages().count() == 1);  // the clock has not moved
  Append(*world.broker, "orders", {.value = "d"});
  world.clock.Advance(2s);
  CHECK(Polled(consumer) == Strings{"d"});
  CHECK(ages().count() == 2);
  CHECK(IsAbout(ages().max(), 2s));
  CHECK(IsAbout(ages().Percentile(50), 40ms));
}

TEST_CASE("a queue shows its depth, its locks, and what it handed out", "[client][metrics][queue]") {
  World world;
  Queue queue = OpenQueue(*world.broker, {.max_deliveries = 2, .dead_letter = "jobs.dead"});
  const auto value = [&](std::string_view name) { return world.broker->Metrics().Value(name, OfQueue("jobs")); };
  Append(*world.broker, "jobs", Strings{"a", "b", "c", "d"});
  CHECK(value(metric::kQueueDepth) == 4);
  world.clock.Advance(50ms);
  Lease a = Received(queue);
  Lease b = Received(queue);
  CHECK(value(metric::kQueueInFlight) == 2);
  CHECK(value(metric::kQueueDeliveries) == 2);
  CHECK(value(metric::kQueueRedeliveries) == 0);
  REQUIRE_OK(a.Ack());
  REQUIRE_OK(b.Release());
  CHECK(value(metric::kQueueDepth) == 3);
  CHECK(value(metric::kQueueInFlight) == 0);
  CHECK(value(metric::kQueueWaiting) == 1);
  b = Received(queue);
  CHECK(b.value() == "b");
  REQUIRE_OK(b.Release());
  world.RunTasks();
  CHECK(value(metric::kQueueDeliveries) == 3);
  CHECK(value(metric::kQueueRedeliveries) == 1);
  CHECK(value(metric::kQueueDeadLetters) == 1);

  const MetricsSnapshot metrics = world.broker->Metrics();
  CHECK(metrics.Value(metric::kShareFetches, {{"topic", "jobs"}}) > 0);
  CHECK(metrics.Value(metric::kFetches, {{"topic", "jobs"}}) == 0);
  CHECK(metrics.Value(metric::kBytesOut, {{"topic", "jobs"}}) > 0);
  const LatencySnapshot ages = metrics.Latency(metric::kEndToEndLatency);
  CHECK(ages.count() == 1);
  CHECK(IsAbout(ages.max(), 50ms));
}

TEST_CASE("two queues on a topic are told apart, their reads are added up", "[client][metrics][queue]") {
  World world;
  world.Create("shared");
  Append(*world.broker, "shared", {.value = "a"});
  Queue one = OpenQueue(*world.broker, {.topic = "shared"}, "one");
  Queue two = OpenQueue(*world.broker, {.topic = "shared"}, "two");
  REQUIRE_OK(Received(one).Ack());
  const Lease held = Received(two);
  const MetricsSnapshot metrics = world.broker->Metrics();
  const auto depth = [&](const char* queue) {
    return metrics.Value(metric::kQueueDepth, {{"queue", queue}, {"topic", "shared"}, {"partition", "0"}});
  };
  CHECK(depth("one") == 0);
  CHECK(depth("two") == 1);
  CHECK(metrics.Value(metric::kShareFetches, {{"topic", "shared"}}) == 2);
}

TEST_CASE("all that there is to tell is a text that Prometheus reads, whatever the names", "[client][metrics]") {
  World world;
  world.Create("orders");
  Append(*world.broker, "orders", {.value = "a"});
  Consumer consumer = Subscribed(world, "a \"strange\" \\ group\n\xFF");
  CHECK(Polled(consumer).size() == 1);
  REQUIRE_OK(consumer.Commit());
  Queue queue = OpenQueue(*world.broker, {.topic = "orders"}, "que,ue{}");
  REQUIRE_OK(Received(queue).Ack());
  const MetricsSnapshot metrics = world.broker->Metrics(true);
  const PrometheusText text(metrics.ToPrometheusText());
  CHECK(text.problems() == "");
  size_t samples = 0;
  for (const MetricFamily& family : metrics.families()) {
    samples += family.samples.size() + (family.kind != MetricFamily::Kind::kLatency ? 0
                                        : family.latency.count() == 0               ? 2
                                                                                    : 7);
  }
  CHECK(text.samples().size() == samples);
}

TEST_CASE("metrics are taken while threads append and read, and end at what they did", "[client][metrics][threads]") {
  constexpr int kWriters = 2;
  const int each = Scaled(2'000);
  LiveWorld world;
  Topic orders = world.Create("orders", 2);
  Findings findings;
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      auto partition = orders.partition(0);  // both to one
      Producer producer(*world.broker);
      for (int i = 0; i < each; ++i) {
        findings.Expect(partition->Append({.value = "appended"}));
        findings.Expect(producer.Send("orders", {.key = "key", .value = "sent " + std::to_string(w)}));
      }
      findings.Expect(producer.Flush());
      --writing;
    });
  }
  std::atomic<int64_t> read{0};
  threads.emplace_back([&] {
    auto consumer = Consumer::Subscribe(*world.broker, {.group = "readers", .topics = {"orders"}});
    findings.Expect(consumer);
    while (read < int64_t{2} * kWriters * each) {
      const auto records = consumer->Poll(100ms);
      findings.Expect(records);
      if (!records.ok()) return;
      for (auto at = records->begin(); at != records->end(); ++at) ++read;
    }
    findings.Expect(consumer->Commit());
  });
  int64_t last = 0;
  while (writing > 0) {
    const MetricsSnapshot metrics = world.broker->Metrics(true);
    const int64_t in = metrics.Sum(metric::kMessagesIn, {{"topic", "orders"}});
    findings.Expect(in >= last, "a counter fell");
    last = in;
    for (const char* partition : {"0", "1"}) {
      const MetricLabels labels = {{"topic", "orders"}, {"partition", partition}};
      findings.Expect(metrics.Value(metric::kHighWatermark, labels) <= metrics.Value(metric::kLogEndOffset, labels),
                      "the high watermark is above the end");
    }
    findings.Expect(PrometheusText(metrics.ToPrometheusText()).problems().empty(), "a text that cannot be read");
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(findings.text() == "");
  const MetricsSnapshot metrics = world.broker->Metrics();
  CHECK(metrics.Sum(metric::kMessagesIn) == int64_t{2} * kWriters * each);
  CHECK(metrics.Sum(metric::kLogEndOffset) == int64_t{2} * kWriters * each);
  CHECK(metrics.Sum(metric::kBytesOut) == metrics.Sum(metric::kBytesIn));
  CHECK(metrics.Sum(metric::kGroupLag, {{"consumergroup", "readers"}}) == 0);
  CHECK(metrics.Latency(metric::kAppendLatency).count() > 0);
  CHECK(metrics.Latency(metric::kEndToEndLatency).count() > 0);
}

}  // namespace
}  // namespace moldau
