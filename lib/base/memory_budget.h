// One limit on the memory of a broker that its users can make grow: buffered batches, fetched data, decompression. What
// would exceed it is refused with the numbers instead of being allocated.
//
// Threads: all members may be called from any thread; a reservation belongs to one thread at a time.
// Ownership: the budget must outlive its reservations.   Failure: ResourceExhausted naming limit, use and demand.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace moldau::base {

class MemoryBudget {
 public:
  // Bytes taken from a budget, given back when it is destroyed.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Reservation& operator=(Reservation&& other) noexcept {
      Reservation moved(std::move(other));
      std::swap(budget_, moved.budget_);
      std::swap(bytes_, moved.bytes_);
      return *this;
    }
    ~Reservation() { Release(); }

    [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }

    // Gives the bytes back early.
    void Release() noexcept {
      if (budget_ != nullptr) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
      budget_ = nullptr;
      bytes_ = 0;
    }

   private:
    friend class MemoryBudget;
    Reservation(MemoryBudget* budget, uint64_t bytes) noexcept : budget_(budget), bytes_(bytes) {}

    MemoryBudget* budget_ = nullptr;
    uint64_t bytes_ = 0;
  };

  explicit MemoryBudget(uint64_t limit_bytes) noexcept : limit_(limit_bytes) {}
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes` for `what` ("fetch response"), all or nothing.
  [[nodiscard]] absl::StatusOr<Reservation> TryReserve(uint64_t bytes, std::string_view what);

  [[nodiscard]] uint64_t limit() const noexcept { return limit_; }
  [[nodiscard]] uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

}  // namespace moldau::base
