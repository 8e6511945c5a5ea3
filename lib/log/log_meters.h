// What is counted and timed of a log. Counting costs an append two additions on a line that it has in its hands anyway;
// the clock is read for a sample only.
//
// Threads: as said per member.   Ownership: the latencies are those of a broker and outlive its logs.   Failure: none.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/counter.h"
#include "base/latency_histogram.h"
#include "moldau/base/clock.h"
#include "moldau/types.h"

namespace moldau::log {

// How long the logs of a broker take.
struct LogLatencies {
  base::LatencyHistogram append;
  base::LatencyHistogram append_wait;  // of appends that found the end of the log taken, until they had it
  base::LatencyHistogram flush;
};

// What was appended since the log was opened.
struct AppendTotals {
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
};

// Counted under the append lock; read by any thread.
struct AppendMeter {
  void Count(uint32_t size) noexcept {
    batches.AddAlone(1);
    bytes.AddAlone(size);
  }

  base::Counter batches;
  base::Counter bytes;
  // The records are those from here to the end of the log. Moves back when the log is cut, so that they stay counted.
  std::atomic<int64_t> first_offset{0};
};

// Chooses the appends that are timed: the first in each millisecond that the calendar clock shows, which the system's
// shows every few milliseconds. So a log with few appends has all of them timed. Any thread.
class AppendSampler {
 public:
  [[nodiscard]] bool IsDue(Timestamp now) const noexcept {
    return now.time_since_epoch().count() != taken_ms_.load(std::memory_order_relaxed);
  }
  // The append that is due has come.
  void Take(Timestamp now) noexcept { taken_ms_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> taken_ms_{INT64_MIN};
};

// Records the time from its making to its end, if it was given where to.
class Stopwatch {
 public:
  Stopwatch(const Clock& clock, base::LatencyHistogram* histogram)
      : clock_(clock), histogram_(histogram), begin_(histogram != nullptr ? clock.Now() : MonoTime(0)) {}
  ~Stopwatch() {
    if (histogram_ != nullptr) [[unlikely]]
      histogram_->Record(clock_.Now() - begin_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  const Clock& clock_;
  base::LatencyHistogram* const histogram_;
  const MonoTime begin_;
};

}  // namespace moldau::log
