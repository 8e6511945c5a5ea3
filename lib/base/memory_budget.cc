#include "base/memory_budget.h"

#include "base/check.h"
#include "base/status_builder.h"

namespace moldau::base {

MemoryBudget::~MemoryBudget() { MOLDAU_CHECK(used() == 0, "a reservation outlives its memory budget"); }

absl::StatusOr<MemoryBudget::Reservation> MemoryBudget::TryReserve(uint64_t bytes, std::string_view what) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - used) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "memory budget: %s needs %d bytes, but %d of the limit of %d bytes are in use", what, bytes, used,
                   limit_);
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return Reservation(this, bytes);
}

}  // namespace moldau::base
