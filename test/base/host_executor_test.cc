#include "moldau/base/host_executor.h"

#include <atomic>
#include <thread>
#include <vector>

#include "moldau/base/manual_clock.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace std::chrono_literals;
using test::Scaled;

struct Host {
  ManualClock clock;
  MonoTime start = clock.Now();
  std::vector<MonoTime> wanted;  // since the start
  std::unique_ptr<ManualExecutor> executor =
      MakeHostExecutor(clock, [this](MonoTime when) { wanted.push_back(when - start); });
};

TEST_CASE("a host's executor asks to be polled for the earliest task, once", "[base][executor]") {
  Host host;
  int ran = 0;
  host.executor->PostAt(host.start + 20ms, [&] { ++ran; });
  host.executor->PostAt(host.start + 30ms, [&] { ++ran; });
  host.executor->PostAt(host.start + 10ms, [&] { ++ran; });
  CHECK(host.wanted == std::vector<MonoTime>{20ms, 10ms});
  host.executor->Post([&] { ++ran; });
  host.executor->Post([&] { ++ran; });
  CHECK(host.wanted.back() == 0ms);
  CHECK(host.wanted.size() == 3);
  CHECK(ran == 0);
  CHECK(host.executor->Poll() == 2);
}

TEST_CASE("a poll that leaves work behind asks for the next one", "[base][executor]") {
  Host host;
  for (int i = 0; i < 3; ++i) host.executor->Post([] {});
  host.executor->PostAt(host.start + 10ms, [] {});
  host.wanted.clear();
  CHECK(host.executor->Poll(2) == 2);
  CHECK(host.wanted == std::vector<MonoTime>{0ms});
  CHECK(host.executor->Poll(2) == 1);
  CHECK(host.wanted == std::vector<MonoTime>{0ms, 10ms});
  host.clock.Advance(10ms);
  CHECK(host.executor->Poll() == 1);
  CHECK(host.wanted.size() == 2);
}

TEST_CASE("what a task posts is asked for while its poll still runs, so that another thread may take it",
          "[base][executor]") {
  Host host;
  host.executor->Post([&] {
    host.wanted.clear();
    host.executor->Post([] {});
    CHECK(host.wanted.size() == 1);
  });
  CHECK(host.executor->Poll(1) == 1);
  CHECK(host.executor->Poll() == 1);
}

// As a host would do it that has nothing but threads and a queue of what to call.
TEST_CASE("every task runs though its host polls only when it is asked to", "[base][executor][threads]") {
  const int count = Scaled(5000);
  std::atomic<int> asked{0};
  std::atomic<int> ran{0};
  base::EventCount work;
  const auto executor = MakeHostExecutor(Clock::System(), [&](MonoTime) {
    asked.fetch_add(1);
    work.Notify();
  });
  std::vector<std::thread> pool;
  for (int i = 0; i < 2; ++i) {
    pool.emplace_back([&] {
      const base::EventCount::Waiter waiter(work);
      while (ran.load() < count) {
        const uint32_t key = work.key();
        int open = asked.load();
        if (open > 0 && asked.compare_exchange_strong(open, open - 1)) {
          executor->Poll(3);
        } else if (open == 0 && ran.load() < count) {
          work.Sleep(key, std::nullopt);
        }
      }
      work.Wake();
    });
  }
  for (int i = 0; i < count; ++i) {
    executor->Post([&] { ran.fetch_add(1); });
    if (i % 5 == 0) std::this_thread::yield();
  }
  for (std::thread& thread : pool) thread.join();
  CHECK(ran == count);
}

TEST_CASE("threads that are lent to an executor run its tasks until they are told to stop",
          "[base][executor][threads]") {
  const int count = Scaled(2000);
  const auto executor = MakeManualExecutor(Clock::System());
  std::atomic<int> ran{0};
  base::EventCount progress;
  std::vector<std::jthread> lent;
  for (int i = 0; i < 2; ++i) lent.emplace_back([&](std::stop_token stop) { LendThread(*executor, std::move(stop)); });
  for (int i = 0; i < count; ++i) {
    executor->PostAt(Clock::System().Now() + std::chrono::microseconds(i % 50), [&] {
      ran.fetch_add(1);
      progress.Notify();
    });
  }
  const base::EventCount::Waiter waiter(progress);
  for (uint32_t key = progress.key(); ran.load() < count; key = progress.key()) {
    if (ran.load() < count) progress.Sleep(key, std::nullopt);
  }
  lent.clear();
  CHECK(ran == count);
}

}  // namespace
}  // namespace moldau
