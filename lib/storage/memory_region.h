// Address space for a file in memory that is mapped: its bytes keep their place however the file grows. Only the pages
// of the file can be touched, so that a store behind the end of the file is caught as a real disk would catch it.
//
// Threads: not safe; its file locks.   Ownership: unmaps itself.   Failure: ResourceExhausted if there is no address
// space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace moldau::storage {

class MemoryRegion {
 public:
  // Room for at least `size` bytes, none of which can be touched yet.
  static absl::StatusOr<std::unique_ptr<MemoryRegion>> Reserve(const std::string& path, uint64_t size);
  ~MemoryRegion();
  MemoryRegion(const MemoryRegion&) = delete;
  MemoryRegion& operator=(const MemoryRegion&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] uint64_t capacity() const noexcept { return capacity_; }

  // Lets the first `size` bytes be touched; forgets what lies in whole pages behind them. At most capacity().
  absl::Status SetSize(const std::string& path, uint64_t size);

  // Calls `visit` in order with each page that can be touched and may hold something else than zeros.
  void ForEachTouchedPage(absl::FunctionRef<void(uint64_t page)> visit) const;

 private:
  MemoryRegion(std::byte* data, uint64_t capacity) : data_(data), capacity_(capacity) {}

  std::byte* const data_;
  const uint64_t capacity_;
  uint64_t open_ = 0;  // bytes that can be touched, a multiple of the machine's page
};

}  // namespace moldau::storage
