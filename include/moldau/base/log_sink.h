// What Moldau has to say besides its results: recovered partitions, foreign files, failed disks. The host decides where
// it goes.
//
// Threads: the sink is called from any thread, never concurrently with itself.   Failure: what it throws is swallowed.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace moldau {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError, kSilent };

using LogSink = std::function<void(LogLevel level, std::string_view message)>;

// Writes one line to standard error.
void LogToStandardError(LogLevel level, std::string_view message);

}  // namespace moldau
