#include "base/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "moldau/base/random.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::base {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;

// The exact answer: the smallest value that is not exceeded by `percent` of a hundred.
int64_t PercentileOf(const std::vector<int64_t>& sorted, double percent) {
  const auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

// Of all sizes: the number of bits is even, not the value.
std::vector<int64_t> Durations(Random& random, size_t count) {
  std::vector<int64_t> durations;
  for (size_t i = 0; i < count; ++i) {
    durations.push_back(static_cast<int64_t>(random.Next() >> (64 - 1 - random.Below(LatencyHistogram::kMaxBits))));
  }
  return durations;
}

}  // namespace

TEST_CASE("percentiles are within 1 % of those of the sorted list", "[latency_histogram]") {
  for (int seed = 0; seed < test::Scaled(200); ++seed) {
    Random random(static_cast<uint64_t>(seed));
    std::vector<int64_t> durations = Durations(random, 1 + random.Below(3'000));
    LatencyHistogram histogram;
    int64_t sum = 0;
    for (const int64_t duration : durations) {
      histogram.Record(nanoseconds(duration));
      sum += duration;
    }
    std::sort(durations.begin(), durations.end());
    const LatencySnapshot snapshot = histogram.Snapshot();
    for (const double percent : {0.0, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
      const auto exact = static_cast<double>(PercentileOf(durations, percent));
      const auto found = static_cast<double>(snapshot.Percentile(percent).count());
      INFO("seed " << seed << ", percentile " << percent << " of " << durations.size() << " is " << exact);
      REQUIRE(found >= exact * 0.99);
      REQUIRE(found <= exact * 1.01);
    }
    REQUIRE(snapshot.count() == static_cast<int64_t>(durations.size()));
    REQUIRE(snapshot.sum().count() == sum);
    REQUIRE(snapshot.max().count() == durations.back());
    REQUIRE(snapshot.mean().count() == sum / snapshot.count());
  }
}

TEST_CASE("each duration is counted once, in a bucket whose middle is near it", "[latency_histogram]") {
  const auto check = [](uint64_t ns) {
    const size_t bucket = LatencyHistogram::BucketOf(ns);
    REQUIRE(bucket < LatencyHistogram::kBuckets);
    const uint64_t middle = LatencyHistogram::MiddleOf(bucket);
    INFO(ns << " is counted at " << middle);
    REQUIRE(LatencyHistogram::BucketOf(middle) == bucket);
    REQUIRE((middle > ns ? middle - ns : ns - middle) * 127 <= ns);
  };
  for (uint64_t ns = 0; ns < 100'000; ++ns) check(ns);
  for (size_t bits = 17; bits < LatencyHistogram::kMaxBits; ++bits) {
    const uint64_t power = uint64_t{1} << bits;
    for (const uint64_t ns : {power - 1, power, power + 1, power + power / 3, 2 * power - 1}) check(ns);
  }
}

TEST_CASE("small durations are exact", "[latency_histogram]") {
  LatencyHistogram histogram;
  for (int ns = 0; ns <= 63; ++ns) histogram.Record(nanoseconds(ns));
  const LatencySnapshot snapshot = histogram.Snapshot();
  CHECK(snapshot.Percentile(50) == nanoseconds(31));
  CHECK(snapshot.Percentile(100) == nanoseconds(63));
  CHECK(snapshot.buckets().size() == 64);
}

TEST_CASE("a duration beyond ten hours counts as the last bucket, its size shows in sum and max",
          "[latency_histogram]") {
  LatencyHistogram histogram;
  histogram.Record(hours(24 * 365));
  histogram.Record(nanoseconds::max());
  const LatencySnapshot snapshot = histogram.Snapshot();
  CHECK(snapshot.count() == 2);
  CHECK(snapshot.max() == nanoseconds::max());
  CHECK(snapshot.Percentile(50) > hours(9));
  CHECK(snapshot.Percentile(50) < hours(10));
}

TEST_CASE("a negative duration counts as none", "[latency_histogram]") {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(-5));
  CHECK(histogram.Snapshot().count() == 1);
  CHECK(histogram.Snapshot().max() == nanoseconds(0));
}

TEST_CASE("a histogram of nothing has percentiles of zero", "[latency_histogram]") {
  const LatencySnapshot snapshot = LatencyHistogram().Snapshot();
  CHECK(snapshot.count() == 0);
  CHECK(snapshot.Percentile(99) == nanoseconds(0));
  CHECK(snapshot.mean() == nanoseconds(0));
  CHECK(LatencySnapshot().Percentile(50) == nanoseconds(0));
}

TEST_CASE("nothing that threads record at once is lost", "[latency_histogram]") {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  LatencyHistogram histogram;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&histogram, t] {
      for (int i = 0; i < kEach; ++i) histogram.Record(nanoseconds(i + t));
    });
  }
  int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const int64_t count = histogram.Snapshot().count();
    CHECK(count >= last);
    last = count;
  }
  for (std::thread& thread : threads) thread.join();
  const LatencySnapshot snapshot = histogram.Snapshot();
  CHECK(snapshot.count() == kThreads * kEach);
  CHECK(snapshot.max() == nanoseconds(kEach - 1 + kThreads - 1));
}

}  // namespace moldau::base
