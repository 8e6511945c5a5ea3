// How much work a randomised test does. `test/run --long` asks for far more, continuous integration under the
// sanitizers for less; a test names its normal amount and scales it: `for (int seed = 0; seed < Scaled(200); ++seed)`.
//
// MOLDAU_SCALE   a factor such as 0.1; unset means 1
// MOLDAU_LONG    if set and not 0: twenty times as much, on top of MOLDAU_SCALE
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace moldau::test {

// Whether this is a long run (`test/run --long`).
inline bool IsLongRun() {
  const char* value = std::getenv("MOLDAU_LONG");
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

inline double Scale() {
  const char* value = std::getenv("MOLDAU_SCALE");
  const double factor = value == nullptr ? 1.0 : std::strtod(value, nullptr);
  return (factor > 0 ? factor : 1.0) * (IsLongRun() ? 20.0 : 1.0);
}

// `n` seeds, kills or operations, scaled; at least one.
template <typename Int = int>
Int Scaled(Int n) {
  return std::max(Int{1}, static_cast<Int>(static_cast<double>(n) * Scale()));
}

}  // namespace moldau::test
