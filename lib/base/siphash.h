// SipHash-2-4 with a result of 128 bits: a keyed hash of byte strings. So wide that two keys which meet by chance are
// nothing to reckon with, and keyed so that nobody can make them meet.
//
// Threads: pure function.   Ownership: borrows.   Failure: none.   Source: Aumasson and Bernstein, SipHash.
#pragma once

#include <cstdint>
#include <string_view>

namespace moldau::base {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const Hash128&, const Hash128&) = default;
};

[[nodiscard]] Hash128 SipHash128(std::string_view bytes, Hash128 key) noexcept;

}  // namespace moldau::base
