#include "base/logger.h"

namespace moldau::base {
namespace {

thread_local bool inside_sink = false;

}  // namespace

Logger::Logger(Clock& clock, LogSink sink, LogLevel level)
    : clock_(clock), level_(level), sink_(sink ? std::move(sink) : LogToStandardError) {}

std::optional<int64_t> Logger::Admit(std::string_view kind) {
  const MonoTime now = clock_.Now();
  const MutexLock lock(windows_mutex_);
  auto found = windows_.find(kind);
  if (found == windows_.end()) found = windows_.emplace(std::string(kind), Window{now}).first;
  Window& window = found->second;
  int64_t suppressed = 0;
  if (now - window.start >= kWindow) {
    suppressed = window.suppressed;
    window = Window{now};
  }
  if (window.passed == kBurst) {
    ++window.suppressed;
    return std::nullopt;
  }
  ++window.passed;
  return suppressed;
}

void Logger::Write(LogLevel level, std::string message, int64_t suppressed) {
  if (inside_sink) return;  // the sink's own lock is held by this thread
  if (suppressed > 0) message += absl::StrFormat(" (%d similar messages left out before)", suppressed);
  const MutexLock lock(sink_mutex_);
  inside_sink = true;
  try {
    sink_(level, message);
  } catch (...) {
    // The host's sink must not break the library; there is nowhere left to report it.
  }
  inside_sink = false;
}

}  // namespace moldau::base
