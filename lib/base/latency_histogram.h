// Durations by size, in buckets that grow with them: below 64 ns each has its own, above it each power of two is cut
// into 64 equal ones. So a percentile is within 1 % of the exact one, from nanoseconds to hours, in 20 KiB.
//
//     0 1 2 ... 63 | 64 65 ... 127 | 128 130 ... 254 | 256 260 ...      2^45 ns, about ten hours: all above is one
//
// Recording is a few relaxed additions: no lock, no allocation, no system call.
//
// Threads: all members may be called from any thread.   Ownership: none.   Failure: none.
// Source: the idea of Gil Tene's HdrHistogram.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "moldau/metrics.h"

namespace moldau::base {

class LatencyHistogram {
 public:
  LatencyHistogram() = default;
  LatencyHistogram(const LatencyHistogram&) = delete;
  LatencyHistogram& operator=(const LatencyHistogram&) = delete;

  // A negative duration, which only clocks that jump can make, counts as none.
  void Record(std::chrono::nanoseconds duration) noexcept {
    const auto ns = static_cast<uint64_t>(duration.count() < 0 ? 0 : duration.count());
    counts_[BucketOf(ns)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(ns, std::memory_order_relaxed);
    uint64_t max = max_.load(std::memory_order_relaxed);
    while (ns > max && !max_.compare_exchange_weak(max, ns, std::memory_order_relaxed)) {
    }
  }

  // What was recorded so far. What is recorded meanwhile may be in it in part.
  [[nodiscard]] LatencySnapshot Snapshot() const;

  // --- the buckets ---

  static constexpr size_t kSubBits = 6;
  static constexpr size_t kMaxBits = 45;
  static constexpr size_t kBuckets = size_t{kMaxBits - kSubBits + 1} << kSubBits;

  [[nodiscard]] static constexpr size_t BucketOf(uint64_t ns) noexcept {
    constexpr uint64_t kSubBuckets = uint64_t{1} << kSubBits;
    if (ns < kSubBuckets) return ns;
    const auto exponent = static_cast<size_t>(std::bit_width(ns)) - 1 - kSubBits;  // each part holds 2^exponent values
    const size_t bucket = ((exponent + 1) << kSubBits) + ((ns >> exponent) - kSubBuckets);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  // The middle of what the bucket holds.
  [[nodiscard]] static constexpr uint64_t MiddleOf(size_t bucket) noexcept {
    constexpr uint64_t kSubBuckets = uint64_t{1} << kSubBits;
    if (bucket < kSubBuckets) return bucket;
    const size_t exponent = (bucket >> kSubBits) - 1;
    const uint64_t first = (kSubBuckets + (bucket & (kSubBuckets - 1))) << exponent;
    return first + ((uint64_t{1} << exponent) - 1) / 2;
  }

 private:
  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
  std::atomic<uint64_t> sum_{0};
  std::atomic<uint64_t> max_{0};
};

}  // namespace moldau::base
