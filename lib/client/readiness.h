// Tells those who wait without standing in a call that a call may have something to do: by a descriptor, which is
// readable until a call has found nothing, and by listeners, each of which is told once.
//
//     told ── a call finds nothing: Arm, then it looks once more ──► armed
//       ▲                                                              │ Wake
//       └──────────────────────────────────────────────────────────────┘
//
// What makes a call worth while is stored first and followed by Wake, as with an EventCount: then either the second
// look finds it, or Wake finds the readiness armed. Wake costs one load unless it is, and a system call only then.
//
// Threads: all members may be called from any thread; Wake also under locks of a log, so listeners must be brief and
// take none.   Ownership: its consumer's or queue's.   Failure: see OpenDescriptor.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/event_descriptor.h"
#include "base/mutex.h"
#include "base/task_scope.h"
#include "moldau/base/event_count.h"

namespace moldau::client {

class Readiness final : public base::Waker {
 public:
  class Listener {
   public:
    virtual void OnReady() noexcept = 0;

   protected:
    ~Listener() = default;
  };
  // Hears of each change, as brief as a listener, and in their order.
  using OnChange = absl::AnyInvocable<void(bool is_armed)>;

  // `executor` runs the timers of WakeAt.
  explicit Readiness(Executor& executor, OnChange on_change = nullptr);
  ~Readiness() { Close(); }

  // The same each time; readable at first. ResourceExhausted if there is none left.
  absl::StatusOr<int> OpenDescriptor();
  [[nodiscard]] bool has_descriptor() const noexcept { return has_descriptor_.load(std::memory_order_acquire); }

  // From here on a Wake is told to the descriptor, which is not readable any more, and to `listener`, if there is one.
  void Arm(const std::shared_ptr<Listener>& listener = nullptr);
  // Whether anybody has ever waited.
  [[nodiscard]] bool was_armed() const noexcept { return was_armed_.load(std::memory_order_seq_cst); }
  [[nodiscard]] bool is_armed() const noexcept { return armed_.load(std::memory_order_seq_cst); }
  // Does not tell the listener any more, unless it is being told.
  void Forget(const Listener* listener);

  void Wake() noexcept override;
  // Wakes at `when`, once; of several calls the earliest counts.
  void WakeAt(MonoTime when);

  // Wakes, and is never armed again. Waits for a timer that runs.
  void Close();

 private:
  void OnTimer();

  base::Mutex mutex_;
  std::atomic<bool> armed_{false};
  std::atomic<bool> was_armed_{false};
  std::atomic<bool> has_descriptor_{false};
  OnChange on_change_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<base::EventDescriptor> descriptor_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
  MonoTime timer_at_ ABSL_GUARDED_BY(mutex_) = kForever;
  base::TaskScope::TaskId timer_ ABSL_GUARDED_BY(mutex_) = 0;
  base::TaskScope timers_;
};

}  // namespace moldau::client
