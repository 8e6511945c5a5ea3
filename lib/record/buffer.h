// Memory that grows: a vector of bytes whose new bytes are not cleared first, since they are about to be written.
//
// Threads: one thread at a time.   Ownership: owns its memory.
// Failure: none but the process's memory running out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace moldau::record {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity) { Reserve(capacity); }
  Buffer(Buffer&&) noexcept = default;
  Buffer& operator=(Buffer&&) noexcept = default;

  [[nodiscard]] std::byte* data() noexcept { return bytes_.get(); }
  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.get(); }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }

  // Keeps the memory for the next use.
  void Clear() noexcept { size_ = 0; }

  // Room for `capacity` bytes in all without growing again. Grows by half at least, so that appending stays linear.
  void Reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    capacity = std::max(capacity, capacity_ + capacity_ / 2);
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  // The memory behind the content: write there, then say how much with Grow.
  [[nodiscard]] std::span<std::byte> free() noexcept { return {bytes_.get() + size_, capacity_ - size_}; }
  void Grow(size_t bytes) noexcept { size_ += bytes; }

  // Cuts the content to its first `size` bytes; `size` is at most size().
  void Truncate(size_t size) noexcept { size_ = size; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace moldau::record
