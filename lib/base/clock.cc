#include "moldau/base/clock.h"

#include <ctime>
#include <optional>

namespace moldau {
namespace {

std::chrono::nanoseconds ReadClock(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

class SystemClock final : public Clock {
 public:
  MonoTime Now() const override { return ReadClock(CLOCK_MONOTONIC); }

  Timestamp WallNow() const override {
    return Timestamp{std::chrono::duration_cast<std::chrono::milliseconds>(ReadClock(CLOCK_REALTIME_COARSE))};
  }

  bool WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) override {
    if (deadline == kForever) return event.Sleep(key, std::nullopt);
    return event.Sleep(key, deadline - Now());
  }
};

}  // namespace

Clock& Clock::System() {
  static SystemClock clock;
  return clock;
}

}  // namespace moldau
