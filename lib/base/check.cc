#include "base/check.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace moldau::base {

void CheckFailed(const char* file, int line, const char* condition) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

void CheckFailed(const char* file, int line, const char* condition, const char* format, ...) noexcept {
  char detail[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(detail, sizeof(detail), format, arguments);
  va_end(arguments);
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, detail);
  std::abort();
}

}  // namespace moldau::base
