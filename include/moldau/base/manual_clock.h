// A clock that stands still until a test moves it. Waiters whose deadline is reached wake, timers of executors become
// due.
//
// Threads: all members may be called from any thread; Advance returns after every due waiter has been woken, not
// after it ran.
// Ownership: must outlive its waiters.   Failure: none.
#pragma once

#include <memory>

#include "moldau/base/clock.h"

namespace moldau {

class ManualClock final : public Clock {
 public:
  // Starts with this calendar time and a steady time of one hour (so that "an hour ago" is a valid moment).
  explicit ManualClock(Timestamp start = Timestamp{std::chrono::milliseconds{1'700'000'000'000}});
  ~ManualClock() override;

  [[nodiscard]] MonoTime Now() const override;
  [[nodiscard]] Timestamp WallNow() const override;
  bool WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) override;

  // Moves both clocks forward.
  void Advance(std::chrono::nanoseconds by);

  // Moves only the calendar, either way, as an administrator or a bad time server would.
  void JumpWall(std::chrono::milliseconds by);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moldau
