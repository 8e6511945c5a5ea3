// A promise that a check of the suite found broken. Checks that run more than once (on the library as it is, and in
// test/bugs on one with a known mistake) throw it instead of asserting: uncaught it fails a test, caught it proves that
// the check would notice.
//
//   Demand(end >= promised, "acknowledged up to %d, found %d", promised, end);
#pragma once

#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "support/catch.h"

namespace moldau::test {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
void Demand(bool holds, const absl::FormatSpec<Args...>& format, const Args&... args) {
  if (!holds) throw Violation(absl::StrFormat(format, args...));
}

// For a Status or a StatusOr that has to be OK.
template <typename Result>
void DemandOk(const Result& result, const char* what) {
  const absl::Status status = StatusOf(result);
  if (!status.ok()) throw Violation(absl::StrFormat("%s: %s", what, status.ToString()));
}

// What `check` found broken; empty if nothing.
template <typename Check>
std::string ViolationOf(const Check& check) {
  try {
    check();
  } catch (const Violation& violation) {
    return violation.what();
  }
  return {};
}

}  // namespace moldau::test
