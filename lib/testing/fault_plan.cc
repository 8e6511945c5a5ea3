#include "testing/fault_plan.h"

#include <utility>

namespace moldau::testing {
namespace {

bool IsAbout(const Fault& fault, const storage::Operation& operation) {
  if (fault.kind && *fault.kind != operation.kind) return false;
  return operation.path.find(fault.path) != std::string::npos;
}

}  // namespace

void FaultPlan::Add(Fault fault) {
  const base::MutexLock lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultPlan::Clear() {
  const base::MutexLock lock(mutex_);
  faults_.clear();
}

uint64_t FaultPlan::struck() const {
  const base::MutexLock lock(mutex_);
  return struck_;
}

absl::Status FaultPlan::Meet(const storage::Operation& operation) {
  std::chrono::nanoseconds delay{0};
  absl::Status error;
  {
    const base::MutexLock lock(mutex_);
    for (Fault& fault : faults_) {
      if (fault.times == 0 || !IsAbout(fault, operation)) continue;
      if (fault.after > 0) {
        --fault.after;
        continue;
      }
      if (fault.times != Fault::kAlways) --fault.times;
      ++struck_;
      delay += fault.delay;
      error.Update(fault.error);
    }
    std::erase_if(faults_, [](const Fault& fault) { return fault.times == 0; });
  }
  if (delay.count() > 0) clock_.AdvanceTo(DeadlineAfter(clock_, delay));
  return error;
}

}  // namespace moldau::testing
