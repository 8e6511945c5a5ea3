// The border behind which the host's own code runs: what it throws goes no further.
//
// Threads: any.   Ownership: none.   Failure: none.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "moldau/base/log_sink.h"

namespace moldau::base {

// What the callback threw, in words; nullopt if it returned.
template <typename Callback>
std::optional<std::string> WhatIsThrownBy(Callback&& callback) {
  try {
    std::forward<Callback>(callback)();
  } catch (const std::exception& error) {
    std::string what = error.what();
    return what.empty() ? "an exception without a message" : std::move(what);
  } catch (...) {
    return "something that is no std::exception";
  }
  return std::nullopt;
}

// What it throws goes to standard error.
template <typename Callback>
void RunContained(Callback&& callback) {
  if (const std::optional<std::string> thrown = WhatIsThrownBy(std::forward<Callback>(callback))) {
    LogToStandardError(LogLevel::kError, "executor: a task threw: " + *thrown);
  }
}

}  // namespace moldau::base
