#include <memory>
#include <string>
#include <thread>

#include "moldau/base/executor.h"
#include "moldau/base/manual_clock.h"
#include "support/catch.h"

namespace moldau {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  std::string order;

  Executor::Task Say(char c) {
    return [this, c] { order += c; };
  }
};

}  // namespace

TEST_CASE("nothing runs until somebody polls", "[executor]") {
  Fixture f;
  f.executor->Post(f.Say('a'));
  f.clock.Advance(1h);
  CHECK(f.order.empty());
  CHECK(f.executor->Poll() == 1);
  CHECK(f.order == "a");
  CHECK(f.executor->Poll() == 0);
}

TEST_CASE("tasks run in the order of their time, then of their posting", "[executor]") {
  Fixture f;
  const MonoTime now = f.clock.Now();
  f.executor->PostAt(now + 2s, f.Say('d'));
  f.executor->PostAt(now + 1s, f.Say('c'));
  f.executor->Post(f.Say('a'));
  f.executor->Post(f.Say('b'));
  f.executor->PostAt(now + 2s, f.Say('e'));
  f.clock.Advance(2s);
  f.executor->Post(f.Say('f'));
  CHECK(f.executor->Poll() == 6);
  CHECK(f.order == "abcdef");
}

TEST_CASE("a poll runs no more than it is told", "[executor]") {
  Fixture f;
  for (const char c : {'a', 'b', 'c'}) f.executor->Post(f.Say(c));
  CHECK(f.executor->Poll(2) == 2);
  CHECK(f.order == "ab");
  CHECK(f.executor->Poll(0) == 0);
}

TEST_CASE("a task that posts itself for ever does not keep a timer from running", "[executor]") {
  Fixture f;
  std::function<void()> again = [&] { f.executor->Post(again); };
  f.executor->Post(again);
  f.executor->PostAt(f.clock.Now() + 1s, f.Say('t'));
  f.clock.Advance(1s);
  CHECK(f.executor->Poll(10) == 10);
  CHECK(f.order == "t");
}

TEST_CASE("the next due time is now, that of the earliest timer, or never", "[executor]") {
  Fixture f;
  CHECK(f.executor->NextDue() == kForever);
  const auto timer = f.executor->PostAt(f.clock.Now() + 1min, f.Say('t'));
  CHECK(f.executor->NextDue() == f.clock.Now() + 1min);
  f.clock.Advance(2min);
  CHECK(f.executor->NextDue() == f.clock.Now());
  f.executor->Cancel(timer);
  CHECK(f.executor->NextDue() == kForever);
  f.executor->Post(f.Say('p'));
  CHECK(f.executor->NextDue() == f.clock.Now());
}

TEST_CASE("a caller that waits sleeps until the next timer and runs it", "[executor]") {
  Fixture f;
  base::EventCount event;
  bool done = false;
  f.executor->PostAt(f.clock.Now() + 10s, [&] { done = true; });
  std::thread time([&] { f.clock.Advance(10s); });
  CHECK(f.executor->WaitUntil(
      event, [&] { return done; }, f.clock.Now() + 1h));
  time.join();
}

TEST_CASE("a caller that waits runs what other threads post meanwhile", "[executor]") {
  Fixture f;
  base::EventCount event;
  bool done = false;
  std::thread poster([&] { f.executor->Post([&] { done = true; }); });
  CHECK(f.executor->WaitUntil(
      event, [&] { return done; }, kForever));
  poster.join();
}

TEST_CASE("a caller that waits stops running tasks when it has what it wants", "[executor]") {
  Fixture f;
  base::EventCount event;
  f.executor->Post(f.Say('a'));
  f.executor->Post(f.Say('b'));
  CHECK(f.executor->WaitUntil(
      event, [&] { return f.order == "a"; }, kForever));
  CHECK(f.order == "a");
}

TEST_CASE("a task that posts itself for ever does not hold up a deadline", "[executor]") {
  Fixture f;
  base::EventCount event;
  std::function<void()> again = [&] {
    f.clock.Advance(1ms);
    f.executor->Post(again);
  };
  f.executor->Post(again);
  CHECK_FALSE(f.executor->WaitUntil(
      event, [] { return false; }, f.clock.Now() + 20ms));
}

}  // namespace moldau
