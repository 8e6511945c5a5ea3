#include <memory>
#include <utility>

#include "base/task_queue.h"
#include "moldau/base/executor.h"

namespace moldau {
namespace {

class CallerDrivenExecutor final : public ManualExecutor {
 public:
  explicit CallerDrivenExecutor(Clock& clock) : queue_(clock) {}

  void Post(Task task) override { queue_.Post(std::move(task)); }
  TimerId PostAt(MonoTime when, Task task) override { return queue_.PostAt(when, std::move(task)); }
  bool Cancel(TimerId timer) override { return queue_.Cancel(timer); }
  bool WaitUntil(base::EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) override {
    return queue_.RunUntil(event, done, deadline);
  }
  Clock& clock() const override { return queue_.clock(); }

  int Poll(int max_tasks) override {
    int ran = 0;
    while (ran < max_tasks && queue_.RunOne()) ++ran;
    return ran;
  }

  MonoTime NextDue() const override { return queue_.NextDue(); }

 private:
  base::TaskQueue queue_;
};

}  // namespace

std::unique_ptr<ManualExecutor> MakeManualExecutor(Clock& clock) {
  return std::make_unique<CallerDrivenExecutor>(clock);
}

}  // namespace moldau
