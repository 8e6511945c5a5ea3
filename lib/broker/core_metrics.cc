// What the broker has done and how it stands, gathered from those who know: the logs, the readers, the coordinators.
#include <algorithm>
#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/core.h"

namespace moldau::broker {
namespace {

using Kind = MetricFamily::Kind;

MetricFamily Family(Kind kind, std::string_view name, std::string help) {
  return {.name = std::string(name), .help = std::move(help), .kind = kind};
}
MetricFamily Counter(std::string_view name, std::string help) { return Family(Kind::kCounter, name, std::move(help)); }
MetricFamily Gauge(std::string_view name, std::string help) { return Family(Kind::kGauge, name, std::move(help)); }

MetricFamily Latency(std::string_view name, std::string help, std::chrono::nanoseconds unit,
                     const base::LatencyHistogram& histogram) {
  MetricFamily family = Family(Kind::kLatency, name, std::move(help));
  family.latency = histogram.Snapshot();
  family.unit = unit;
  return family;
}

template <typename Integer>
void Add(MetricFamily& family, const MetricLabels& labels, Integer value) {
  family.samples.push_back({labels, static_cast<int64_t>(value)});
}

MetricLabels LabelsOf(const TopicPartition& partition) {
  return {{"topic", partition.topic}, {"partition", std::to_string(partition.partition)}};
}
MetricLabels LabelsOf(const TopicPartition& partition, const char* reader, const std::string& name) {
  MetricLabels labels = LabelsOf(partition);
  labels.emplace(reader, name);
  return labels;
}

// What goes by topic, and by partition.
class TopicMetrics {
 public:
  // One that is not shown counts only if it is in trouble. Returns the high watermarks of its partitions.
  std::vector<int64_t> AddTopic(const TopicState& topic, bool is_shown) {
    const MetricLabels labels = {{"topic", topic.info().name}};
    log::AppendTotals appended;
    ReadTotals read;
    std::vector<int64_t> high_watermarks;
    for (const auto& partition : topic.partitions()) {
      const PartitionFigures figures = partition->Figures();
      appended.batches += figures.appended.batches;
      appended.records += figures.appended.records;
      appended.bytes += figures.appended.bytes;
      read.fetches += figures.read.fetches;
      read.bytes += figures.read.bytes;
      high_watermarks.push_back(figures.high_watermark);
      offline_partitions_ += figures.is_offline ? 1 : 0;
      if (is_shown) AddPartition({topic.info().name, partition->id()}, figures);
    }
    if (!is_shown) return high_watermarks;
    Add(messages_in_, labels, appended.records);
    Add(bytes_in_, labels, appended.bytes);
    Add(batches_in_, labels, appended.batches);
    Add(bytes_out_, labels, read.bytes);
    Add(fetches_, labels, read.fetches);
    ++topics_;
    return high_watermarks;
  }

  void AddShareReads(const std::string& topic, const coordinator::ShareStatistics& statistics) {
    // They came sorted.
    const auto found = std::lower_bound(
        bytes_out_.samples.begin(), bytes_out_.samples.end(), topic,
        [](const MetricSample& sample, const std::string& name) { return sample.labels.at("topic") < name; });
    if (found == bytes_out_.samples.end() || found->labels.at("topic") != topic) return;
    found->value += statistics.bytes_read;
    if (share_fetches_.samples.empty() || share_fetches_.samples.back().labels != found->labels) {
      Add(share_fetches_, found->labels, 0);
    }
    share_fetches_.samples.back().value += statistics.fetches;
  }

  void MoveTo(std::vector<MetricFamily>& families) {
    Add(count_, {}, topics_);
    Add(partition_count_, {}, partitions_);
    Add(offline_, {}, offline_partitions_);
    for (MetricFamily* const family :
         {&messages_in_, &bytes_in_, &bytes_out_, &batches_in_, &fetches_, &share_fetches_, &size_, &segments_, &start_,
          &high_watermark_, &end_, &waits_, &count_, &partition_count_, &offline_}) {
      families.push_back(std::move(*family));
    }
  }

