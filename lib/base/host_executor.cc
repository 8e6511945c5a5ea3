#include "moldau/base/host_executor.h"

#include <utility>

#include "base/mutex.h"
#include "base/task_queue.h"

namespace moldau {
namespace {

class HostExecutor final : public ManualExecutor {
 public:
  HostExecutor(Clock& clock, PollWanted wanted) : queue_(clock), wanted_(std::move(wanted)) {}

  void Post(Task task) override {
    queue_.Post(std::move(task));
    Announce();
  }
  TimerId PostAt(MonoTime when, Task task) override {
    const TimerId timer = queue_.PostAt(when, std::move(task));
    Announce();
    return timer;
  }
  bool Cancel(TimerId timer) override { return queue_.Cancel(timer); }
  bool WaitUntil(base::EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) override {
    return queue_.RunUntil(event, done, deadline);
  }
  Clock& clock() const override { return queue_.clock(); }

  int Poll(int max_tasks) override {
    {
      const base::MutexLock lock(mutex_);
      announced_ = kForever;  // what is posted from here on is for the next one
    }
    int ran = 0;
    while (ran < max_tasks && queue_.RunOne()) ++ran;
    Announce();
    return ran;
  }

  MonoTime NextDue() const override { return queue_.NextDue(); }

 private:
  // Under the lock, so that the host hears of an earlier time after a later one.
  void Announce() {
    const MonoTime due = queue_.NextDue();
    const base::MutexLock lock(mutex_);
    if (due >= announced_) return;
    announced_ = due;
    wanted_(due);
  }

  base::TaskQueue queue_;
  base::Mutex mutex_;
  MonoTime announced_ ABSL_GUARDED_BY(mutex_) = kForever;
  PollWanted wanted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<ManualExecutor> MakeHostExecutor(Clock& clock, PollWanted wanted) {
  return std::make_unique<HostExecutor>(clock, std::move(wanted));
}

void LendThread(ManualExecutor& executor, std::stop_token stop) {
  base::EventCount stopped;
  const std::stop_callback wake(stop, [&] { stopped.Wake(); });
  executor.WaitUntil(
      stopped, [&] { return stop.stop_requested(); }, kForever);
}

}  // namespace moldau
