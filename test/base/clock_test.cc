#include "moldau/base/clock.h"

#include <atomic>
#include <thread>

#include "base/fast_wall_clock.h"
#include "moldau/base/manual_clock.h"
#include "support/catch.h"

namespace moldau {
namespace {

using namespace std::chrono_literals;
using base::EventCount;

// A thread that sleeps on the clock until a deadline and says how the sleep ended.
class Sleeper {
 public:
  Sleeper(Clock& clock, MonoTime deadline)
      : key_(event_.key()), thread_([this, &clock, deadline] { reached_ = clock.WaitUntil(event_, key_, deadline); }) {}

  // True if it was notified, false if the deadline came first.
  bool Join() {
    thread_.join();
    return reached_;
  }
  EventCount& event() { return event_; }

 private:
  EventCount event_;
  const uint32_t key_;
  std::atomic<bool> reached_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("the system's steady time never falls", "[clock]") {
  Clock& clock = Clock::System();
  MonoTime last = clock.Now();
  for (int i = 0; i < 1'000; ++i) {
    const MonoTime now = clock.Now();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("the system's calendar time is that of the machine to a few ticks", "[clock]") {
  const auto machine = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  CHECK(std::chrono::abs(Clock::System().WallNow() - machine) < 1s);
  CHECK(std::chrono::abs(base::FastWallClock(Clock::System()).WallNow() - machine) < 1s);
}

TEST_CASE("waiting on the system's clock ends at the deadline or at a wake-up", "[clock]") {
  Clock& clock = Clock::System();
  EventCount event;
  const MonoTime deadline = clock.Now() + 20ms;
  CHECK_FALSE(clock.WaitUntil(event, event.key(), deadline));
  CHECK(clock.Now() >= deadline);
  CHECK_FALSE(clock.WaitUntil(event, event.key(), clock.Now() - 1s));
  const uint32_t key = event.key();
  event.Wake();
  CHECK(clock.WaitUntil(event, key, kForever));
}

TEST_CASE("a deadline beyond the end of time is forever", "[clock]") {
  ManualClock clock;
  CHECK(DeadlineAfter(clock, 5s) == clock.Now() + 5s);
  CHECK(DeadlineAfter(clock, std::chrono::nanoseconds::max()) == kForever);
  CHECK(DeadlineAfter(clock, kForever - clock.Now()) == kForever);
}

TEST_CASE("a manual clock stands still until it is moved", "[clock]") {
  ManualClock clock(Timestamp{1'000ms});
  CHECK(clock.Now() == 1h);
  CHECK(clock.WallNow() == Timestamp{1'000ms});
  clock.Advance(250ms);
  CHECK(clock.Now() == 1h + 250ms);
  CHECK(clock.WallNow() == Timestamp{1'250ms});
}

TEST_CASE("small steps of a manual clock add up in both times", "[clock]") {
  ManualClock clock(Timestamp{0ms});
  for (int i = 0; i < 3'000; ++i) clock.Advance(1us);
  CHECK(clock.Now() == 1h + 3ms);
  CHECK(clock.WallNow() == Timestamp{3ms});
}

TEST_CASE("the calendar of a manual clock jumps without the steady time", "[clock]") {
  ManualClock clock(Timestamp{10'000ms});
  clock.JumpWall(-4'000ms);
  CHECK(clock.WallNow() == Timestamp{6'000ms});
  CHECK(clock.Now() == 1h);
  CHECK(base::FastWallClock(clock).WallNow() == Timestamp{6'000ms});
}

TEST_CASE("moving a manual clock wakes those whose deadline it reaches", "[clock]") {
  ManualClock clock;
  Sleeper early(clock, clock.Now() + 10s);
  Sleeper late(clock, clock.Now() + 20s);
  clock.Advance(10s);
  CHECK_FALSE(early.Join());
  late.event().Wake();
  CHECK(late.Join());
}

TEST_CASE("a manual clock that has moved on does not let late comers sleep", "[clock]") {
  ManualClock clock;
  EventCount event;
  clock.Advance(1min);
  CHECK_FALSE(clock.WaitUntil(event, event.key(), 1h + 30s));
  const uint32_t key = event.key();
  event.Wake();
  CHECK(clock.WaitUntil(event, key, kForever));
}

TEST_CASE("no sleeper of a manual clock is missed, however the threads meet", "[clock]") {
  ManualClock clock;
  for (int round = 0; round < 500; ++round) {
    Sleeper sleeper(clock, clock.Now() + 1ms);
    clock.Advance(1ms);
    REQUIRE_FALSE(sleeper.Join());
  }
}

}  // namespace moldau
