// From an append to the thread that waits for it.
#include <atomic>
#include <cstring>
#include <thread>

#include "harness/floors.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

// Each record carries the moment of its append; the next one is appended when it has been read.
double TailSeconds(int64_t records) {
  OneLog log(Durability::kBuffered);
  Done(log.partition.Append(Record{.value = "warm"}));
  Must(log.partition.Prepare(uint64_t{32} << 20));
  const std::string filler(100 - sizeof(double), 'x');
  alignas(128) std::atomic<int64_t> seen{0};
  std::vector<double> delays;
  delays.reserve(static_cast<size_t>(records));
  std::thread reader([&] {
    TailReader tail = Must(log.partition.Tail(1, {.wait = WaitStrategy::kSpin}));
    seen.store(1, std::memory_order_release);
    while (static_cast<int64_t>(delays.size()) < records) {
      const FetchedRecords fetched = Must(tail.Next());
      for (const RecordView& record : fetched) {
        double sent;
        std::memcpy(&sent, record.value().data(), sizeof sent);
        delays.push_back(NowSeconds() - sent);
      }
      seen.store(static_cast<int64_t>(delays.size()) + 1, std::memory_order_release);
    }
  });
  std::string value = std::string(sizeof(double), '\0') + filler;
  for (int64_t i = 1; i <= records; ++i) {
    while (seen.load(std::memory_order_acquire) < i) {
    }
    // A moment, so that the reader is waiting again.
    for (const double until = NowSeconds() + 1e-6; NowSeconds() < until;) {
    }
    const double now = NowSeconds();
    std::memcpy(value.data(), &now, sizeof now);
    Done(log.partition.Append(Record{.value = value}));
  }
  reader.join();
  return MedianOf(std::move(delays)) - ClockSeconds();
}

Sample MeasureTail(int64_t records) {
  Sample sample{.floor_before = PingPongSeconds(records)};
  const double seconds = TailSeconds(records);
  sample.floor_after = PingPongSeconds(records);
  sample.value = seconds / ((sample.floor_before + sample.floor_after) / 2);
  return sample;
}

}  // namespace

std::vector<Figure> TailFigures(const Scale& scale) {
  return {{.name = "tail_spin_p50",
           .what = "append to a thread that spins on the tail, p50, to bare cache-line ping-pong",
           .must = 2.5,
           .aim = 1.8,
           .less_is_better = true,
           .measure = [=] { return MeasureTail(scale.Of(200'000)); }}};
}

}  // namespace moldau::bench
