// The border behind which the host's own code runs: what it throws goes to standard error and no further.
//
// Threads: any.   Ownership: none.   Failure: none.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "moldau/base/log_sink.h"

namespace moldau::base {

template <typename Callback>
void RunContained(Callback&& callback) {
  try {
    std::forward<Callback>(callback)();
  } catch (const std::exception& error) {
    LogToStandardError(LogLevel::kError, std::string("executor: a task threw: ") + error.what());
  } catch (...) {
    LogToStandardError(LogLevel::kError, "executor: a task threw something that is no std::exception");
  }
}

}  // namespace moldau::base
