#include "base/spin_mutex.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace moldau::base {

TEST_CASE("one thread at a time holds a spin mutex", "[spin_mutex]") {
  SpinMutex mutex;
  int64_t counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const SpinMutexLock lock(mutex);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counter == 80'000);
}

TEST_CASE("trying takes only what is free", "[spin_mutex]") {
  SpinMutex mutex;
  REQUIRE(mutex.TryLock());
  bool taken_elsewhere = true;
  std::thread other([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { taken_elsewhere = mutex.TryLock(); });
  other.join();
  CHECK_FALSE(taken_elsewhere);
  mutex.Unlock();
  REQUIRE(mutex.TryLock());
  mutex.Unlock();
}

TEST_CASE("what was done before synchronizing is seen by whoever unlocks, or he has been seen", "[spin_mutex]") {
  for (int round = 0; round < 5'000; ++round) {
    SpinMutex mutex;
    std::atomic<bool> registered{false};
    std::atomic<bool> done{false};
    bool holder_saw = false;
    std::thread holder([&] {
      mutex.Lock();
      done.store(true, std::memory_order_relaxed);
      mutex.Unlock();
      holder_saw = registered.load(std::memory_order_relaxed);
    });
    registered.store(true, std::memory_order_relaxed);
    mutex.Synchronize();
    const bool saw = done.load(std::memory_order_relaxed);
    holder.join();
    REQUIRE((saw || holder_saw));
  }
}

TEST_CASE("synchronizing waits for nobody", "[spin_mutex]") {
  SpinMutex mutex;
  mutex.Lock();
  mutex.Synchronize();
  mutex.Synchronize();
  CHECK_FALSE(mutex.TryLock());
  mutex.Unlock();
  mutex.Synchronize();
  CHECK(mutex.TryLock());
  mutex.Unlock();
}

TEST_CASE("threads that wait long sleep, and every one of them gets its turn", "[spin_mutex]") {
  SpinMutex mutex;
  std::atomic<int> turns{0};
  std::vector<std::thread> waiters;
  mutex.Lock();
  for (int t = 0; t < 8; ++t) {
    waiters.emplace_back([&] {
      const SpinMutexLock lock(mutex);
      ++turns;
    });
  }
  std::this_thread::yield();
  CHECK(turns == 0);
  mutex.Unlock();
  for (std::thread& waiter : waiters) waiter.join();
  CHECK(turns == 8);
}

TEST_CASE("a thread that takes the lock all the time does not starve another", "[spin_mutex]") {
  SpinMutex mutex;
  std::atomic<bool> stop{false};
  std::thread greedy([&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const SpinMutexLock lock(mutex);
      for (volatile int work = 0; work < 100;) work = work + 1;
    }
  });
  std::chrono::nanoseconds worst{0};
  for (int i = 0; i < 500; ++i) {
    const auto start = std::chrono::steady_clock::now();
    { const SpinMutexLock lock(mutex); }
    worst = std::max<std::chrono::nanoseconds>(worst, std::chrono::steady_clock::now() - start);
  }
  stop = true;
  greedy.join();
  INFO("worst wait " << worst.count() << " ns");
  CHECK(worst < std::chrono::seconds{5});  // starved, it would never come
}

}  // namespace moldau::base
