// A group with its lock and its timer.
//
// Threads: `mutex` guards the rest.   Ownership: shared by the coordinator and whoever is at work on the group.
// Failure: none.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/task_scope.h"
#include "coordinator/group_coordinator.h"

namespace moldau::coordinator {

struct GroupCoordinator::Slot final : private Group::Storage {
  Slot(std::string name, const GroupOptions& options, OffsetStore& offsets, Random random)
      : id(std::move(name)), store(offsets), group(id, options, *this, random) {}

  // Called by the group, with its lock held.
  absl::Status Save(const GroupRecord& record) override { return store.SaveGroup(id, record); }

  // One timer per group, for its next deadline. A deadline that has moved on leaves the timer as it is: when it runs it
  // finds nothing to do and waits for the next one, so that heartbeats cost no timer.
  template <typename OnTime>
  void KeepTime(base::TaskScope& timers, OnTime on_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const MonoTime next = group.NextDeadline();
    if (next >= timer_at) return;
    if (timer != 0) timers.Cancel(timer);
    timer_at = next;
    timer = timers.PostAt(next, std::move(on_time));
  }

  // Whether the timer should have run for a while: nobody may be driving the executor. Counted from when that is seen:
  // after a process has stood still everything is overdue, and its members are to be heard of first.
  bool TimerIsLate(MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (now < timer_at) {
      seen_late_at = kForever;
      return false;
    }
    seen_late_at = std::min(seen_late_at, now);
    return now - seen_late_at >= kPatience;
  }

  static constexpr std::chrono::seconds kPatience{1};

  const std::string id;
  OffsetStore& store;
  base::Mutex mutex;
  Group group ABSL_GUARDED_BY(mutex);
  base::TaskScope::TaskId timer ABSL_GUARDED_BY(mutex) = 0;
  MonoTime timer_at ABSL_GUARDED_BY(mutex) = kForever;
  MonoTime seen_late_at ABSL_GUARDED_BY(mutex) = kForever;
};

}  // namespace moldau::coordinator
