#include "broker/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <memory>

namespace moldau::broker {
namespace {

// Outlives the call, since a posted task may come late; it then finds nothing to do and does not touch the body.
struct Work {
  Work(size_t n, absl::FunctionRef<void(size_t)> f) : count(n), body(f) {}

  void Run() {
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      body(i);
      if (done.fetch_add(1) + 1 == count) finished.Notify();
    }
  }

  const size_t count;
  const absl::FunctionRef<void(size_t)> body;
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  base::EventCount finished;
};

}  // namespace

void ParallelFor(Executor& executor, int helpers, size_t count, absl::FunctionRef<void(size_t)> body) {
  if (count == 0) return;
  const auto work = std::make_shared<Work>(count, body);
  const int posted = static_cast<int>(std::min(static_cast<size_t>(std::max(helpers, 0)), count - 1));
  for (int i = 0; i < posted; ++i) executor.Post([work] { work->Run(); });
  work->Run();
  // What is left runs on other threads by now. This one must not take up anything else meanwhile: a callback that
  // closes the broker would wait for what is further up on its own stack.
  const base::EventCount::Waiter waiter(work->finished);
  for (;;) {
    const uint32_t key = work->finished.key();
    if (work->done.load() == count) return;
    work->finished.Sleep(key, std::nullopt);
  }
}

}  // namespace moldau::broker
