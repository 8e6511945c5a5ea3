// Those who sleep until a log has grown. Notifying costs one load while there is nobody.
//
// Threads: all members may be called from any thread.   Ownership: borrows the wakers, which remove themselves.
// Failure: none.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/mutex.h"
#include "moldau/base/event_count.h"

namespace moldau::log {

class WakerList {
 public:
  void Add(base::Waker* waker) {
    base::MutexLock lock(mutex_);
    wakers_.push_back(waker);
    count_.store(static_cast<int>(wakers_.size()), std::memory_order_seq_cst);
  }

  // After it returns the waker is not touched any more.
  void Remove(base::Waker* waker) {
    base::MutexLock lock(mutex_);
    if (const auto it = std::find(wakers_.begin(), wakers_.end(), waker); it != wakers_.end()) wakers_.erase(it);
    count_.store(static_cast<int>(wakers_.size()), std::memory_order_seq_cst);
  }

  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_seq_cst) == 0; }

  // What there is to see must have been stored seq_cst before.
  void Notify() noexcept {
    if (count_.load(std::memory_order_seq_cst) != 0) WakeAll();
  }

 private:
  void WakeAll() noexcept {
    base::MutexLock lock(mutex_);
    for (base::Waker* waker : wakers_) waker->Wake();
  }

  std::atomic<int> count_{0};
  base::Mutex mutex_;
  std::vector<base::Waker*> wakers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace moldau::log
