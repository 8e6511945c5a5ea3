#include "moldau/base/manual_clock.h"

#include <algorithm>
#include <list>
#include <optional>

#include "base/mutex.h"

namespace moldau {

struct ManualClock::State {
  struct Sleeper {
    base::EventCount* event;
    MonoTime deadline;
  };

  mutable base::Mutex mutex;
  MonoTime now ABSL_GUARDED_BY(mutex);
  Timestamp wall ABSL_GUARDED_BY(mutex);
  std::chrono::nanoseconds wall_rest ABSL_GUARDED_BY(mutex){0};  // what Advance moved beyond whole milliseconds
  std::list<Sleeper> sleepers ABSL_GUARDED_BY(mutex);
};

ManualClock::ManualClock(Timestamp start) : state_(std::make_unique<State>()) {
  const base::MutexLock lock(state_->mutex);
  state_->now = std::chrono::hours{1};
  state_->wall = start;
}

ManualClock::~ManualClock() = default;

MonoTime ManualClock::Now() const {
  const base::MutexLock lock(state_->mutex);
  return state_->now;
}

Timestamp ManualClock::WallNow() const {
  const base::MutexLock lock(state_->mutex);
  return state_->wall;
}

bool ManualClock::WaitUntil(base::EventCount& event, uint32_t key, MonoTime deadline) {
  std::list<State::Sleeper>::iterator self;
  {
    const base::MutexLock lock(state_->mutex);
    if (event.key() != key) return true;
    if (state_->now >= deadline) return false;
    self = state_->sleepers.insert(state_->sleepers.end(), {&event, deadline});
  }
  // An Advance from here on finds the sleeper and changes the count, so the sleep cannot miss it.
  event.Sleep(key, std::nullopt);
  const base::MutexLock lock(state_->mutex);
  state_->sleepers.erase(self);
  return state_->now < deadline;
}

void ManualClock::Advance(std::chrono::nanoseconds by) {
  const base::MutexLock lock(state_->mutex);
  state_->now += by;
  state_->wall_rest += by;
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(state_->wall_rest);
  state_->wall += whole;
  state_->wall_rest -= whole;
  for (const State::Sleeper& sleeper : state_->sleepers) {
    if (sleeper.deadline <= state_->now) sleeper.event->Wake();
  }
}

void ManualClock::JumpWall(std::chrono::milliseconds by) {
  const base::MutexLock lock(state_->mutex);
  state_->wall += by;
}

}  // namespace moldau
