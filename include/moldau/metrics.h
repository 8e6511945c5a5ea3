// What a broker has done since it was opened and how it stands, as values of one moment: counters, gauges and
// latencies, to be looked up, walked through, or given to Prometheus.
//
//   moldau::MetricsSnapshot metrics = broker->Metrics();
//   metrics.Value(moldau::metric::kLogEndOffset, {{"topic", "orders"}, {"partition", "0"}});
//   metrics.Sum(moldau::metric::kGroupLag, {{"consumergroup", "baristas"}});
//   metrics.Latency(moldau::metric::kAppendLatency).Percentile(99);
//   Answer("/metrics", metrics.ToPrometheusText());
//
// What Kafka has is named as Kafka's Prometheus exporters name it, so that its dashboards and alerts read it.
//
// Threads: plain values.   Ownership: none; they outlive the broker.   Failure: none; each member says what it answers
// for what is not there.
// Source: Kafka's MBeans, as JMX exporter's published rules for Kafka name them; kafka_exporter for consumer groups;
// Prometheus' text format 0.0.4.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moldau {

namespace metric {

// --- by topic ---
inline constexpr std::string_view kMessagesIn = "kafka_server_brokertopicmetrics_messagesin_total";
inline constexpr std::string_view kBytesIn = "kafka_server_brokertopicmetrics_bytesin_total";
inline constexpr std::string_view kBytesOut = "kafka_server_brokertopicmetrics_bytesout_total";
// Batches that were appended; one of Kafka's requests holds one for each partition.
inline constexpr std::string_view kBatchesIn = "kafka_server_brokertopicmetrics_totalproducerequests_total";
// Reads that returned something, of consumers and other readers of the topic; and of queues.
inline constexpr std::string_view kFetches = "kafka_server_brokertopicmetrics_totalfetchrequests_total";
inline constexpr std::string_view kShareFetches = "kafka_server_brokertopicmetrics_totalsharefetchrequests_total";

// --- by topic and partition ---
inline constexpr std::string_view kLogSize = "kafka_log_log_size";
inline constexpr std::string_view kLogSegments = "kafka_log_log_numlogsegments";
inline constexpr std::string_view kLogStartOffset = "kafka_log_log_logstartoffset";
inline constexpr std::string_view kLogEndOffset = "kafka_log_log_logendoffset";
inline constexpr std::string_view kHighWatermark = "moldau_log_high_watermark";
// How often an append found others at the end of the log and had to wait.
inline constexpr std::string_view kAppendWaits = "moldau_log_append_waits_total";

// --- by consumergroup; topic and partition ---
inline constexpr std::string_view kGroupMembers = "kafka_consumergroup_members";
inline constexpr std::string_view kGroupOffset = "kafka_consumergroup_current_offset";
inline constexpr std::string_view kGroupLag = "kafka_consumergroup_lag";

// --- by queue, topic and partition; of the queues that this process has opened ---
inline constexpr std::string_view kQueueDepth = "moldau_queue_depth";
inline constexpr std::string_view kQueueInFlight = "moldau_queue_in_flight";
inline constexpr std::string_view kQueueWaiting = "moldau_queue_waiting";
inline constexpr std::string_view kQueueDeliveries = "moldau_queue_deliveries_total";
inline constexpr std::string_view kQueueRedeliveries = "moldau_queue_redeliveries_total";
inline constexpr std::string_view kQueueDeadLetters = "moldau_queue_dead_letters_total";

// --- of the broker ---
inline constexpr std::string_view kTopics = "kafka_controller_kafkacontroller_globaltopiccount";
inline constexpr std::string_view kPartitions = "kafka_server_replicamanager_partitioncount";
// Those that are damaged, or have stopped after a storage error.
inline constexpr std::string_view kOfflinePartitions = "kafka_controller_kafkacontroller_offlinepartitionscount";
inline constexpr std::string_view kMemoryUsed = "moldau_memory_used_bytes";
inline constexpr std::string_view kMemoryLimit = "moldau_memory_limit_bytes";

// --- latencies ---
// Of appends to partitions, by whatever way but a claim. A sample: the first append of a partition in each tick of the
// calendar clock (a few milliseconds).
inline constexpr std::string_view kAppendLatency = "moldau_append_seconds";
// Of every 16th of the waits that kAppendWaits counts.
inline constexpr std::string_view kAppendWaitLatency = "moldau_append_wait_seconds";
// From the write to the end of the flush; all of them.
inline constexpr std::string_view kFlushLatency = "kafka_log_logflushstats_logflushrateandtimems";
// From a record's timestamp to the poll or the receive that hands it out: of the first record of a fetch, which has
// waited longest. A sample: the first fetch of a partition in each tick of the calendar clock, by which it is measured.
inline constexpr std::string_view kEndToEndLatency = "moldau_end_to_end_seconds";

}  // namespace metric

