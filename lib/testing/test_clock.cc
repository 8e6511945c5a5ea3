#include "testing/test_clock.h"

namespace moldau::testing {

bool TestClock::WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) {
  // A wait without a deadline is one for another thread, which time does not replace.
  if (waiting_ == Waiting::kNeedsAdvance || deadline == kForever) return manual_.WaitUntil(event, key, deadline);
  if (event.key() != key) return true;
  AdvanceTo(deadline);
  return false;
}

void TestClock::AdvanceTo(MonoTime when) {
  const base::MutexLock lock(advance_mutex_);
  const MonoTime now = manual_.Now();
  if (now < when) manual_.Advance(when - now);
}

}  // namespace moldau::testing
