// What a waiting thread does before it goes to sleep, as its WaitStrategy says.
//
// Threads: the one that waits.   Ownership: none.   Failure: none.
#pragma once

#include "absl/functional/function_ref.h"
#include "base/cpu_relax.h"
#include "moldau/base/event_count.h"
#include "moldau/base/executor.h"
#include "moldau/types.h"

namespace moldau::client {

// About ten microseconds of looking before a thread goes to sleep: less than what a sleep and a wake-up cost.
inline constexpr int kBackoffSpins = 200;
// How often a spinning thread looks at the clock and lets the host's executor work.
inline constexpr int kSpinsPerBreak = 256;

// Calls done() some times; true once it says so.
inline bool Spin(absl::FunctionRef<bool()> done, int times) {
  for (int i = 0; i < times; ++i) {
    if (done()) return true;
    base::CpuRelax();
  }
  return false;
}

// False if the thread is to park now; else done() holds or the deadline has come. `event` is what a wait for done()
// sleeps on.
inline bool SpinUntil(WaitStrategy strategy, Executor& executor, base::EventCount& event,
                      absl::FunctionRef<bool()> done, MonoTime deadline) {
  if (strategy == WaitStrategy::kPark) return false;
  if (strategy == WaitStrategy::kBackoff) return Spin(done, kBackoffSpins);
  while (!Spin(done, kSpinsPerBreak) && executor.clock().Now() < deadline) {
    executor.WaitUntil(event, done, executor.clock().Now());
  }
  return true;
}

}  // namespace moldau::client
