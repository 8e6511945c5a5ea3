// Pushes batches that nobody fills any more. One timer for all partitions of a producer; a partition is known to it at
// most once, whatever number of batches it opens meanwhile.
//
// Threads: all members may be called from any thread.   Ownership: borrows the senders.   Failure: none.
#pragma once

#include <queue>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/task_scope.h"
#include "moldau/base/clock.h"

namespace moldau::client {

class PartitionSender;

class LingerTimer {
 public:
  LingerTimer(base::TaskScope& tasks, std::chrono::nanoseconds linger) noexcept : tasks_(tasks), linger_(linger) {}

  // `sender` has opened a batch and is not known yet.
  void Add(PartitionSender& sender);

  // Takes out the sender whose batch may be the oldest; null if there is none.
  [[nodiscard]] PartitionSender* TakeOldest();

 private:
  using Entry = std::pair<MonoTime, PartitionSender*>;

  void Arm(MonoTime when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fire();

  base::TaskScope& tasks_;
  const std::chrono::nanoseconds linger_;
  base::Mutex mutex_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_ ABSL_GUARDED_BY(mutex_);
  MonoTime armed_for_ ABSL_GUARDED_BY(mutex_) = kForever;
};

}  // namespace moldau::client