// Durations that were observed. Percentiles are within 1 % of the exact ones; what took longer than ten hours counts
// as ten hours, but for sum and max.
class LatencySnapshot {
 public:
  struct Bucket {
    std::chrono::nanoseconds duration{0};  // the middle of what is counted here
    int64_t count = 0;
  };

  // Of none.
  LatencySnapshot() = default;
  // `buckets` by rising duration, none of them empty.
  LatencySnapshot(std::vector<Bucket> buckets, std::chrono::nanoseconds sum, std::chrono::nanoseconds max);

  [[nodiscard]] int64_t count() const noexcept { return count_; }
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept { return sum_; }
  [[nodiscard]] std::chrono::nanoseconds max() const noexcept { return max_; }
  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept;
  // The duration that `percent` of a hundred did not exceed, 50 being the median; 0 if there is none.
  [[nodiscard]] std::chrono::nanoseconds Percentile(double percent) const noexcept;
  // Those that are not empty.
  [[nodiscard]] const std::vector<Bucket>& buckets() const noexcept { return buckets_; }

 private:
  std::vector<Bucket> buckets_;
  int64_t count_ = 0;
  std::chrono::nanoseconds sum_{0};
  std::chrono::nanoseconds max_{0};
};

using MetricLabels = std::map<std::string, std::string, std::less<>>;

struct MetricSample {
  MetricLabels labels;
  int64_t value = 0;
};

// All that goes by one name.
struct MetricFamily {
  enum class Kind : uint8_t {
    kCounter,  // only rises, from 0 at the broker's opening
    kGauge,
    kLatency,
  };
  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<MetricSample> samples;  // of counters and gauges
  LatencySnapshot latency;            // of a latency,
  std::chrono::nanoseconds unit{1};   // and in which unit its name promises it
};

class MetricsSnapshot {
 public:
  // Of nothing.
  MetricsSnapshot() = default;
  explicit MetricsSnapshot(std::vector<MetricFamily> families) noexcept : families_(std::move(families)) {}

  [[nodiscard]] const std::vector<MetricFamily>& families() const noexcept { return families_; }

  // Of the sample that has exactly these labels; nullopt if there is none.
  [[nodiscard]] std::optional<int64_t> Value(std::string_view name, const MetricLabels& labels = {}) const;
  // Of all samples that have these labels among theirs; 0 if there are none.
  [[nodiscard]] int64_t Sum(std::string_view name, const MetricLabels& labels = {}) const;
  // Of no durations if there is no such latency.
  [[nodiscard]] const LatencySnapshot& Latency(std::string_view name) const;

  // To be served as "text/plain; version=0.0.4". Latencies are summaries; their quantile 1 is the longest.
  [[nodiscard]] std::string ToPrometheusText() const;

 private:
  [[nodiscard]] const MetricFamily* Find(std::string_view name) const;

  std::vector<MetricFamily> families_;
};

}  // namespace moldau
