// Record batches inside a message: a view of bytes and, if it is known, what keeps them alive. So a produce request
// read from a socket shares the buffer of its frame, a fetch response shares the mapping of the log, and both are
// passed on within a process without a copy.
//
// Threads: as std::shared_ptr.   Ownership: shares the owner if there is one; else the memory must outlive the view.
// Failure: none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace moldau::protocol {

class Bytes {
 public:
  Bytes() = default;
  // Borrows.
  Bytes(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}       // NOLINT(google-explicit-constructor)
  Bytes(std::string_view bytes) noexcept : bytes_(base::AsBytes(bytes)) {}  // NOLINT(google-explicit-constructor)
  // Shares the owner of the memory.
  Bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) noexcept
      : bytes_(bytes), owner_(std::move(owner)) {}

  // Takes the memory over.
  [[nodiscard]] static Bytes Own(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::span<const std::byte> view = base::AsBytes(*owner);
    return {view, std::move(owner)};
  }

  [[nodiscard]] std::span<const std::byte> span() const noexcept { return bytes_; }
  [[nodiscard]] std::string_view text() const noexcept { return base::AsText(bytes_); }
  [[nodiscard]] size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept { return a.text() == b.text(); }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace moldau::protocol
