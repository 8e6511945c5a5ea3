// How full the disk in memory is, in pages. Reverting a removal in a crash may fill it beyond its capacity.
//
// Threads: safe.   Ownership: must outlive what took from it.   Failure: none.
#pragma once

#include <atomic>
#include <cstdint>

#include "storage/memory_page.h"

namespace moldau::storage {

class MemorySpace {
 public:
  explicit MemorySpace(uint64_t capacity_bytes) : capacity_(capacity_bytes / kPageSize) {}

  void SetCapacity(uint64_t bytes) { capacity_.store(bytes / kPageSize, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t capacity_bytes() const { return capacity_.load(std::memory_order_relaxed) * kPageSize; }
  [[nodiscard]] uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed) * kPageSize; }

  // All of it or nothing.
  [[nodiscard]] bool TryTake(uint64_t pages) {
    uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      const uint64_t capacity = capacity_.load(std::memory_order_relaxed);
      if (used > capacity || pages > capacity - used) return pages == 0;
    } while (!used_.compare_exchange_weak(used, used + pages, std::memory_order_relaxed));
    return true;
  }

  void Take(uint64_t pages) { used_.fetch_add(pages, std::memory_order_relaxed); }
  void Give(uint64_t pages) { used_.fetch_sub(pages, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> capacity_;
  std::atomic<uint64_t> used_{0};
};

}  // namespace moldau::storage
