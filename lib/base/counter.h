// A number that only rises, which anybody may read while it does. What it costs where it is raised decides which of the
// two ways to take: under a lock or on a thread of one's own an addition needs no locked instruction.
//
// Threads: as said per member; value() from any.   Ownership: none.   Failure: none.
#pragma once

#include <atomic>
#include <cstdint>

namespace moldau::base {

class Counter {
 public:
  // One thread at a time; what keeps the others away is the caller's business.
  void AddAlone(uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  // From any thread; returns what it was before.
  uint64_t Add(uint64_t n) noexcept { return value_.fetch_add(n, std::memory_order_relaxed); }

  [[nodiscard]] uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace moldau::base
