// Consumer groups: how long a consumer takes to its first record, and what a commit costs.
#include "absl/strings/str_format.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr int32_t kPartitions = 100;

// From Subscribe to the first record of a topic with data, p50 over new groups and groups that went before.
Sample MeasureJoin(int64_t groups) {
  OneLog log(Durability::kFlushed);
  Must(Must(log.partition.Append(Record{.key = "alice", .value = "espresso"})).Wait());
  std::vector<double> seconds;
  for (int64_t i = 0; i < groups; ++i) {
    const std::string group = absl::StrFormat("group %d", i / 2);
    seconds.push_back(SecondsOf([&] {
      Consumer consumer = Must(Consumer::Subscribe(*log.broker, {.group = group, .topics = {log.topic.name()}}));
      if (Must(consumer.Poll(std::chrono::seconds(1))).empty()) Die("join: no record");
    }));
  }
  return {.value = 1000 * MedianOf(seconds)};
}

// A commit of 100 partitions that have all moved on, buffered, p50.
Sample MeasureCommit(int64_t rounds) {
  const Scratch scratch;
  const auto broker =
      Must(Broker::Open({.data_dir = scratch.path() + "/data", .offsets_durability = Durability::kBuffered}));
  const Topic topic =
      Must(broker->CreateTopic("orders", {.partitions = kPartitions, .durability = Durability::kBuffered}));
  Consumer consumer = Must(Consumer::Subscribe(*broker, {.group = "baristas", .topics = {"orders"}}));
  std::vector<double> seconds;
  for (int64_t i = 0; i < rounds; ++i) {
    for (int32_t p = 0; p < kPartitions; ++p) Done(Must(topic.partition(p)).Append(Record{.value = "v"}));
    for (int32_t left = kPartitions; left > 0;) {
      left -= static_cast<int32_t>(Must(consumer.Poll(std::chrono::seconds(1))).partitions().size());
    }
    seconds.push_back(SecondsOf([&] { Must(consumer.Commit()); }));
  }
  return {.value = 1e6 * MedianOf(seconds)};
}

}  // namespace

std::vector<Figure> GroupFigures(const Scale& scale) {
  return {{.name = "join_ms",
           .what = "Subscribe of a group to the first record of a topic with data",
           .unit = " ms",
           .must = 10,
           .aim = 1,
           .less_is_better = true,
           .measure = [=] { return MeasureJoin(scale.Of(100)); }},
          {.name = "commit_100_us",
           .what = "a commit of the offsets of 100 partitions, buffered, p50",
           .unit = " us",
           .must = 50,
           .aim = 10,
           .less_is_better = true,
           .measure = [=] { return MeasureCommit(scale.Of(1000)); }}};
}

}  // namespace moldau::bench
