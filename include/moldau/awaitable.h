// What co_await takes from Moldau: something to wait for that begins when a coroutine awaits it, and after which the
// coroutine goes on, with the result, in a task of the executor that was given. Works with any coroutine type.
//
//   absl::StatusOr<moldau::ConsumerRecords> records = co_await consumer.PollAsync(executor);
//   absl::Status stored = co_await moldau::WaitAsync(receipt, executor);
//
// Threads: the coroutine goes on in a task of the executor, always. One that is waiting may be destroyed in such a task
// too, or when the executor runs none, but not while it might be about to go on.
// Ownership: the executor must outlive the wait, which ends at the latest when what is waited for is closed or
// destroyed. The coroutine's is the host's; if it is destroyed while it waits, nothing is taken on its behalf.
// Failure: the result says. What the coroutine lets through to its resumer is contained and goes to standard error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "moldau/base/executor.h"
#include "moldau/receipt.h"

namespace moldau {

template <typename T>
class [[nodiscard]] Awaitable {
 public:
  using Done = absl::AnyInvocable<void(T) &&>;
  // Begins; `done` is called once, in a task of the executor. `stop` says that nobody wants the result any more.
  using Start = absl::AnyInvocable<void(std::stop_token stop, Done done) &&>;

  explicit Awaitable(Start start, std::stop_token stop = {}) : start_(std::move(start)), stop_(std::move(stop)) {}
  ~Awaitable() {
    if (wait_ != nullptr) wait_->Abandon();
  }
  Awaitable(Awaitable&&) = default;
  Awaitable& operator=(Awaitable&&) = delete;

  // --- what the compiler calls ---

  [[nodiscard]] bool await_ready() const noexcept { return false; }

  template <typename Handle>
  void await_suspend(Handle coroutine) {
    wait_ = std::make_shared<Wait>(stop_, [coroutine]() mutable { coroutine.resume(); });
    // From here on the coroutine may go on, and take this object with it.
    Start start = std::move(start_);
    std::move(start)(wait_->stop.get_token(), [wait = wait_](T result) {
      if (wait->is_abandoned) return;
      wait->result.emplace(std::move(result));
      wait->resume();
    });
  }

  T await_resume() { return *std::move(wait_->result); }

 private:
  // Shared with the callback, which may come when the coroutine has gone.
  struct Wait {
    Wait(const std::stop_token& host_stop, std::function<void()> go_on)
        : resume(std::move(go_on)), forward(host_stop, [this] { stop.request_stop(); }) {}
    void Abandon() {
      is_abandoned = true;
      stop.request_stop();
    }

    std::function<void()> resume;
    std::optional<T> result;
    bool is_abandoned = false;
    std::stop_source stop;
    std::stop_callback<std::function<void()>> forward;  // goes first
  };

  Start start_;
  std::stop_token stop_;
  std::shared_ptr<Wait> wait_;
};

// The outcome of a receipt, as Receipt::Wait returns it. Nobody flushes or sends earlier for it, which Receipt::Wait
// does.
Awaitable<absl::Status> WaitAsync(Receipt receipt, Executor& executor);

}  // namespace moldau
