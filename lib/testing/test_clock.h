// The clock of a MemoryBroker: a manual one that a wait may move, too.
//
// Threads: all members may be called from any thread.   Ownership: must outlive its waiters.   Failure: none.
#pragma once

#include <chrono>

#include "base/mutex.h"
#include "moldau/base/manual_clock.h"
#include "moldau/testing/memory_broker.h"

namespace moldau::testing {

class TestClock final : public Clock {
 public:
  TestClock(Timestamp start, Waiting waiting) : manual_(start), waiting_(waiting) {}

  [[nodiscard]] MonoTime Now() const override { return manual_.Now(); }
  [[nodiscard]] Timestamp WallNow() const override { return manual_.WallNow(); }
  bool WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) override;

  // Nothing if it is later already.
  void AdvanceTo(MonoTime when);
  void JumpWall(std::chrono::milliseconds by) { manual_.JumpWall(by); }

 private:
  ManualClock manual_;
  const Waiting waiting_;
  base::Mutex advance_mutex_;  // so that of two who advance to moments each reaches its own
};

}  // namespace moldau::testing
