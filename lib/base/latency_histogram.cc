#include "base/latency_histogram.h"

#include <utility>
#include <vector>

namespace moldau::base {

LatencySnapshot LatencyHistogram::Snapshot() const {
  std::vector<LatencySnapshot::Bucket> buckets;
  for (size_t i = 0; i < kBuckets; ++i) {
    const uint64_t count = counts_[i].load(std::memory_order_relaxed);
    if (count > 0) buckets.push_back({std::chrono::nanoseconds(MiddleOf(i)), static_cast<int64_t>(count)});
  }
  return {std::move(buckets), std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed)),
          std::chrono::nanoseconds(max_.load(std::memory_order_relaxed))};
}

}  // namespace moldau::base
