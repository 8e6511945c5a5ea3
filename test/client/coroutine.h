// A coroutine for tests.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace moldau::test {

// Runs on the caller's thread until it first waits; destroyed, wherever it is, with this object.
class Task {
 public:
  struct promise_type {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }
  };

  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&&) = delete;

  // Not while it may be running on another thread.
  [[nodiscard]] bool done() const { return coroutine_.done(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace moldau::test
