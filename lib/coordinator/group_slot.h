// A group with its lock and its timer.
//
// Threads: `mutex` guards the rest.   Ownership: shared by the coordinator and whoever is at work on the group.
// Failure: none.
#pragma once

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

  const std::string id;
  OffsetStore& store;
  base::Mutex mutex;
  Group group ABSL_GUARDED_BY(mutex);
  base::TaskScope::TaskId timer ABSL_GUARDED_BY(mutex) = 0;
  MonoTime timer_at ABSL_GUARDED_BY(mutex) = kForever;
};

}  // namespace moldau::coordinator
