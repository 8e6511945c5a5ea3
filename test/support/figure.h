// Prints what a test counted. `test/run` shows these lines at its end, so that "how much was tried" is seen, not
// believed:
//   Figure("crash enumeration: %d states, %d acknowledged records lost", states, lost);
#pragma once

#include <cstdio>

#include "absl/strings/str_format.h"

namespace moldau::test {

template <typename... Args>
void Figure(const absl::FormatSpec<Args...>& format, const Args&... args) {
  absl::PrintF("figure: %s\n", absl::StrFormat(format, args...));
  std::fflush(stdout);
}

}  // namespace moldau::test