 private:
  void AddPartition(const TopicPartition& name, const PartitionFigures& figures) {
    const MetricLabels labels = LabelsOf(name);
    Add(size_, labels, figures.size_bytes);
    Add(segments_, labels, figures.segment_count);
    Add(start_, labels, figures.log_start_offset);
    Add(high_watermark_, labels, figures.high_watermark);
    Add(end_, labels, figures.log_end_offset);
    Add(waits_, labels, figures.append_waits);
    ++partitions_;
  }

  MetricFamily messages_in_ = Counter(metric::kMessagesIn, "Records that were appended.");
  MetricFamily bytes_in_ = Counter(metric::kBytesIn, "Bytes of the batches that were appended.");
  MetricFamily bytes_out_ = Counter(metric::kBytesOut, "Bytes of the batches that were read.");
  MetricFamily batches_in_ = Counter(metric::kBatchesIn, "Batches that were appended.");
  MetricFamily fetches_ = Counter(metric::kFetches, "Reads by consumers and other readers that returned something.");
  MetricFamily share_fetches_ = Counter(metric::kShareFetches, "Reads by queues that returned something.");
  MetricFamily size_ = Gauge(metric::kLogSize, "Bytes of all batches that are kept.");
  MetricFamily segments_ = Gauge(metric::kLogSegments, "Segments of the log.");
  MetricFamily start_ = Gauge(metric::kLogStartOffset, "Of the oldest record that is kept.");
  MetricFamily high_watermark_ = Gauge(metric::kHighWatermark, "Readers see what lies below it.");
  MetricFamily end_ = Gauge(metric::kLogEndOffset, "Of the next append.");
  MetricFamily waits_ = Counter(metric::kAppendWaits, "Appends that had to wait for others at the end of the log.");
  MetricFamily count_ = Gauge(metric::kTopics, "Topics.");
  MetricFamily partition_count_ = Gauge(metric::kPartitions, "Partitions.");
  MetricFamily offline_ = Gauge(metric::kOfflinePartitions, "Partitions that are damaged or have stopped.");
  int64_t topics_ = 0;
  int64_t partitions_ = 0;
  int64_t offline_partitions_ = 0;
};

class QueueMetrics {
 public:
  void AddPartition(const coordinator::SharePartition& partition, const coordinator::ShareStatistics& statistics) {
    const MetricLabels labels = LabelsOf(partition.name(), "queue", partition.queue());
    Add(depth_, labels, std::max<int64_t>(0, partition.log().high_watermark() - statistics.start_offset));
    Add(in_flight_, labels, statistics.in_flight);
    Add(waiting_, labels, statistics.waiting);
    Add(deliveries_, labels, statistics.deliveries);
    Add(redeliveries_, labels, statistics.redeliveries);
    Add(dead_letters_, labels, statistics.dead_letters);
  }

  void MoveTo(std::vector<MetricFamily>& families) {
    for (MetricFamily* const family : {&depth_, &in_flight_, &waiting_, &deliveries_, &redeliveries_, &dead_letters_}) {
      families.push_back(std::move(*family));
    }
  }

