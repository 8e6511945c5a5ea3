// The one door to the test framework, so that a change of its version touches this file only.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "absl/status/status.h"

namespace Catch {

// A failed CHECK on a status shows what it says instead of "{?}".
template <>
struct StringMaker<absl::Status> {
  static std::string convert(const absl::Status& status) { return status.ToString(); }
};

}  // namespace Catch

namespace moldau::test {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename StatusOr>
absl::Status StatusOf(const StatusOr& result) {
  return result.status();
}

}  // namespace moldau::test

// For a Status or a StatusOr: fails with the status's message unless it is OK.
#define REQUIRE_OK(expr) REQUIRE(::moldau::test::StatusOf(expr) == absl::OkStatus())
#define CHECK_OK(expr) CHECK(::moldau::test::StatusOf(expr) == absl::OkStatus())
