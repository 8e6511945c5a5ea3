// The check for programmer errors: it stays on in release builds, prints where and what, and aborts. What a caller or a
// disk can get wrong is a Status instead.
//
//   MOLDAU_CHECK(position <= size);
//   MOLDAU_CHECK(position <= size, "position %zu is past the end %zu", position, size);
//
// Threads: safe.   Failure: aborts the process.
#pragma once

namespace moldau::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition) noexcept;
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* format, ...) noexcept
    __attribute__((format(printf, 4, 5)));

}  // namespace moldau::base

#define MOLDAU_CHECK(condition, ...)                 \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::moldau::base::CheckFailed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))