 private:
  MetricFamily depth_ = Gauge(metric::kQueueDepth, "Records from the first that is not done to the end.");
  MetricFamily in_flight_ = Gauge(metric::kQueueInFlight, "Records that are locked.");
  MetricFamily waiting_ = Gauge(metric::kQueueWaiting, "Records that are put off.");
  MetricFamily deliveries_ = Counter(metric::kQueueDeliveries, "Records that were handed out, again or not.");
  MetricFamily redeliveries_ = Counter(metric::kQueueRedeliveries, "Records that were handed out again.");
  MetricFamily dead_letters_ = Counter(metric::kQueueDeadLetters, "Records that ended among the dead letters.");
};

}  // namespace

MetricsSnapshot Core::Metrics(bool with_internal) {
  if (!CheckOpen().ok()) return {};
  std::vector<MetricFamily> families;
  TopicMetrics topics;
  QueueMetrics queues;
  std::map<std::string, std::vector<int64_t>, std::less<>> ends;
  for (const std::string& name : ListTopics(/*with_internal=*/true)) {
    const std::shared_ptr<TopicState> topic = FindOrNull(name);
    if (topic == nullptr) continue;  // deleted meanwhile
    const bool is_shown = with_internal || !topic->info().internal;
    std::vector<int64_t> high_watermarks = topics.AddTopic(*topic, is_shown);
    if (is_shown) ends.emplace(name, std::move(high_watermarks));
  }
  std::vector<std::shared_ptr<coordinator::SharePartition>> shares = queues_->All();
  std::sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) {
    return std::tie(a->name(), a->queue()) < std::tie(b->name(), b->queue());
  });
  for (const auto& share : shares) {
    const coordinator::ShareStatistics statistics = share->Statistics();
    queues.AddPartition(*share, statistics);
    topics.AddShareReads(share->name().topic, statistics);
  }
  topics.MoveTo(families);
  AddGroupMetrics(ends, families);
  queues.MoveTo(families);

  MetricFamily memory_used = Gauge(metric::kMemoryUsed, "Bytes in buffers of the broker and its clients.");
  Add(memory_used, {}, environment_->memory()->used());
  MetricFamily memory_limit = Gauge(metric::kMemoryLimit, "Bytes that these buffers may have.");
  Add(memory_limit, {}, environment_->memory()->limit());
  families.push_back(std::move(memory_used));
  families.push_back(std::move(memory_limit));

  const Latencies& latencies = environment_->latencies();
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  families.push_back(Latency(metric::kAppendLatency, "Appends; a sample.", seconds(1), latencies.log.append));
  families.push_back(Latency(metric::kAppendWaitLatency, "Waits for others at the end of a log; a sample.", seconds(1),
                             latencies.log.append_wait));
  families.push_back(Latency(metric::kFlushLatency, "Flushes of a log.", milliseconds(1), latencies.log.flush));
  families.push_back(Latency(metric::kEndToEndLatency, "From a record's timestamp until it is handed out; a sample.",
                             seconds(1), latencies.end_to_end));
  return MetricsSnapshot(std::move(families));
}

// As a client would ask: groups that nobody has used since the start are read for it.
void Core::AddGroupMetrics(const std::map<std::string, std::vector<int64_t>, std::less<>>& ends,
                           std::vector<MetricFamily>& families) {
  MetricFamily members = Gauge(metric::kGroupMembers, "Members of the group.");
  MetricFamily offsets = Gauge(metric::kGroupOffset, "What the group has committed.");
  MetricFamily lags = Gauge(metric::kGroupLag, "Readable records that the group has not committed.");
  for (const auto& listed : groups_->List({}).groups) {
    const std::string& id = listed.group_id;
    for (const auto& group : groups_->Describe({.groups = {id}}).groups) {
      Add(members, {{"consumergroup", id}}, group.members.size());
    }
    for (const auto& topic : groups_->Fetch({.group_id = id, .topics = std::nullopt}).topics) {
      const auto known = ends.find(topic.name);
      for (const auto& partition : topic.partitions) {
        const auto at = static_cast<size_t>(partition.partition_index);
        if (known == ends.end() || at >= known->second.size()) continue;
        const MetricLabels labels = LabelsOf({topic.name, partition.partition_index}, "consumergroup", id);
        Add(offsets, labels, partition.committed_offset);
        Add(lags, labels, std::max<int64_t>(0, known->second[at] - partition.committed_offset));
      }
    }
  }
  families.push_back(std::move(members));
  families.push_back(std::move(offsets));
  families.push_back(std::move(lags));
}

}  // namespace moldau::broker
