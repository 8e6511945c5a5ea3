// Waits as users give them, in a range in which they can be added up: any number of milliseconds is one, and so is the
// distance to a time in any record.
//
// Threads: pure functions.   Ownership: values.   Failure: none.
#pragma once

#include <algorithm>
#include <chrono>

#include "moldau/base/clock.h"

namespace moldau::coordinator {

// Nobody sees the end of a longer wait.
inline constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24 * 365 * 100);

[[nodiscard]] constexpr MonoTime Later(MonoTime from, std::chrono::nanoseconds by) noexcept {
  return by >= kForever - from ? kForever : from + by;
}

// At most kLongestWait, and not negative.
[[nodiscard]] constexpr std::chrono::nanoseconds ToWait(std::chrono::milliseconds time) noexcept {
  return std::clamp(time, std::chrono::milliseconds(0), kLongestWait);
}

// How long it is from `now` to `time`; 0 if that has passed.
[[nodiscard]] constexpr std::chrono::nanoseconds WaitUntil(Timestamp time, Timestamp now) noexcept {
  if (time <= now) return std::chrono::nanoseconds(0);
  return std::min(time, now + kLongestWait) - now;
}

}  // namespace moldau::coordinator
