// Observes how old records are when they are handed out: one in each tick of the calendar clock, since it cannot tell
// more. A tick in which nothing new comes costs a look at the clock.
//
// Threads: all members may be called from any thread.   Ownership: the environment's owner keeps it alive.
// Failure: none.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/fast_wall_clock.h"
#include "base/latency_histogram.h"
#include "broker/environment.h"
#include "moldau/record.h"

namespace moldau::client {

class AgeMeter {
 public:
  explicit AgeMeter(broker::Environment& environment) noexcept
      : clock_(environment.clock()), ages_(environment.latencies().end_to_end) {}

  void Observe(const RecordView& record) noexcept {
    const Timestamp now = clock_.WallNow();
    const int64_t tick = now.time_since_epoch().count();
    if (tick == observed_at_.load(std::memory_order_relaxed) || record.timestamp() == kNoTimestamp) return;
    observed_at_.store(tick, std::memory_order_relaxed);
    ages_.Record(now - record.timestamp());
  }

 private:
  const base::FastWallClock clock_;
  base::LatencyHistogram& ages_;
  std::atomic<int64_t> observed_at_{INT64_MIN};
};

}  // namespace moldau::client
