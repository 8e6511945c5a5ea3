// Reading every record of a log that lies in the page cache.
#include <algorithm>
#include <limits>

#include "harness/floors.h"
#include "harness/support.h"
#include "moldau/record/verify.h"

namespace moldau::bench {
namespace {

constexpr int64_t kBatches = 40'000;  // of 100 records of 100 B: 440 MB

enum class How { kView, kViewAndCrc, kPoll };

struct Filled : OneLog {
  explicit Filled(int64_t batches) : OneLog(Durability::kBuffered), count(batches * 100) {
    const Messages messages(100);
    const std::vector<Record> records = messages.Records(100);
    for (int64_t i = 0; i < batches; ++i) Done(partition.Append(records));
  }
  const int64_t count;

  // The mapped log, as reads return it.
  [[nodiscard]] std::vector<FetchedRecords> All() {
    std::vector<FetchedRecords> all;
    for (int64_t at = 0; at < count;) {
      all.push_back(Must(partition.Read(at, {.max_bytes = size_t{1} << 20})));
      at = all.back().next_offset();
    }
    return all;
  }
};

// A pass takes some tens of milliseconds: the best of a few is what the machine can do.
constexpr int kPasses = 3;

double Bandwidth(const std::vector<FetchedRecords>& all) {
  std::vector<std::span<const std::byte>> ranges;
  for (const FetchedRecords& records : all) ranges.push_back(records.batches());
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) best = std::max(best, ReadBandwidth(ranges));
  return best;
}

int64_t ScanByView(Filled& log, bool check) {
  int64_t seen = 0;
  uint64_t sum = 0;
  TailReader reader = Must(log.partition.Tail(0));
  while (seen < log.count) {
    const FetchedRecords records = Must(reader.Next());
    if (check) {
      for (std::span<const std::byte> left = records.batches(); !left.empty();) {
        const record::BatchView batch(left.data());
        if (!record::HasValidCrc(batch)) Die("a batch of the log is damaged");
        left = left.subspan(batch.size_in_bytes());
      }
    }
    for (const RecordView& record : records) {
      sum += record.value().size() + static_cast<uint8_t>(record.value()[0]);
      ++seen;
    }
  }
  Keep(sum);
  return seen;
}

int64_t ScanByPoll(Filled& log) {
  int64_t seen = 0;
  uint64_t sum = 0;
  const TopicPartition source{log.topic.name(), 0};
  Consumer consumer = Must(Consumer::Assign(*log.broker, std::span(&source, 1)));
  while (seen < log.count) {
    const ConsumerRecords records = Must(consumer.Poll(std::chrono::seconds(1)));
    for (const ConsumerRecord& record : records) {
      sum += record.value().size() + static_cast<uint8_t>(record.value()[0]);
      ++seen;
    }
  }
  Keep(sum);
  return seen;
}

Sample MeasureScan(How how, int64_t batches) {
  Filled log(batches);
  const std::vector<FetchedRecords> all = log.All();
  size_t bytes = 0;
  for (const FetchedRecords& records : all) bytes += records.batches().size();
  Keep(Bandwidth(all));  // touches every page of the mapping once
  Sample sample{.floor_before = Bandwidth(all)};
  const Counting counting;
  double seconds = std::numeric_limits<double>::max();
  for (int pass = 0; pass < kPasses; ++pass) {
    seconds = std::min(seconds, SecondsOf([&] {
                         Keep(how == How::kPoll ? ScanByPoll(log) : ScanByView(log, how == How::kViewAndCrc));
                       }));
  }
  sample.counters = counting.For(static_cast<double>(log.count) * kPasses);
  sample.floor_after = Bandwidth(all);
  sample.value = static_cast<double>(bytes) / seconds / ((sample.floor_before + sample.floor_after) / 2);
  return sample;
}

}  // namespace

std::vector<Figure> ScanFigures(const Scale& scale) {
  const auto figure = [&](std::string name, std::string what, double must, double aim, How how) {
    return Figure{.name = std::move(name), .what = std::move(what), .must = must, .aim = aim, .measure = [=] {
                    return MeasureScan(how, scale.Of(kBatches));
                  }};
  };
  return {figure("scan", "every record of a cached log, by view", 0.55, 0.75, How::kView),
          figure("scan_crc", "the same with each batch's crc checked", 0.35, 0.45, How::kViewAndCrc),
          figure("scan_poll", "the same through Consumer::Poll", 0.35, 0.55, How::kPoll)};
}

}  // namespace moldau::bench
