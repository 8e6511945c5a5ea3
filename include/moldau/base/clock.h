// Where all time comes from. Production reads the system's clocks; tests and the simulator drive a manual one, under
// which a day passes in a millisecond and nothing ever depends on how fast the machine is.
//
// Threads: all members may be called from any thread.   Ownership: must outlive all that was given a pointer to it.
// Failure: none.
#pragma once

#include <chrono>
#include <cstdint>

#include "moldau/base/event_count.h"
#include "moldau/types.h"

namespace moldau {

// A moment of the steady clock: it never jumps, and says nothing about the calendar.
using MonoTime = std::chrono::nanoseconds;

// "No deadline."
inline constexpr MonoTime kForever = MonoTime::max();

class Clock {
 public:
  virtual ~Clock() = default;

  // Steady time since some fixed moment. Deadlines, timers and timeouts are counted in it.
  [[nodiscard]] virtual MonoTime Now() const = 0;

  // Calendar time, which may jump either way. Only record timestamps and retention by age read it.
  [[nodiscard]] virtual Timestamp WallNow() const = 0;

  // Sleeps until `event`'s count differs from `key`, or Now() has reached `deadline`. False if the deadline came first.
  virtual bool WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) = 0;

  // The system's clocks; WallNow() has the resolution of the kernel's tick (a few milliseconds) and costs nanoseconds.
  static Clock& System();
};

// The moment `timeout` from now, saturating at kForever.
[[nodiscard]] inline MonoTime DeadlineAfter(const Clock& clock, std::chrono::nanoseconds timeout) {
  const MonoTime now = clock.Now();
  return timeout >= kForever - now ? kForever : now + timeout;
}

}  // namespace moldau
