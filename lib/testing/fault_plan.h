// The faults that a disk is still to meet.
//
// Threads: all members may be called from any thread.   Ownership: the clock must outlive it.   Failure: none.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "moldau/storage/memory_storage.h"
#include "moldau/testing/fault.h"
#include "testing/test_clock.h"

namespace moldau::testing {

class FaultPlan {
 public:
  explicit FaultPlan(TestClock& clock) : clock_(clock) {}

  void Add(Fault fault);
  void Clear();
  [[nodiscard]] uint64_t struck() const;

  // What `operation` meets: time passes, and an error may come of it.
  absl::Status Meet(const storage::Operation& operation);

 private:
  TestClock& clock_;
  mutable base::Mutex mutex_;
  std::vector<Fault> faults_ ABSL_GUARDED_BY(mutex_);
  uint64_t struck_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace moldau::testing
