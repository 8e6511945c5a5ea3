// The one way to wait: a counter that a waiter reads, re-checks its condition, and sleeps on until somebody has
// notified. A condition variable without a mutex; no wake-up is lost, and Notify costs one load while nobody waits.
//
//   EventCount::Waiter waiter(event);                    // from here on Notify sees us
//   while (!condition()) {
//     const uint32_t key = event.key();
//     if (condition()) break;
//     if (!clock.WaitUntil(event, key, deadline)) break;  // deadline passed
//   }
//
// What makes the condition true must be a seq_cst store or read-modify-write, followed by Notify(): the waiter's
// registration and the notifier's store are then ordered, so at least one of them sees the other.
//
// Threads: all members may be called from any thread.   Failure: none.
// Ownership: must outlive its waiters and its notifiers: a waiter that has seen its condition must not destroy the
// event while Notify() may still be on its way out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace moldau::base {

// Something that can be woken; what notifiers know of those who wait.
class Waker {
 public:
  virtual void Wake() noexcept = 0;

 protected:
  ~Waker() = default;
};

class EventCount final : public Waker {
 public:
  EventCount() = default;
  EventCount(const EventCount&) = delete;
  EventCount& operator=(const EventCount&) = delete;

  // Keeps the event armed while it lives.
  class Waiter {
   public:
    explicit Waiter(EventCount& event) noexcept : event_(event) {
      event_.waiters_.fetch_add(1, std::memory_order_seq_cst);
    }
    ~Waiter() { event_.waiters_.fetch_sub(1, std::memory_order_seq_cst); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    EventCount& event_;
  };

  // Wakes every waiter; nearly free while there is none.
  void Notify() noexcept {
    if (waiters_.load(std::memory_order_seq_cst) != 0) Wake();
  }

  // Wakes every waiter, registered or about to sleep.
  void Wake() noexcept override;

  // The count to sleep on; read it before the last check of the condition.
  [[nodiscard]] uint32_t key() const noexcept { return count_.load(std::memory_order_seq_cst); }

  // Sleeps until the count differs from `key` or `timeout` of real time has passed (none: no limit).
  // False if it timed out. Code that takes a Clock calls Clock::WaitUntil instead.
  bool Sleep(uint32_t key, std::optional<std::chrono::nanoseconds> timeout) noexcept;

 private:
  std::atomic<uint32_t> count_{0};
  std::atomic<uint32_t> waiters_{0};
};

}  // namespace moldau::base
