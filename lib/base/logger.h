// Filters and limits what goes to the host's LogSink: messages below the level cost one comparison, and a kind of
// message that comes too often is counted instead of written, so that a broken disk cannot flood the host.
//
// A kind is a short constant such as "log.recovered". Of each kind `kBurst` messages pass per `kWindow`; the first one
// of the next window says how many were left out.
//
// Threads: all members may be called from any thread; the sink is never called concurrently with itself, and what it
// logs
// through this logger itself is dropped.   Ownership: the clock must outlive it.   Failure: what the sink throws is
// swallowed.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "moldau/base/clock.h"
#include "moldau/base/log_sink.h"

namespace moldau::base {

class Logger {
 public:
  static constexpr int kBurst = 10;
  static constexpr std::chrono::seconds kWindow{10};

  // Without a sink messages go to standard error.
  explicit Logger(Clock& clock = Clock::System(), LogSink sink = nullptr, LogLevel level = LogLevel::kError);

  [[nodiscard]] bool enabled(LogLevel level) const noexcept { return level >= level_ && level != LogLevel::kSilent; }

  template <typename... Args>
  void Log(LogLevel level, std::string_view kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
    if (!enabled(level)) return;
    const std::optional<int64_t> suppressed = Admit(kind);
    if (suppressed) Write(level, absl::StrFormat(format, args...), *suppressed);
  }

  template <typename... Args>
  void Debug(std::string_view kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
    Log(LogLevel::kDebug, kind, format, args...);
  }
  template <typename... Args>
  void Info(std::string_view kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
    Log(LogLevel::kInfo, kind, format, args...);
  }
  template <typename... Args>
  void Warning(std::string_view kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
    Log(LogLevel::kWarning, kind, format, args...);
  }
  template <typename... Args>
  void Error(std::string_view kind, const absl::FormatSpec<Args...>& format, const Args&... args) {
    Log(LogLevel::kError, kind, format, args...);
  }

 private:
  struct Window {
    MonoTime start;
    int passed = 0;
    int64_t suppressed = 0;
  };

  // How many messages of the kind were left out before this one; none if this one is left out too.
  std::optional<int64_t> Admit(std::string_view kind);
  void Write(LogLevel level, std::string message, int64_t suppressed);

  Clock& clock_;
  const LogLevel level_;
  Mutex windows_mutex_;
  std::map<std::string, Window, std::less<>> windows_ ABSL_GUARDED_BY(windows_mutex_);
  Mutex sink_mutex_;
  LogSink sink_ ABSL_GUARDED_BY(sink_mutex_);
};

}  // namespace moldau::base
