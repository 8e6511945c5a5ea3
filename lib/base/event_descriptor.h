// A descriptor that is readable while it is set: what an event loop of the host waits on for something that happens
// inside the library. An eventfd.
//
// Threads: Set and Reset may be called from any thread.   Ownership: closes the descriptor when destroyed.
// Failure: only Open can fail.
#pragma once

#include <utility>

#include "absl/status/statusor.h"

namespace moldau::base {

class EventDescriptor {
 public:
  // Not set. ResourceExhausted if the process or the system has no descriptor left.
  static absl::StatusOr<EventDescriptor> Open();
  ~EventDescriptor();
  EventDescriptor(EventDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  EventDescriptor& operator=(EventDescriptor&&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Each is one system call, also when it changes nothing.
  void Set() const noexcept;
  void Reset() const noexcept;

 private:
  explicit EventDescriptor(int fd) noexcept : fd_(fd) {}

  int fd_;
};

}  // namespace moldau::base
