// Builds error statuses from a format, since Debian's absl::string_view and std::string_view do not convert: StrFormat
// takes both. Messages are lower case, the subject first, with the numbers that matter.
//
// Threads: safe.   Ownership: none.   Failure: none.
#pragma once

#include <tuple>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "moldau/error.h"

namespace moldau::base {

// The constraint: clang takes anything for a FormatSpec at first, so that `Error(code, ErrorCode::kX, "…")` would fit
// here too, with the format as the first argument. A string literal is therefore no first argument.
template <typename... Args>
requires(!std::is_array_v<std::tuple_element_t<0, std::tuple<Args..., int>>>) [[nodiscard]] absl::Status
    Error(absl::StatusCode code, const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::Status(code, absl::StrFormat(format, args...));
}

template <typename... Args>
[[nodiscard]] absl::Status Error(absl::StatusCode code, ErrorCode kafka, const absl::FormatSpec<Args...>& format,
                                 const Args&... args) {
  return WithErrorCode(absl::Status(code, absl::StrFormat(format, args...)), kafka);
}

}  // namespace moldau::base

// Returns early with the status of `expr` unless it is OK.
#define MOLDAU_RETURN_IF_ERROR(expr)                                                       \
  do {                                                                                     \
    if (absl::Status moldau_status_ = (expr); !moldau_status_.ok()) return moldau_status_; \
  } while (false)

#define MOLDAU_CONCAT_INNER(a, b) a##b
#define MOLDAU_CONCAT(a, b) MOLDAU_CONCAT_INNER(a, b)
// Declares `lhs` from a StatusOr, or returns early with its status.
#define MOLDAU_ASSIGN_OR_RETURN(lhs, expr) MOLDAU_ASSIGN_OR_RETURN_INNER(MOLDAU_CONCAT(moldau_or_, __LINE__), lhs, expr)
#define MOLDAU_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                                  \
  if (!result.ok()) return std::move(result).status();   \
  lhs = *std::move(result)
