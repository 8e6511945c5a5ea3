#include "moldau/base/random.h"

#include <array>
#include <set>

#include "support/catch.h"

namespace moldau {

TEST_CASE("a seed gives the sequence of xoshiro256** seeded by splitmix64", "[random]") {
  // Computed by an independent program from the published definition of both generators.
  Random random(42);
  CHECK(random.Next() == 0x15780b2e0c2ec716);
  CHECK(random.Next() == 0x6104d9866d113a7e);
  CHECK(random.Next() == 0xae17533239e499a1);
  CHECK(random.Next() == 0xecb8ad4703b360a1);
}

TEST_CASE("the same seed repeats, another one does not", "[random]") {
  Random a(7), b(7), c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = a.Next();
    REQUIRE(b.Next() == value);
    differs |= c.Next() != value;
  }
  CHECK(differs);
  CHECK(Random::FromEntropy().Next() != Random::FromEntropy().Next());
}

TEST_CASE("bounded numbers stay below the bound and reach all of it evenly", "[random]") {
  Random random(1);
  constexpr uint64_t kBound = 10;
  constexpr int kDraws = 100'000;
  std::array<int, kBound> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.Below(kBound));
  for (const int count : counts) CHECK(std::abs(count - kDraws / 10) < 600);  // six standard deviations
  CHECK(random.Below(1) == 0);
}

TEST_CASE("a bound that divides the range badly is still even", "[random]") {
  Random random(2);
  constexpr uint64_t kBound = (uint64_t{1} << 63) + (uint64_t{1} << 62);  // three quarters
  constexpr int kDraws = 30'000;
  int low = 0;
  for (int i = 0; i < kDraws; ++i) low += random.Below(kBound) < kBound / 3 ? 1 : 0;
  CHECK(std::abs(low - kDraws / 3) < 500);  // a biased generator gives half
}

TEST_CASE("one in n happens about as often", "[random]") {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 40'000; ++i) hits += random.OneIn(8) ? 1 : 0;
  CHECK(std::abs(hits - 5'000) < 400);
  CHECK(random.OneIn(1));
}

TEST_CASE("a split generator does not care what its parent does next", "[random]") {
  Random a(9), b(9);
  Random child_of_a = a.Split();
  Random child_of_b = b.Split();
  for (int i = 0; i < 10; ++i) static_cast<void>(a.Next());
  for (int i = 0; i < 10; ++i) CHECK(child_of_a.Next() == child_of_b.Next());
  CHECK(Random(9).Split().Next() != Random(9).Next());
}

TEST_CASE("random identifiers are of version 4 and do not repeat", "[random]") {
  Random random(4);
  std::set<Uuid> seen;
  for (int i = 0; i < 1'000; ++i) {
    const Uuid uuid = random.NextUuid();
    REQUIRE(uuid.bytes[6] >> 4 == 4);
    REQUIRE(uuid.bytes[8] >> 6 == 2);
    REQUIRE(seen.insert(uuid).second);
  }
}

}  // namespace moldau
