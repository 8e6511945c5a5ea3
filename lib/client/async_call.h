// A Poll or Receive that nobody stands in: it is tried on the host's executor each time there may be something for it,
// until it has an answer, its time is up or it is told to stop. Then its callback gets the answer, there, once.
//
//     waiting ──OnReady──► posted ──► running ── no answer ──► waiting, or posted if OnReady came meanwhile
//                                        └────── answer ────► done
//
// While it waits it belongs to the readiness of what it calls, which tells it when that closes. It does not keep that
// alive, since the callback may.
//
// Threads: OnReady may be called from any thread; all else happens in tasks of the executor, one at a time.
// Ownership: shared by the readiness and by its task.   Failure: what the callback throws is contained.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/contained.h"
#include "base/mutex.h"
#include "client/readiness.h"
#include "moldau/base/executor.h"

namespace moldau::client {

template <typename Core, typename Value>
class AsyncCall final : public Readiness::Listener, public std::enable_shared_from_this<AsyncCall<Core, Value>> {
 public:
  using Answer = std::optional<absl::StatusOr<Value>>;
  // Asks for an answer that can be had now; if there is none the listener is told when that may have changed.
  using Attempt =
      absl::AnyInvocable<Answer(Core&, const std::shared_ptr<Readiness::Listener>&, const std::stop_token&)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<Value>) &&>;

  // The answer of a call whose time is up is an empty value.
  static void Start(const std::shared_ptr<Core>& core, Executor& executor, std::chrono::nanoseconds timeout,
                    std::stop_token stop, Attempt attempt, Done done) {
    const auto call =
        std::make_shared<AsyncCall>(core, executor, timeout, std::move(stop), std::move(attempt), std::move(done));
    call->OnReady();
  }

  void OnReady() noexcept override {
    {
      const base::MutexLock lock(mutex_);
      if (stage_ == Stage::kRunning) stage_ = Stage::kRunningAgain;
      if (stage_ != Stage::kWaiting) return;
      stage_ = Stage::kPosted;
    }
    PostRun();
  }

  AsyncCall(const std::shared_ptr<Core>& core, Executor& executor, std::chrono::nanoseconds timeout,
            std::stop_token stop, Attempt attempt, Done done)
      : core_(core),
        executor_(executor),
        deadline_(DeadlineAfter(executor.clock(), timeout)),
        stop_(std::move(stop)),
        attempt_(std::move(attempt)),
        done_(std::move(done)) {}

 private:
  enum class Stage : uint8_t { kWaiting, kPosted, kRunning, kRunningAgain, kDone };

  void PostRun() {
    // Gone only if the executor has dropped its task.
    if (auto self = this->weak_from_this().lock()) executor_.Post([self = std::move(self)] { self->Run(); });
  }

  void Run() {
    {
      const base::MutexLock lock(mutex_);
      stage_ = Stage::kRunning;
    }
    std::shared_ptr<Core> core = core_.lock();
    Answer answer = absl::CancelledError("closed before there was an answer");
    if (core != nullptr) {
      WatchTimeAndStop();
      answer = attempt_(*core, this->shared_from_this(), stop_);
      if (!answer && executor_.clock().Now() >= deadline_) answer = Value();
    }
    if (answer) return Finish(std::move(core), *std::move(answer));
    {
      const base::MutexLock lock(mutex_);
      const bool again = std::exchange(stage_, Stage::kWaiting) == Stage::kRunningAgain;
      if (!again) return;
      stage_ = Stage::kPosted;
    }
    PostRun();
  }

  // Once, and before the attempt, which looks at both.
  void WatchTimeAndStop() {
    if (std::exchange(is_watching_, true)) return;
    const auto on_ready = [weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->OnReady();
    };
    if (deadline_ != kForever) timer_ = executor_.PostAt(deadline_, on_ready);
    if (stop_.stop_possible()) on_stop_.emplace(stop_, on_ready);
  }

  void Finish(std::shared_ptr<Core> core, absl::StatusOr<Value> answer) {
    on_stop_.reset();
    if (timer_) executor_.Cancel(*timer_);
    if (core != nullptr) core->readiness().Forget(this);
    core.reset();  // the callback may let go of it
    {
      const base::MutexLock lock(mutex_);
      stage_ = Stage::kDone;
    }
    attempt_ = nullptr;
    base::RunContained([done = std::move(done_), &answer]() mutable { std::move(done)(std::move(answer)); });
  }

  const std::weak_ptr<Core> core_;
  Executor& executor_;
  const MonoTime deadline_;
  const std::stop_token stop_;

  base::Mutex mutex_;
  Stage stage_ ABSL_GUARDED_BY(mutex_) = Stage::kWaiting;

  // Of the task.
  Attempt attempt_;
  Done done_;
  bool is_watching_ = false;
  std::optional<Executor::TimerId> timer_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace moldau::client
