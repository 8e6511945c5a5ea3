// What both executors promise. The manual one is polled by the test, the other has two threads.
#include "moldau/base/executor.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "moldau/base/manual_clock.h"
#include "support/catch.h"

namespace moldau {
namespace {

using namespace std::chrono_literals;
using base::EventCount;

struct Threads {
  ManualClock clock;
  std::unique_ptr<Executor> executor = MakeThreadExecutor(clock, 2, "test");
  void Run() {}  // they run by themselves
};

struct Manual {
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  void Run() { executor->Poll(1'000); }
};

// Lets a test wait for the number of tasks that ran. Made before the executor, since a task may still be notifying when
// the test has seen what it waited for.
class Counter {
 public:
  void Add() {
    count_.fetch_add(1);
    event_.Notify();
  }
  // True when `count` tasks have run, by driving the executor or by waiting for its threads.
  bool Await(Executor& executor, int count) {
    return executor.WaitUntil(
        event_, [&] { return count_.load() >= count; }, kForever);
  }
  int count() const { return count_.load(); }

 private:
  EventCount event_;
  std::atomic<int> count_{0};
};

}  // namespace

TEMPLATE_TEST_CASE("a posted task runs once", "[executor]", Threads, Manual) {
  Counter ran;
  TestType on;
  for (int i = 0; i < 100; ++i) on.executor->Post([&] { ran.Add(); });
  CHECK(ran.Await(*on.executor, 100));
  on.Run();
  CHECK(ran.count() == 100);
}

TEMPLATE_TEST_CASE("a timer runs when the clock has reached it, not before", "[executor]", Threads, Manual) {
  Counter early, late;
  TestType on;
  on.executor->PostAt(on.clock.Now() + 10s, [&] { late.Add(); });
  on.executor->PostAt(on.clock.Now() + 5s, [&] { early.Add(); });
  on.clock.Advance(5s);
  CHECK(early.Await(*on.executor, 1));
  on.Run();
  CHECK(late.count() == 0);
  on.clock.Advance(5s);
  CHECK(late.Await(*on.executor, 1));
}

TEMPLATE_TEST_CASE("a timer that was taken back does not run", "[executor]", Threads, Manual) {
  Counter ran;
  TestType on;
  bool cancelled_ran = false;
  const auto timer = on.executor->PostAt(on.clock.Now() + 1s, [&] { cancelled_ran = true; });
  const auto kept = on.executor->PostAt(on.clock.Now() + 1s, [&] { ran.Add(); });
  CHECK(on.executor->Cancel(timer));
  CHECK_FALSE(on.executor->Cancel(timer));
  on.clock.Advance(1s);
  CHECK(ran.Await(*on.executor, 1));
  CHECK_FALSE(on.executor->Cancel(kept));
  CHECK_FALSE(on.executor->Cancel(12345));
  CHECK_FALSE(cancelled_ran);
}

TEMPLATE_TEST_CASE("a task may post tasks and timers", "[executor]", Threads, Manual) {
  Counter ran;
  TestType on;
  on.executor->Post([&] { on.executor->Post([&] { on.executor->PostAt(on.clock.Now(), [&] { ran.Add(); }); }); });
  CHECK(ran.Await(*on.executor, 1));
}

TEMPLATE_TEST_CASE("waiting ends at its deadline", "[executor]", Threads, Manual) {
  TestType on;
  EventCount event;
  CHECK_FALSE(on.executor->WaitUntil(
      event, [] { return false; }, on.clock.Now()));
  CHECK(on.executor->WaitUntil(
      event, [] { return true; }, on.clock.Now() - 1s));
  const MonoTime deadline = on.clock.Now() + 1min;
  std::thread time([&] { on.clock.Advance(1min); });
  CHECK_FALSE(on.executor->WaitUntil(
      event, [] { return false; }, deadline));
  time.join();
}

TEMPLATE_TEST_CASE("waiting ends when another thread says so", "[executor]", Threads, Manual) {
  TestType on;
  EventCount event;
  std::atomic<bool> done{false};
  std::thread other([&] {
    done = true;
    event.Notify();
  });
  CHECK(on.executor->WaitUntil(
      event, [&] { return done.load(); }, kForever));
  other.join();
}

TEMPLATE_TEST_CASE("a task that waits for another task gets it run", "[executor]", Threads, Manual) {
  Counter outer, inner;
  TestType on;
  // As many waiting tasks as there are threads, and more: somebody must run what they wait for.
  for (int i = 0; i < 3; ++i) {
    on.executor->Post([&] {
      on.executor->Post([&] { inner.Add(); });
      inner.Await(*on.executor, 1);
      outer.Add();
    });
  }
  CHECK(outer.Await(*on.executor, 3));
  CHECK(inner.Await(*on.executor, 3));
}

TEMPLATE_TEST_CASE("what a task throws goes no further", "[executor]", Threads, Manual) {
  Counter ran;
  TestType on;
  on.executor->Post([] { throw std::runtime_error("this line on standard error belongs to a test"); });
  on.executor->Post([] { throw 7; });
  on.executor->Post([&] { ran.Add(); });
  CHECK(ran.Await(*on.executor, 1));
}

TEMPLATE_TEST_CASE("an executor drops what has not started when it is destroyed", "[executor]", Threads, Manual) {
  const auto held = std::make_shared<int>(0);
  {
    TestType on;
    on.executor->PostAt(on.clock.Now() + 1h, [held] { ++*held; });
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEMPLATE_TEST_CASE("a task that is dropped may still post and cancel", "[executor]", Threads, Manual) {
  struct PostsWhenDropped {
    explicit PostsWhenDropped(Executor& on) : executor(&on) {}
    PostsWhenDropped(PostsWhenDropped&& other) noexcept : executor(std::exchange(other.executor, nullptr)) {}
    ~PostsWhenDropped() {
      if (executor == nullptr) return;
      executor->Cancel(executor->PostAt(kForever, [] {}));
    }
    void operator()() {}
    Executor* executor;
  };
  TestType on;
  const auto timer = on.executor->PostAt(on.clock.Now() + 1h, PostsWhenDropped(*on.executor));
  CHECK(on.executor->Cancel(timer));
  on.executor->PostAt(on.clock.Now() + 1h, PostsWhenDropped(*on.executor));
}

TEMPLATE_TEST_CASE("an executor knows its clock", "[executor]", Threads, Manual) {
  TestType on;
  CHECK(&on.executor->clock() == &on.clock);
}

TEMPLATE_TEST_CASE("many threads post, cancel and wait at once", "[executor]", Threads, Manual) {
  Counter ran;
  TestType on;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        on.executor->Post([&] { ran.Add(); });
        const auto timer = on.executor->PostAt(on.clock.Now() + 1us, [&] { ran.Add(); });
        on.clock.Advance(1us);
        if (i % 2 == 0 && on.executor->Cancel(timer)) ++cancelled;
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  CHECK(ran.Await(*on.executor, 4'000 - cancelled));
  on.Run();
  CHECK(ran.count() == 4'000 - cancelled);
}

}  // namespace moldau
