// Where background work runs: timers, segment preparation, flushes, retention. Nothing in Moldau starts a thread of its
// own.
//
// Threads: all members may be called from any thread; tasks may post tasks.   Ownership: must outlive all that was
// given a pointer to it; destroying it drops tasks that have not started.   Failure: none; a task must not throw.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "moldau/base/clock.h"

namespace moldau {

class Executor {
 public:
  using Task = absl::AnyInvocable<void()>;
  using TimerId = uint64_t;

  virtual ~Executor() = default;

  // Runs `task` soon, once.
  virtual void Post(Task task) = 0;

  // Runs `task` once, when the clock has reached `when`.
  virtual TimerId PostAt(MonoTime when, Task task) = 0;

  // True if the timer was taken back before it started; false if it has run, is running or is unknown.
  virtual bool Cancel(TimerId timer) = 0;

  // Waits on the calling thread until done() holds or the clock reaches `deadline`; returns done(). `event` must be
  // notified when done() may have become true. On an executor that the caller drives this runs due tasks meanwhile, so
  // that a blocking call makes progress without any thread.
  virtual bool WaitUntil(base::EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) = 0;

  // The clock of its timers.
  [[nodiscard]] virtual Clock& clock() const = 0;
};

// `threads` threads of its own, named "<name>-<n>", with all signals blocked; joined by the destructor.
[[nodiscard]] std::unique_ptr<Executor> MakeThreadExecutor(Clock& clock, int threads, std::string name = "moldau");

// No thread: the owner calls Poll. Blocking calls of the library drive it too.
class ManualExecutor : public Executor {
 public:
  // Runs due timers and posted tasks, at most `max_tasks`; returns how many ran.
  virtual int Poll(int max_tasks = 64) = 0;

  // When Poll has work next: Now() if tasks wait, the earliest timer, or kForever.
  [[nodiscard]] virtual MonoTime NextDue() const = 0;
};
[[nodiscard]] std::unique_ptr<ManualExecutor> MakeManualExecutor(Clock& clock);

}  // namespace moldau
