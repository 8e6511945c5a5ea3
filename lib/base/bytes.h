// Text as bytes and bytes as text, without a copy.
//
// Threads: safe.   Ownership: the results view what was passed.   Failure: none.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace moldau::base {

[[nodiscard]] inline std::span<const std::byte> AsBytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view AsText(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace moldau::base
