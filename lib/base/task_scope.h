// Background work that ends with its owner: tasks posted through a scope never run after Close() has returned, so they
// may refer to the owner without further ado.
//
//   Flusher::~Flusher() { scope_.Close(); }
//
// Threads: all members may be called from any thread, also by the scope's own tasks.
// Ownership: the executor must outlive it.   Failure: none.
#pragma once

#include <cstdint>
#include <memory>

#include "moldau/base/executor.h"

namespace moldau::base {

class TaskScope {
 public:
  // Names a task of this scope; 0 names none.
  using TaskId = uint64_t;

  explicit TaskScope(Executor& executor);
  ~TaskScope() { Close(); }
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // As Executor::Post and PostAt. After Close() the task is dropped and 0 returned.
  TaskId Post(Executor::Task task);
  TaskId PostAt(MonoTime when, Executor::Task task);

  // True if the task was taken back before it started.
  bool Cancel(TaskId id);

  // Drops the tasks that have not started and waits for those that run on other threads. Called by a task of this scope
  // it does not wait, since two of them could wait for each other: whoever destroys the owner then must be the last
  // one.
  void Close();

  // Runs what was posted and has not started, on this thread: for tasks that must not be lost with an executor that may
  // have stopped. What they throw is contained.
  void RunPosted();

  // Waits until nothing that was posted waits or runs, driving the executor where it is driven; timers do not count.
  // False if that took until `deadline`. A task, of whatever scope, does not wait: it could be waited for itself.
  bool Drain(MonoTime deadline);

  [[nodiscard]] Executor& executor() const { return executor_; }

 private:
  struct State;

  Executor& executor_;
  std::shared_ptr<State> state_;  // shared with what lies in the executor's queue, which may stay there for longer
};

}  // namespace moldau::base
