// Calendar time for the append path: reads the kernel's coarse clock without a virtual call when the injected clock is
// the system's, and asks the injected one otherwise.
//
// Threads: safe.   Ownership: the clock must outlive it.   Failure: none.
#pragma once

#include <ctime>

#include "moldau/base/clock.h"

namespace moldau::base {

class FastWallClock final {
 public:
  explicit FastWallClock(const Clock& clock) noexcept : clock_(&clock == &Clock::System() ? nullptr : &clock) {}

  [[nodiscard]] Timestamp WallNow() const {
    if (clock_ != nullptr) return clock_->WallNow();
    timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return Timestamp{std::chrono::milliseconds{now.tv_sec * 1000 + now.tv_nsec / 1'000'000}};
  }

 private:
  const Clock* clock_;  // null for the system's
};

}  // namespace moldau::base
