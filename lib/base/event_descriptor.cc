#include "base/event_descriptor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"

namespace moldau::base {

absl::StatusOr<EventDescriptor> EventDescriptor::Open() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd >= 0) return EventDescriptor(fd);
  return absl::ErrnoToStatus(errno == EMFILE || errno == ENFILE ? ENOSPC : errno, "event descriptor: cannot be opened");
}

EventDescriptor::~EventDescriptor() {
  if (fd_ >= 0) close(fd_);
}

// Fails only at a count that leaves it readable anyway.
void EventDescriptor::Set() const noexcept {
  const eventfd_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

void EventDescriptor::Reset() const noexcept {
  eventfd_t count;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof(count));
}

}  // namespace moldau::base
