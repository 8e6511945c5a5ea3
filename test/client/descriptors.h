// What tests of descriptors and of calls that nobody stands in have in common.
#pragma once

#include <poll.h>

#include "support/catch.h"

namespace moldau::test {

inline bool IsReadable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

// Sleeps in the kernel until it is. False if the wait itself failed.
inline bool AwaitReadable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, -1) == 1;
}

// The descriptor of a consumer or a queue.
template <typename Reader>
int DescriptorOf(Reader& reader) {
  const auto fd = reader.ReadyDescriptor();
  REQUIRE_OK(fd);
  return *fd;
}

}  // namespace moldau::test
