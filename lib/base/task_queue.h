// The tasks of an executor in the order of their time, and the loop that waits for the next one. Whoever calls RunOne
// or RunUntil lends its thread: the workers of a thread executor, or the caller of a manual one.
//
// A posted task is a timer due at the moment of posting, so tasks run in the order posted, timers in the order of their
// time, and neither starves the other.
//
// Threads: all members may be called from any thread.   Ownership: the clock must outlive it.
// Failure: what a task throws is written to standard error and goes no further.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "moldau/base/executor.h"

namespace moldau::base {

class TaskQueue {
 public:
  using Task = Executor::Task;
  using TimerId = Executor::TimerId;

  explicit TaskQueue(Clock& clock) : clock_(clock) {}
  ~TaskQueue() { Close(); }
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  void Post(Task task) { PostAt(clock_.Now(), std::move(task)); }
  TimerId PostAt(MonoTime when, Task task);
  bool Cancel(TimerId timer);

  // Runs the earliest task that is due; false if there is none.
  bool RunOne();

  // Runs tasks, and sleeps while none is due, until done() holds or the clock has reached `deadline`; returns done().
  bool RunUntil(EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline);

  // Now() if a task is due, else the time of the earliest, else kForever.
  [[nodiscard]] MonoTime NextDue() const;

  // Drops all tasks and all that are posted from now on.
  void Close();

  [[nodiscard]] Clock& clock() const { return clock_; }

 private:
  using Key = std::pair<MonoTime, TimerId>;

  // Takes the event into the set that a new earliest task wakes.
  class Listener;

  std::optional<Task> TakeDue();

  Clock& clock_;
  mutable Mutex mutex_;
  std::map<Key, Task> tasks_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<TimerId, MonoTime> times_ ABSL_GUARDED_BY(mutex_);
  std::vector<EventCount*> listeners_ ABSL_GUARDED_BY(mutex_);
  TimerId last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// Waits without running anything: what WaitUntil does on a thread that owes the executor no work.
bool WaitWithoutRunning(Clock& clock, EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline);

}  // namespace moldau::base
