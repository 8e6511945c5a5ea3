#include "base/task_scope.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "moldau/base/manual_clock.h"
#include "support/catch.h"

namespace moldau::base {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  TaskScope scope{*executor};
  int ran = 0;
};

// A place where a thread waits until another lets it go on.
class Gate {
 public:
  void Open() {
    open_ = true;
    event_.Notify();
  }
  void Pass() {
    const EventCount::Waiter waiter(event_);
    for (;;) {
      const uint32_t key = event_.key();
      if (open_) return;
      event_.Sleep(key, std::nullopt);
    }
  }

 private:
  EventCount event_;
  std::atomic<bool> open_{false};
};

}  // namespace

TEST_CASE("tasks of an open scope run as the executor runs them", "[task_scope]") {
  Fixture f;
  CHECK(f.scope.Post([&] { ++f.ran; }) != 0);
  CHECK(f.scope.PostAt(f.clock.Now() + 1s, [&] { f.ran += 10; }) != 0);
  f.executor->Poll();
  CHECK(f.ran == 1);
  f.clock.Advance(1s);
  f.executor->Poll();
  CHECK(f.ran == 11);
}

TEST_CASE("nothing of a scope runs after it was closed", "[task_scope]") {
  Fixture f;
  f.scope.Post([&] { ++f.ran; });
  f.scope.PostAt(f.clock.Now() + 1s, [&] { ++f.ran; });
  f.scope.Close();
  CHECK(f.scope.Post([&] { ++f.ran; }) == 0);
  CHECK(f.scope.PostAt(f.clock.Now(), [&] { ++f.ran; }) == 0);
  f.scope.Close();
  f.clock.Advance(1h);
  f.executor->Poll();
  CHECK(f.ran == 0);
}

TEST_CASE("closing lets go of what queued tasks hold", "[task_scope]") {
  Fixture f;
  const auto held = std::make_shared<int>(0);
  f.scope.Post([held] {});
  f.scope.PostAt(f.clock.Now() + 1h, [held] {});
  CHECK(held.use_count() == 3);
  f.scope.Close();
  CHECK(held.use_count() == 1);
  CHECK(f.executor->NextDue() <= f.clock.Now());  // what is left in the executor is empty, and no timer
  CHECK(f.executor->Poll() == 1);
}

TEST_CASE("a scope that ends closes itself", "[task_scope]") {
  ManualClock clock;
  const auto executor = MakeManualExecutor(clock);
  int ran = 0;
  {
    TaskScope scope(*executor);
    scope.Post([&] { ++ran; });
  }
  executor->Poll();
  CHECK(ran == 0);
}

TEST_CASE("a task is taken back by its id", "[task_scope]") {
  Fixture f;
  const auto posted = f.scope.Post([&] { ++f.ran; });
  const auto timer = f.scope.PostAt(f.clock.Now() + 1s, [&] { ++f.ran; });
  CHECK(f.scope.Cancel(posted));
  CHECK(f.scope.Cancel(timer));
  CHECK_FALSE(f.scope.Cancel(timer));
  CHECK_FALSE(f.scope.Cancel(0));
  f.clock.Advance(1s);
  f.executor->Poll();
  CHECK(f.ran == 0);
}

TEST_CASE("what was posted can be run here, and timers are left", "[task_scope]") {
  Fixture f;
  f.scope.Post([&] { ++f.ran; });
  f.scope.PostAt(f.clock.Now(), [&] { f.ran += 10; });
  f.scope.RunPosted();
  CHECK(f.ran == 1);
  f.executor->Poll();
  CHECK(f.ran == 11);
}

TEST_CASE("draining waits for what was posted, until a deadline, and not at all within a task", "[task_scope]") {
  Fixture f;
  f.scope.Post([&] {
    ++f.ran;
    CHECK(f.scope.Drain(kForever));
  });
  f.scope.PostAt(f.clock.Now() + 1s, [&] { f.ran += 10; });
  CHECK(f.scope.Drain(kForever));
  CHECK(f.ran == 1);

  const auto threads = MakeThreadExecutor(Clock::System(), 1);
  Gate started, proceed;
  TaskScope scope(*threads);
  scope.Post([&] {
    started.Open();
    proceed.Pass();
  });
  started.Pass();
  CHECK_FALSE(scope.Drain(Clock::System().Now()));
  proceed.Open();
  CHECK(scope.Drain(kForever));
}

TEST_CASE("a task may close its own scope", "[task_scope]") {
  Fixture f;
  f.scope.Post([&] {
    ++f.ran;
    f.scope.Close();
  });
  f.scope.Post([&] { ++f.ran; });
  f.executor->Poll();
  CHECK(f.ran == 1);
}

TEST_CASE("a task may destroy its own scope", "[task_scope]") {
  ManualClock clock;
  const auto executor = MakeManualExecutor(clock);
  std::optional<TaskScope> scope(std::in_place, *executor);
  scope->Post([&] { scope.reset(); });
  executor->Poll();
  CHECK_FALSE(scope.has_value());
}

TEST_CASE("closing waits for a task that runs on another thread, captures included", "[task_scope]") {
  const auto executor = MakeThreadExecutor(Clock::System(), 2);
  Gate started, proceed;
  auto held = std::make_shared<std::string>("alive");
  std::atomic<bool> finished{false};
  TaskScope scope(*executor);
  scope.Post([&, held] {
    started.Open();
    proceed.Pass();
    finished = true;
  });
  started.Pass();
  std::thread release([&] { proceed.Open(); });
  scope.Close();
  CHECK(finished);
  CHECK(held.use_count() == 1);
  release.join();
}

TEST_CASE("two tasks that close their scope at once do not wait for each other", "[task_scope]") {
  const auto executor = MakeThreadExecutor(Clock::System(), 2);
  std::atomic<int> inside{0};
  Gate both;
  {
    TaskScope scope(*executor);
    for (int i = 0; i < 2; ++i) {
      scope.Post([&] {
        if (inside.fetch_add(1) == 1) both.Open();
        both.Pass();
        scope.Close();
      });
    }
    both.Pass();
  }
  CHECK(inside == 2);
}

TEST_CASE("closing on the thread that drives the executor does not wait for ever", "[task_scope]") {
  Fixture f;
  f.executor->Post([&] {  // a task of somebody else, below which the scope is closed
    f.scope.Post([&] { ++f.ran; });
    f.scope.Close();
  });
  f.executor->Poll();
  CHECK(f.ran == 0);
}

TEST_CASE("a task that throws does not hold up closing", "[task_scope]") {
  Fixture f;
  f.scope.Post([] { throw std::runtime_error("this line on standard error belongs to a test"); });
  f.executor->Poll();
  f.scope.Close();
  SUCCEED();
}

TEST_CASE("no task is seen running after its scope was closed, whatever the threads do", "[task_scope]") {
  const auto executor = MakeThreadExecutor(Clock::System(), 2);
  for (int round = 0; round < 300; ++round) {
    auto owner = std::make_unique<int>(0);  // what tasks use is gone right after Close
    TaskScope scope(*executor);
    for (int i = 0; i < 4; ++i) scope.Post([&] { static_cast<void>(*static_cast<volatile int*>(owner.get())); });
    std::thread late([&] { scope.Post([&] { static_cast<void>(*static_cast<volatile int*>(owner.get())); }); });
    scope.Close();
    owner = nullptr;
    late.join();
  }
  SUCCEED();
}

}  // namespace moldau::base
