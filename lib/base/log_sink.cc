#include "moldau/base/log_sink.h"

#include <cstdio>
#include <string>

namespace moldau {
namespace {

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
    case LogLevel::kSilent:
      break;
  }
  return "error";
}

}  // namespace

void LogToStandardError(LogLevel level, std::string_view message) {
  std::fprintf(stderr, "moldau: %s: %.*s\n", LevelName(level), static_cast<int>(message.size()), message.data());
}

}  // namespace moldau
