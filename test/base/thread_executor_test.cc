#include <pthread.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>

#include "moldau/base/executor.h"
#include "support/catch.h"

namespace moldau {
namespace {

// Runs `task` on the thread of a new executor with this name, and ends the executor.
void RunOnThread(const std::string& name, absl::AnyInvocable<void()> task) {
  base::EventCount event;
  std::atomic<bool> done{false};
  const auto executor = MakeThreadExecutor(Clock::System(), 1, name);
  executor->Post([&] {
    task();
    done = true;
    event.Notify();
  });
  REQUIRE(executor->WaitUntil(
      event, [&] { return done.load(); }, kForever));
}

std::string CurrentThreadName() {
  char name[16];
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return name;
}

}  // namespace

TEST_CASE("threads of an executor carry its name and a number", "[executor]") {
  std::string name;
  RunOnThread("flusher", [&] { name = CurrentThreadName(); });
  CHECK(name == "flusher-0");
  RunOnThread("a name that is too long", [&] { name = CurrentThreadName(); });
  CHECK(name == "a name that i-0");
}

TEST_CASE("threads of an executor take no signal that was meant for the host", "[executor]") {
  sigset_t mask;
  sigemptyset(&mask);
  RunOnThread("moldau", [&] { pthread_sigmask(SIG_BLOCK, nullptr, &mask); });
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE, SIGALRM, SIGXFSZ}) {
    INFO(signal);
    CHECK(sigismember(&mask, signal) == 1);
  }
  // A fault of the thread itself must reach the host's handlers.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    INFO(fault);
    CHECK(sigismember(&mask, fault) == 0);
  }
  sigset_t own;
  pthread_sigmask(SIG_BLOCK, nullptr, &own);
  CHECK(sigismember(&own, SIGTERM) == 0);
}

TEST_CASE("an executor uses all its threads", "[executor]") {
  constexpr int kThreads = 3;
  base::EventCount event;
  std::atomic<int> inside{0};
  {
    const auto executor = MakeThreadExecutor(Clock::System(), kThreads);
    // None of them returns before all have started.
    for (int i = 0; i < kThreads; ++i) {
      executor->Post([&] {
        inside.fetch_add(1);
        event.Notify();
        const base::EventCount::Waiter waiter(event);
        for (;;) {
          const uint32_t key = event.key();
          if (inside.load() == kThreads) break;
          event.Sleep(key, std::nullopt);
        }
      });
    }
    CHECK(executor->WaitUntil(
        event, [&] { return inside.load() == kThreads; }, kForever));
  }
  CHECK(inside == kThreads);
}

TEST_CASE("an executor without threads is none", "[executor]") {
  CHECK(MakeThreadExecutor(Clock::System(), 0) == nullptr);
}

}  // namespace moldau
