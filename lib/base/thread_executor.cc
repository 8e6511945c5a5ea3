#include <pthread.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/task_queue.h"
#include "moldau/base/executor.h"

namespace moldau {
namespace {

constexpr size_t kMaxThreadName = 15;  // Linux

// "<name>-<n>", the name cut rather than the number.
std::string ThreadName(const std::string& name, int number) {
  const std::string suffix = "-" + std::to_string(number);
  return name.substr(0, kMaxThreadName - suffix.size()) + suffix;
}

// Threads inherit the signal mask of the one that starts them. The signals of the processor stay open: blocked, a fault
// would kill the process past every handler of the host.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(Clock& clock) : queue_(clock) {}

  // The number of threads that the system granted.
  size_t Start(int threads, const std::string& name) {
    const SignalsBlocked signals;
    try {
      for (int i = 0; i < threads; ++i) workers_.emplace_back([this, n = ThreadName(name, i)] { Work(n); });
    } catch (const std::system_error&) {
    }
    return workers_.size();
  }

  ~ThreadExecutor() override {
    MOLDAU_CHECK(current_ != this, "an executor cannot be destroyed by a task of its own");
    stopping_.store(true, std::memory_order_seq_cst);
    work_.Wake();
    for (std::thread& worker : workers_) worker.join();
    queue_.Close();
  }

  void Post(Task task) override { queue_.Post(std::move(task)); }
  TimerId PostAt(MonoTime when, Task task) override { return queue_.PostAt(when, std::move(task)); }
  bool Cancel(TimerId timer) override { return queue_.Cancel(timer); }

  // A task that waits lends its thread to the tasks that it may be waiting for; with one thread nobody else could run
  // them.
  bool WaitUntil(base::EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) override {
    if (current_ == this) return queue_.RunUntil(event, done, deadline);
    return base::WaitWithoutRunning(queue_.clock(), event, done, deadline);
  }

  Clock& clock() const override { return queue_.clock(); }

 private:
  void Work(const std::string& name) {
    pthread_setname_np(pthread_self(), name.c_str());
    current_ = this;
    queue_.RunUntil(
        work_, [this] { return stopping_.load(std::memory_order_seq_cst); }, kForever);
  }

  static thread_local const ThreadExecutor* current_;  // whose worker this thread is

  base::TaskQueue queue_;
  base::EventCount work_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

thread_local const ThreadExecutor* ThreadExecutor::current_ = nullptr;

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(Clock& clock, int threads, std::string name) {
  auto executor = std::make_unique<ThreadExecutor>(clock);
  if (executor->Start(threads, name) == 0) return nullptr;
  return executor;
}

}  // namespace moldau
