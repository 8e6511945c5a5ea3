#include "base/task_scope.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/contained.h"
#include "base/mutex.h"

namespace moldau::base {
namespace {

thread_local int tasks_on_this_thread = 0;  // of any scope

}  // namespace

struct TaskScope::State {
  struct Waiting {
    Executor::Task task;
    bool timed = false;
    Executor::TimerId timer = 0;  // 0 if it was posted, or is about to be known
  };

  // Says that a task has ended, and that its captures are gone, also when it throws.
  struct Finisher {
    explicit Finisher(State& s) : state(s) { ++tasks_on_this_thread; }
    ~Finisher() {
      --tasks_on_this_thread;
      state.Finish();
    }
    Finisher(const Finisher&) = delete;
    Finisher& operator=(const Finisher&) = delete;
    State& state;
  };

  // 0 if the scope is closed.
  TaskId Add(Executor::Task task, bool timed) {
    const MutexLock lock(mutex);
    if (closed) return 0;
    waiting.emplace(++last_id, Waiting{std::move(task), timed});
    return last_id;
  }

  void SetTimer(TaskId id, Executor::TimerId timer) {
    const MutexLock lock(mutex);
    const auto found = waiting.find(id);
    if (found != waiting.end()) found->second.timer = timer;
  }

  void Run(TaskId id) {
    std::optional<Executor::Task> task = Start(id);
    if (!task) return;
    const Finisher finisher(*this);
    Executor::Task started = *std::move(task);
    task.reset();
    started();
  }

  std::optional<Executor::Task> Start(TaskId id) {
    const MutexLock lock(mutex);
    const auto found = waiting.find(id);
    if (found == waiting.end()) return std::nullopt;
    std::optional<Executor::Task> task = std::move(found->second.task);
    waiting.erase(found);
    running.push_back(std::this_thread::get_id());
    return task;
  }

  void Finish() {
    {
      const MutexLock lock(mutex);
      running.erase(std::find(running.begin(), running.end(), std::this_thread::get_id()));
    }
    finished.Notify();
  }

  // Those that wait for a thread, not for a time.
  std::vector<TaskId> posted() {
    const MutexLock lock(mutex);
    std::vector<TaskId> ids;
    for (const auto& [id, task] : waiting) {
      if (!task.timed) ids.push_back(id);
    }
    return ids;
  }

  // At one moment: a running task may post the next one as it ends.
  bool drained() {
    const MutexLock lock(mutex);
    return running.empty() &&
           std::all_of(waiting.begin(), waiting.end(), [](const auto& entry) { return entry.second.timed; });
  }

  bool idle() {
    const MutexLock lock(mutex);
    return running.empty();
  }

  bool runs_here() {
    const MutexLock lock(mutex);
    return std::find(running.begin(), running.end(), std::this_thread::get_id()) != running.end();
  }

  Mutex mutex;
  std::map<TaskId, Waiting> waiting ABSL_GUARDED_BY(mutex);
  std::vector<std::thread::id> running ABSL_GUARDED_BY(mutex);
  TaskId last_id ABSL_GUARDED_BY(mutex) = 0;
  bool closed ABSL_GUARDED_BY(mutex) = false;
  EventCount finished;
};

TaskScope::TaskScope(Executor& executor) : executor_(executor), state_(std::make_shared<State>()) {}

TaskScope::TaskId TaskScope::Post(Executor::Task task) {
  const TaskId id = state_->Add(std::move(task), false);
  if (id != 0) executor_.Post([state = state_, id] { state->Run(id); });
  return id;
}

TaskScope::TaskId TaskScope::PostAt(MonoTime when, Executor::Task task) {
  const TaskId id = state_->Add(std::move(task), true);
  if (id != 0) state_->SetTimer(id, executor_.PostAt(when, [state = state_, id] { state->Run(id); }));
  return id;
}

bool TaskScope::Cancel(TaskId id) {
  State::Waiting taken;
  {
    const MutexLock lock(state_->mutex);
    const auto found = state_->waiting.find(id);
    if (found == state_->waiting.end()) return false;
    taken = std::move(found->second);
    state_->waiting.erase(found);
  }
  if (taken.timer != 0) executor_.Cancel(taken.timer);
  return true;
}

void TaskScope::Close() {
  std::map<TaskId, State::Waiting> taken;
  {
    const MutexLock lock(state_->mutex);
    state_->closed = true;
    taken.swap(state_->waiting);
  }
  for (const auto& [id, waiting] : taken) {
    if (waiting.timer != 0) executor_.Cancel(waiting.timer);
  }
  taken.clear();
  if (state_->runs_here()) return;
  // Sleeps rather than driving the executor: a running task has a thread of its own, and an owner that closes may hold
  // locks.
  const EventCount::Waiter waiter(state_->finished);
  for (;;) {
    const uint32_t key = state_->finished.key();
    if (state_->idle()) return;
    state_->finished.Sleep(key, std::nullopt);
  }
}

void TaskScope::RunPosted() {
  for (const TaskId id : state_->posted()) {
    RunContained([&] { state_->Run(id); });
  }
}

bool TaskScope::Drain(MonoTime deadline) {
  if (tasks_on_this_thread > 0) return true;
  return executor_.WaitUntil(
      state_->finished, [&] { return state_->drained(); }, deadline);
}

}  // namespace moldau::base
