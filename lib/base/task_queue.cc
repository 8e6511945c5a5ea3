#include "base/task_queue.h"

#include <algorithm>

#include "base/contained.h"

namespace moldau::base {

class TaskQueue::Listener {
 public:
  Listener(TaskQueue& queue, EventCount& event) : queue_(queue), event_(event) {
    const MutexLock lock(queue_.mutex_);
    queue_.listeners_.push_back(&event_);
  }
  ~Listener() {
    const MutexLock lock(queue_.mutex_);
    queue_.listeners_.erase(std::find(queue_.listeners_.begin(), queue_.listeners_.end(), &event_));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  TaskQueue& queue_;
  EventCount& event_;
};

TaskQueue::TimerId TaskQueue::PostAt(MonoTime when, Task task) {
  const MutexLock lock(mutex_);
  const TimerId id = ++last_id_;
  if (closed_) return id;
  const auto added = tasks_.emplace(Key{when, id}, std::move(task)).first;
  times_.emplace(id, when);
  // Sleepers already wake for the earliest task; only a new earliest one changes how long they may sleep.
  if (added == tasks_.begin()) {
    for (EventCount* listener : listeners_) listener->Notify();
  }
  return id;
}

bool TaskQueue::Cancel(TimerId timer) {
  Task dropped;  // destroyed after the lock, since its captures may post or cancel
  const MutexLock lock(mutex_);
  const auto time = times_.find(timer);
  if (time == times_.end()) return false;
  const auto entry = tasks_.find(Key{time->second, timer});
  dropped = std::move(entry->second);
  tasks_.erase(entry);
  times_.erase(time);
  return true;
}

std::optional<TaskQueue::Task> TaskQueue::TakeDue() {
  const MutexLock lock(mutex_);
  if (tasks_.empty()) return std::nullopt;
  const auto earliest = tasks_.begin();
  if (earliest->first.first > clock_.Now()) return std::nullopt;
  std::optional<Task> task = std::move(earliest->second);
  times_.erase(earliest->first.second);
  tasks_.erase(earliest);
  return task;
}

bool TaskQueue::RunOne() {
  std::optional<Task> task = TakeDue();
  if (!task) return false;
  RunContained(*task);
  return true;
}

bool TaskQueue::RunUntil(EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) {
  if (done()) return true;
  const EventCount::Waiter waiter(event);
  const Listener listener(*this, event);
  for (;;) {
    const uint32_t key = event.key();
    if (done()) return true;
    const bool ran = RunOne();
    if (clock_.Now() >= deadline) return done();
    if (!ran) clock_.WaitUntil(event, key, std::min(deadline, NextDue()));
  }
}

MonoTime TaskQueue::NextDue() const {
  const MutexLock lock(mutex_);
  return tasks_.empty() ? kForever : std::max(tasks_.begin()->first.first, clock_.Now());
}

void TaskQueue::Close() {
  std::map<Key, Task> dropped;
  const MutexLock lock(mutex_);
  closed_ = true;
  times_.clear();
  dropped.swap(tasks_);
}

bool WaitWithoutRunning(Clock& clock, EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) {
  if (done()) return true;
  const EventCount::Waiter waiter(event);
  for (;;) {
    const uint32_t key = event.key();
    if (done()) return true;
    if (clock.Now() >= deadline) return done();
    clock.WaitUntil(event, key, deadline);
  }
}

}  // namespace moldau::base
