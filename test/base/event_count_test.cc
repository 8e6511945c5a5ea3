#include "moldau/base/event_count.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace moldau::base {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds kLongerThanAnyTest{60};

// Waits as the header says. False if it gave up.
bool WaitFor(EventCount& event, const std::atomic<int>& value, int expected) {
  const EventCount::Waiter waiter(event);
  while (value.load() != expected) {
    const uint32_t key = event.key();
    if (value.load() == expected) break;
    if (!event.Sleep(key, kLongerThanAnyTest)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("notifying nobody costs no wake-up", "[event_count]") {
  EventCount event;
  const uint32_t key = event.key();
  event.Notify();
  CHECK(event.key() == key);
  const EventCount::Waiter waiter(event);
  event.Notify();
  CHECK(event.key() != key);
}

TEST_CASE("a wake-up between the last check and the sleep is not lost", "[event_count]") {
  EventCount event;
  const EventCount::Waiter waiter(event);
  const uint32_t key = event.key();
  event.Notify();
  CHECK(event.Sleep(key, std::nullopt));
}

TEST_CASE("a sleep ends at its timeout", "[event_count]") {
  EventCount event;
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(event.Sleep(event.key(), milliseconds{20}));
  CHECK(std::chrono::steady_clock::now() - start >= milliseconds{20});
  CHECK_FALSE(event.Sleep(event.key(), milliseconds{0}));
  CHECK_FALSE(event.Sleep(event.key(), milliseconds{-5}));
}

TEST_CASE("the longest timeout is no timeout", "[event_count]") {
  EventCount event;
  std::thread waker([&] {
    std::this_thread::yield();
    event.Wake();
  });
  CHECK(event.Sleep(0, std::chrono::nanoseconds::max()));
  waker.join();
}

TEST_CASE("one wake-up reaches every sleeper", "[event_count]") {
  EventCount event;
  std::atomic<int> value{0};
  std::atomic<int> woken{0};
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 8; ++i) sleepers.emplace_back([&] { woken += WaitFor(event, value, 1) ? 1 : 0; });
  value = 1;
  event.Notify();
  for (std::thread& sleeper : sleepers) sleeper.join();
  CHECK(woken == 8);
}

TEST_CASE("two threads that wait for each other never miss a turn", "[event_count]") {
  constexpr int kTurns = 20'000;
  EventCount event;
  std::atomic<int> turn{0};
  bool partner_done = true;
  std::thread partner([&] {
    for (int i = 1; i < kTurns && partner_done; i += 2) {
      partner_done = WaitFor(event, turn, i);
      turn.store(i + 1);
      event.Notify();
    }
  });
  bool done = true;
  for (int i = 0; i < kTurns && done; i += 2) {
    done = WaitFor(event, turn, i);
    turn.store(i + 1);
    event.Notify();
  }
  partner.join();
  CHECK(done);
  CHECK(partner_done);
  CHECK(turn == kTurns);
}

}  // namespace moldau::base
