// Durable before acknowledged.
#include <thread>

#include "harness/floors.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr size_t kMessage = 100;
constexpr size_t kBatchBytes = 171;  // of one record of 100 B

// The p50 of single flushed appends against single writes and flushes, in turns.
Sample MeasureFlush(int64_t rounds) {
  const Messages messages(kMessage);
  OneLog log(Durability::kFlushed);
  PreparedFile file(log.scratch.path() + "/floor", size_t{4} << 20);
  const std::vector<std::byte> bytes(kBatchBytes, std::byte{7});
  const auto append = [&](int64_t i) {
    return SecondsOf(
        [&] { Must(Must(log.partition.Append(Record{.value = messages.at(static_cast<size_t>(i))})).Wait()); });
  };
  append(0);
  std::vector<double> before, after, candidate;
  for (int64_t i = 0; i < rounds; ++i) {
    (i < rounds / 2 ? before : after).push_back(file.WriteAndSync(bytes));
    candidate.push_back(append(i));
  }
  if (before.empty()) before = after;
  Sample sample{.floor_before = MedianOf(before), .floor_after = MedianOf(after)};
  sample.value = MedianOf(candidate) / ((sample.floor_before + sample.floor_after) / 2);
  return sample;
}

Sample MeasureGroupCommit(int threads, int64_t per_thread) {
  const Messages messages(kMessage);
  const std::vector<std::byte> bytes(kBatchBytes, std::byte{7});
  OneLog log(Durability::kFlushed);
  PreparedFile file(log.scratch.path() + "/floor", size_t{4} << 20);
  const auto floor = [&] {
    const int64_t rounds = std::max<int64_t>(per_thread / 2, 1);
    return static_cast<double>(rounds) / SecondsOf([&] {
             for (int64_t i = 0; i < rounds; ++i) file.WriteAndSync(bytes);
           });
  };
  Must(Must(log.partition.Append(Record{.value = "warm"})).Wait());
  Sample sample{.floor_before = floor()};
  const double seconds = SecondsOf([&] {
    std::vector<std::jthread> producers;
    for (int thread = 0; thread < threads; ++thread) {
      producers.emplace_back([&] {
        for (int64_t i = 0; i < per_thread; ++i) {
          Must(Must(log.partition.Append(Record{.value = messages.at(static_cast<size_t>(i))})).Wait());
        }
      });
    }
  });
  sample.floor_after = floor();
  const double rate = static_cast<double>(threads) * static_cast<double>(per_thread) / seconds;
  sample.value = rate / ((sample.floor_before + sample.floor_after) / 2);
  return sample;
}

}  // namespace

std::vector<Figure> FlushFigures(const Scale& scale) {
  return {{.name = "flush_1",
           .what = "one flushed append, p50, to bare pwrite + fdatasync",
           .must = 1.3,
           .aim = 1.1,
           .less_is_better = true,
           .measure = [=] { return MeasureFlush(scale.Of(1000)); }},
          {.name = "group_commit_64",
           .what = "64 producers, each waiting for its flush, to pwrite + fdatasync by one thread",
           .must = 4,
           .aim = 6,
           .measure = [=] { return MeasureGroupCommit(64, scale.Of(1000)); }}};
}

}  // namespace moldau::bench
