// A world whose host has an executor of its own, on which callbacks and coroutines run.
#pragma once

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "client/world.h"

namespace moldau::test {

struct HostWorld : World {
  HostWorld() {
    broker_options.log_level = LogLevel::kError;
    broker_options.log_sink = [this](LogLevel, std::string_view message) { log += std::string(message) + "\n"; };
    Reopen();
  }
  // The host's turn; how many tasks ran.
  int RunHost() const {
    int ran = 0;
    while (host->Poll(1) > 0) ++ran;
    return ran;
  }

  std::string log;
  std::unique_ptr<ManualExecutor> host = MakeManualExecutor(clock);
};

}  // namespace moldau::test
