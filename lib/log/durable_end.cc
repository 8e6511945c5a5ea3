#include "log/durable_end.h"

#include <memory>
#include <vector>

#include "base/contained.h"

namespace moldau::log {

absl::Status DurableEnd::failure() const {
  base::MutexLock lock(mutex_);
  return failure_;
}

// Those whose outcome is known by now. Without locks, since a callback may do anything.
void DurableEnd::RunDueCallbacks() {
  std::vector<std::pair<int64_t, Callback>> due;
  {
    base::MutexLock lock(mutex_);
    const auto last = failure_.ok() ? callbacks_.lower_bound(offset()) : callbacks_.end();
    for (auto it = callbacks_.begin(); it != last; it = callbacks_.erase(it)) {
      due.emplace_back(it->first, std::move(it->second));
    }
    callback_count_.store(static_cast<int>(callbacks_.size()), std::memory_order_seq_cst);
  }
  for (auto& [token, callback] : due) {
    base::RunContained([this, at = token, &run = callback] { std::move(run)(StatusOf(at)); });
  }
}

void DurableEnd::Advance(int64_t end) {
  end_.store(end, std::memory_order_seq_cst);
  event_.Notify();
  PostDueCallbacks();
}

// The caller may hold any lock of its log, and a callback may do anything.
void DurableEnd::PostDueCallbacks() {
  if (callback_count_.load(std::memory_order_seq_cst) == 0) return;
  WithDriver([this](FlushDriver& driver) {
    AddReference();
    const std::shared_ptr<DurableEnd> self(this, [](DurableEnd* shared) { shared->DropReference(); });
    driver.PostCallbacks([self] { self->RunDueCallbacks(); });
  });
}

void DurableEnd::Fail(absl::Status status) {
  {
    base::MutexLock lock(mutex_);
    if (!failure_.ok()) return;
    failure_ = status;
    failed_.store(true, std::memory_order_seq_cst);
  }
  event_.Notify();
  PostDueCallbacks();
}

void DurableEnd::Detach() {
  Fail(absl::CancelledError("log: closed before the record was durable"));
  base::EventCount::Waiter waiter(event_);
  for (;;) {
    const uint32_t key = event_.key();
    {
      base::MutexLock lock(mutex_);
      driver_ = nullptr;
      if (driver_users_ == 0) break;
    }
    event_.Sleep(key, std::nullopt);
  }
  RunDueCallbacks();  // nobody else is left to do it
}

bool DurableEnd::WithDriver(absl::FunctionRef<void(FlushDriver&)> use) {
  FlushDriver* driver;
  {
    base::MutexLock lock(mutex_);
    driver = driver_;
    if (driver == nullptr) return false;
    ++driver_users_;
  }
  use(*driver);
  {
    base::MutexLock lock(mutex_);
    if (--driver_users_ > 0 || driver_ != nullptr) return true;
  }
  event_.Wake();
  return true;
}

bool DurableEnd::IsDone(int64_t token) const { return offset() > token || failed(); }

absl::Status DurableEnd::StatusOf(int64_t token) const {
  if (offset() > token) return absl::OkStatus();
  if (failed()) return failure();
  return absl::UnavailableError("receipt: not durable yet");
}

absl::Status DurableEnd::Wait(int64_t token, std::chrono::nanoseconds timeout) {
  if (IsDone(token)) return StatusOf(token);
  absl::Status status;
  const bool alive = WithDriver([&](FlushDriver& driver) { status = driver.AwaitDurable(token, timeout); });
  return alive ? status : StatusOf(token);
}

void DurableEnd::OnDone(int64_t token, Callback callback) {
  bool open = false;
  {
    base::MutexLock lock(mutex_);
    if (failure_.ok() && offset() <= token) {
      callbacks_.emplace(token, std::move(callback));
      callback_count_.store(static_cast<int>(callbacks_.size()), std::memory_order_seq_cst);
      open = true;
    }
  }
  if (!open) return std::move(callback)(StatusOf(token));
  // Counted first, looked again afterwards: either Advance has seen the callback or this sees the new end.
  if (offset() > token) return RunDueCallbacks();
  WithDriver([](FlushDriver& driver) { driver.RequestFlush(); });
}

}  // namespace moldau::log
