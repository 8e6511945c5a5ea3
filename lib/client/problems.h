// Collects what is wrong with some options, so that a host hears all of it at once.
//
// Threads: one thread at a time.   Ownership: none.   Failure: none.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace moldau::client {

class Problems {
 public:
  // `subject` begins the message.
  explicit Problems(std::string_view subject) : subject_(subject) {}

  // Notes a problem unless `condition` holds.
  template <typename... Args>
  void Unless(bool condition, const absl::FormatSpec<Args...>& format, const Args&... args) {
    if (condition) return;
    absl::StrAppendFormat(&text_, "%s", text_.empty() ? "" : "; ");
    absl::StrAppendFormat(&text_, format, args...);
  }

  // OK, or InvalidArgument naming them all.
  [[nodiscard]] absl::Status status() const {
    if (text_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", subject_, text_));
  }

 private:
  std::string subject_;
  std::string text_;
};

}  // namespace moldau::client
