#include "moldau/metrics.h"

#include <algorithm>
#include <cmath>

namespace moldau {

LatencySnapshot::LatencySnapshot(std::vector<Bucket> buckets, std::chrono::nanoseconds sum,
                                 std::chrono::nanoseconds max)
    : buckets_(std::move(buckets)), sum_(sum), max_(max) {
  for (const Bucket& bucket : buckets_) count_ += bucket.count;
}

std::chrono::nanoseconds LatencySnapshot::mean() const noexcept {
  return count_ == 0 ? std::chrono::nanoseconds(0) : sum_ / count_;
}

std::chrono::nanoseconds LatencySnapshot::Percentile(double percent) const noexcept {
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(count_))));
  int64_t seen = 0;
  for (const Bucket& bucket : buckets_) {
    seen += bucket.count;
    if (seen >= rank) return std::min(bucket.duration, max_);
  }
  return max_;
}

const MetricFamily* MetricsSnapshot::Find(std::string_view name) const {
  const auto found =
      std::find_if(families_.begin(), families_.end(), [&](const MetricFamily& family) { return family.name == name; });
  return found == families_.end() ? nullptr : &*found;
}

std::optional<int64_t> MetricsSnapshot::Value(std::string_view name, const MetricLabels& labels) const {
  const MetricFamily* const family = Find(name);
  if (family == nullptr) return std::nullopt;
  for (const MetricSample& sample : family->samples) {
    if (sample.labels == labels) return sample.value;
  }
  return std::nullopt;
}

int64_t MetricsSnapshot::Sum(std::string_view name, const MetricLabels& labels) const {
  const MetricFamily* const family = Find(name);
  if (family == nullptr) return 0;
  int64_t sum = 0;
  for (const MetricSample& sample : family->samples) {
    // Both are sorted.
    if (std::includes(sample.labels.begin(), sample.labels.end(), labels.begin(), labels.end())) sum += sample.value;
  }
  return sum;
}

const LatencySnapshot& MetricsSnapshot::Latency(std::string_view name) const {
  static const LatencySnapshot none;
  const MetricFamily* const family = Find(name);
  return family == nullptr ? none : family->latency;
}

}  // namespace moldau
