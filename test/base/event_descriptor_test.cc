#include "base/event_descriptor.h"

#include <poll.h>
#include <sys/resource.h>

#include <utility>

#include "support/catch.h"
#include "support/child_process.h"

namespace moldau::base {
namespace {

bool IsReadable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

TEST_CASE("an event descriptor is readable from the first Set to the next Reset", "[base][descriptor]") {
  auto event = EventDescriptor::Open();
  REQUIRE_OK(event);
  CHECK_FALSE(IsReadable(event->fd()));
  event->Reset();
  CHECK_FALSE(IsReadable(event->fd()));
  event->Set();
  event->Set();
  const EventDescriptor moved = *std::move(event);
  CHECK(IsReadable(moved.fd()));
  moved.Reset();
  CHECK_FALSE(IsReadable(moved.fd()));
}

TEST_CASE("an event descriptor closes what it opened", "[base][descriptor]") {
  int first = -1;
  {
    auto event = EventDescriptor::Open();
    REQUIRE_OK(event);
    first = event->fd();
    const EventDescriptor moved = *std::move(event);
  }
  const auto next = EventDescriptor::Open();
  REQUIRE_OK(next);
  CHECK(next->fd() == first);
}

TEST_CASE("a process without a free descriptor is told so", "[base][descriptor]") {
  const test::ChildEnd end = test::RunInChild([] {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) return 2;
    return absl::IsResourceExhausted(EventDescriptor::Open().status()) ? 0 : 1;
  });
  CHECK(end.exit_status == 0);
}

}  // namespace
}  // namespace moldau::base
