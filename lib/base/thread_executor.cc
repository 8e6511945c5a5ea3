#include <pthread.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

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

// What the threads share with the executor. It outlives both: a task may be the one that destroys the executor, and its
// thread then still has to find its way out.
struct State {
  explicit State(Clock& clock) : queue(clock) {}

  base::TaskQueue queue;
  base::EventCount work;
  std::atomic<bool> stopping{false};
};

thread_local const State* current = nullptr;  // whose worker this thread is

void Work(const std::shared_ptr<State>& state, const std::string& name) {
  pthread_setname_np(pthread_self(), name.c_str());
  current = state.get();
  state->queue.RunUntil(
      state->work, [&] { return state->stopping.load(std::memory_order_seq_cst); }, kForever);
}

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(Clock& clock) : state_(std::make_shared<State>(clock)) {}

  // The number of threads that the system granted.
  size_t Start(int threads, const std::string& name) {
    const SignalsBlocked signals;
    try {
      for (int i = 0; i < threads; ++i) {
        workers_.emplace_back([state = state_, n = ThreadName(name, i)] { Work(state, n); });
      }
    } catch (const std::system_error&) {
    }
    return workers_.size();
  }

  // A task may drop the last reference to what owns the executor. Its own thread cannot be waited for; it ends when the
  // task returns.
  ~ThreadExecutor() override {
    state_->stopping.store(true, std::memory_order_seq_cst);
    state_->work.Wake();
    for (std::thread& worker : workers_) {
      if (worker.get_id() == std::this_thread::get_id()) {
        worker.detach();
      } else {
        worker.join();
      }
    }
    state_->queue.Close();
  }

  void Post(Task task) override { state_->queue.Post(std::move(task)); }
  TimerId PostAt(MonoTime when, Task task) override { return state_->queue.PostAt(when, std::move(task)); }
  bool Cancel(TimerId timer) override { return state_->queue.Cancel(timer); }

  // A task that waits lends its thread to the tasks that it may be waiting for; with one thread nobody else could run
  // them.
  bool WaitUntil(base::EventCount& event, absl::FunctionRef<bool()> done, MonoTime deadline) override {
    if (current == state_.get()) return state_->queue.RunUntil(event, done, deadline);
    return base::WaitWithoutRunning(state_->queue.clock(), event, done, deadline);
  }

  Clock& clock() const override { return state_->queue.clock(); }

 private:
  const std::shared_ptr<State> state_;
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(Clock& clock, int threads, std::string name) {
  auto executor = std::make_unique<ThreadExecutor>(clock);
  if (executor->Start(threads, name) == 0) return nullptr;
  return executor;
}

}  // namespace moldau
