#include "base/memory_budget.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace moldau::base {

TEST_CASE("a reservation counts until it is dropped", "[memory_budget]") {
  MemoryBudget budget(1'000);
  {
    const auto first = budget.TryReserve(600, "batch");
    REQUIRE_OK(first);
    CHECK(first->bytes() == 600);
    CHECK_OK(budget.TryReserve(400, "batch"));
    CHECK(budget.used() == 600);
  }
  CHECK(budget.used() == 0);
  CHECK(budget.limit() == 1'000);
}

TEST_CASE("what would exceed the budget is refused with the numbers", "[memory_budget][L20]") {
  MemoryBudget budget(1'000);
  const auto held = budget.TryReserve(900, "batch");
  const absl::Status refused = budget.TryReserve(101, "fetch response").status();
  CHECK(refused == absl::ResourceExhaustedError(
                       "memory budget: fetch response needs 101 bytes, but 900 of the limit of 1000 bytes are in use"));
  CHECK_FALSE(budget.TryReserve(UINT64_MAX, "overflow").ok());
  CHECK(budget.used() == 900);
  CHECK_OK(budget.TryReserve(100, "rest"));
  CHECK_OK(budget.TryReserve(0, "nothing"));
}

TEST_CASE("a reservation moves with its owner and can be given back early", "[memory_budget]") {
  MemoryBudget budget(100);
  MemoryBudget::Reservation a = budget.TryReserve(60, "a").value();
  MemoryBudget::Reservation b = std::move(a);
  CHECK(b.bytes() == 60);
  CHECK(budget.used() == 60);
  b = budget.TryReserve(40, "b").value();
  CHECK(budget.used() == 40);
  b.Release();
  b.Release();
  CHECK(budget.used() == 0);
}

TEST_CASE("threads together never exceed the budget", "[memory_budget]") {
  MemoryBudget budget(100);
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        const auto reservation = budget.TryReserve(40, "load");
        if (budget.used() > 100) exceeded = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(exceeded);
  CHECK(budget.used() == 0);
}

}  // namespace moldau::base
