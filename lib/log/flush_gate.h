// One flush at a time per device: flushes that overlap slow each other down more than they gain, and whoever waits at
// the gate collects company meanwhile. One gate per data directory.
//
// Threads: any.   Ownership: borrowed by all logs of a data directory.   Failure: none.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/mutex.h"

namespace moldau::log {

class FlushGate {
 public:
  class Pass {
   public:
    explicit Pass(FlushGate& gate) : gate_(gate) { gate_.mutex_.Lock(); }
    ~Pass() {
      gate_.flushes_.fetch_add(1, std::memory_order_relaxed);
      gate_.mutex_.Unlock();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    FlushGate& gate_;
  };

  // How many passes have ended.
  [[nodiscard]] int64_t flushes() const noexcept { return flushes_.load(std::memory_order_relaxed); }

 private:
  base::Mutex mutex_;
  std::atomic<int64_t> flushes_{0};
};

}  // namespace moldau::log
