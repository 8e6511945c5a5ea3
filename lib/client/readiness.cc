#include "client/readiness.h"

#include <algorithm>
#include <utility>

namespace moldau::client {

Readiness::Readiness(Executor& executor, OnChange on_change) : on_change_(std::move(on_change)), timers_(executor) {}

absl::StatusOr<int> Readiness::OpenDescriptor() {
  const base::MutexLock lock(mutex_);
  if (!descriptor_) {
    absl::StatusOr<base::EventDescriptor> opened = base::EventDescriptor::Open();
    if (!opened.ok()) return std::move(opened).status();
    descriptor_.emplace(*std::move(opened));
    descriptor_->Set();  // nobody has looked yet
    has_descriptor_.store(true, std::memory_order_release);
  }
  return descriptor_->fd();
}

void Readiness::Arm(const std::shared_ptr<Listener>& listener) {
  const base::MutexLock lock(mutex_);
  if (closed_) return;
  if (listener != nullptr && std::find(listeners_.begin(), listeners_.end(), listener) == listeners_.end()) {
    listeners_.push_back(listener);
  }
  // Also if it is armed: a forked child that drops its copy sets the descriptor, which it shares with us.
  if (descriptor_) descriptor_->Reset();
  if (is_armed()) return;
  if (on_change_) on_change_(true);
  was_armed_.store(true, std::memory_order_seq_cst);
  armed_.store(true, std::memory_order_seq_cst);
}

void Readiness::Forget(const Listener* listener) {
  std::shared_ptr<Listener> dropped;  // after the lock
  const base::MutexLock lock(mutex_);
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [listener](const auto& known) { return known.get() == listener; });
  if (found == listeners_.end()) return;
  dropped = std::move(*found);
  listeners_.erase(found);
}

void Readiness::Wake() noexcept {
  if (!is_armed()) [[likely]]
    return;
  std::vector<std::shared_ptr<Listener>> told;
  {
    const base::MutexLock lock(mutex_);
    if (!is_armed()) return;
    armed_.store(false, std::memory_order_seq_cst);
    if (descriptor_) descriptor_->Set();
    if (on_change_) on_change_(false);
    told.swap(listeners_);
  }
  for (const std::shared_ptr<Listener>& listener : told) listener->OnReady();
}

void Readiness::WakeAt(MonoTime when) {
  const base::MutexLock lock(mutex_);
  if (closed_ || when >= timer_at_) return;
  if (timer_ != 0) timers_.Cancel(timer_);
  timer_at_ = when;
  timer_ = timers_.PostAt(when, [this] { OnTimer(); });
}

void Readiness::OnTimer() {
  {
    const base::MutexLock lock(mutex_);
    timer_at_ = kForever;
    timer_ = 0;
  }
  Wake();
}

void Readiness::Close() {
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    if (descriptor_) descriptor_->Set();
  }
  Wake();
  timers_.Close();
}

}  // namespace moldau::client
