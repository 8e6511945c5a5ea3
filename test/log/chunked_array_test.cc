#include "log/chunked_array.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "moldau/base/random.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::log {
namespace {

using test::Scaled;

// Two words that belong together, stored one after the other: what a reader must never see half of.
struct Pair {
  uint64_t key = 0;
  uint64_t check = 0;
};
constexpr uint64_t CheckOf(uint64_t key, uint64_t round) { return key * 0x9e3779b97f4a7c15 + round; }

struct PairSlot {
  using Value = Pair;
  [[nodiscard]] Pair Load() const noexcept {
    return {key.load(std::memory_order_acquire), check.load(std::memory_order_acquire)};
  }
  void Store(const Pair& pair) noexcept {
    key.store(pair.key, std::memory_order_release);
    check.store(pair.check, std::memory_order_release);
  }
  std::atomic<uint64_t> key;
  std::atomic<uint64_t> check;
};

using PairArray = ChunkedArray<PairSlot>;

auto NotAbove(uint64_t key) {
  return [key](const Pair& pair) { return pair.key <= key; };
}

TEST_CASE("an array that grows keeps every element where it was", "[log][index]") {
  PairArray array;
  for (uint64_t i = 0; i < 10'000; ++i) REQUIRE(array.PushBack({i, ~i}));
  REQUIRE(array.size() == 10'000);
  for (uint64_t i = 0; i < 10'000; ++i) REQUIRE((array.at(i).key == i && array.at(i).check == ~i));
}

TEST_CASE("an empty array finds nothing and has nothing on the heap", "[log][index]") {
  PairArray array;
  CHECK(array.size() == 0);
  CHECK_FALSE(array.last().has_value());
  CHECK_FALSE(array.Floor(NotAbove(~uint64_t{0})).has_value());
  CHECK(array.AllocatedBytes() == 0);
  CHECK(sizeof(array) == 16);
}

TEST_CASE("what was reserved is filled without another allocation", "[log][index]") {
  for (const size_t entries : {1, 15, 16, 17, 47, 48, 49, 5000}) {
    PairArray array;
    REQUIRE(array.Reserve(entries));
    const size_t reserved = array.AllocatedBytes();
    for (size_t i = 0; i < entries; ++i) array.PushBack({i, 0});
    CHECK(array.AllocatedBytes() == reserved);
  }
}

TEST_CASE("more elements than an array can ever hold are refused", "[log][index]") {
  PairArray array;
  CHECK_FALSE(array.Reserve(size_t{1} << 60));
  CHECK(array.AllocatedBytes() == 0);
}

TEST_CASE("the floor of any key is what a linear scan finds, at every length around a chunk's border", "[log][index]") {
  Random random(7);
  PairArray array;
  std::vector<uint64_t> keys;
  for (uint64_t key = 3; keys.size() < 600; key += 1 + random.Below(5)) {
    array.PushBack({key, 0});
    keys.push_back(key);
    for (const uint64_t target : {uint64_t{0}, key - 1, key, key + 1, random.Below(key + 2), random.Below(key + 2)}) {
      std::optional<uint64_t> expected;
      for (const uint64_t k : keys) {
        if (k <= target) expected = k;
      }
      const std::optional<Pair> found = array.Floor(NotAbove(target));
      REQUIRE(found.has_value() == expected.has_value());
      if (found) REQUIRE(found->key == *expected);
    }
  }
}

TEST_CASE("a truncation keeps the elements before it, and appends go on behind them", "[log][index]") {
  for (size_t kept = 0; kept <= 100; ++kept) {
    PairArray array;
    for (uint64_t i = 0; i < 100; ++i) array.PushBack({i, i});
    array.Truncate([=](const Pair& pair) { return pair.key < kept; });
    REQUIRE(array.size() == kept);
    array.PushBack({1000, 0});
    CHECK(array.last()->key == 1000);
    CHECK(array.size() == kept + 1);
  }
}

TEST_CASE("a moved array takes its elements along", "[log][index]") {
  PairArray array;
  for (uint64_t i = 0; i < 100; ++i) array.PushBack({i, i});
  PairArray moved(std::move(array));
  CHECK(moved.size() == 100);
  PairArray assigned;
  assigned.PushBack({7, 7});
  assigned = std::move(moved);
  CHECK(assigned.size() == 100);
  CHECK(assigned.at(99).key == 99);
}

// A slot at which a test can let something happen in the middle of a search or of an append.
struct HookedSlot {
  using Value = uint64_t;
  [[nodiscard]] uint64_t Load() const {
    const uint64_t loaded = value;
    if (on_load) std::exchange(on_load, nullptr)();
    return loaded;
  }
  void Store(uint64_t next) {
    if (on_store) on_store();
    value = next;
  }
  uint64_t value;
  static inline std::function<void()> on_load;
  static inline std::function<void()> on_store;
};

TEST_CASE("a search that a truncation overtakes answers from what is there now", "[log][index]") {
  ChunkedArray<HookedSlot> array;
  for (uint64_t key = 0; key < 100; ++key) array.PushBack(key);
  const auto all = [](uint64_t) { return true; };
  HookedSlot::on_load = [&] {
    array.Truncate([](uint64_t key) { return key < 1; });
    for (uint64_t key = 1; key < 100; ++key) array.PushBack(key * 1000);
  };
  CHECK(array.Floor([](uint64_t key) { return key <= 1500; }) == 1000);
  CHECK_FALSE(HookedSlot::on_load);
  HookedSlot::on_load = [&] { array.Truncate([](uint64_t key) { return key < 5000; }); };
  CHECK(array.last() == 4000);
  CHECK(array.Floor(all) == 4000);
}

TEST_CASE("an element counts only after it has been stored", "[log][index]") {
  ChunkedArray<HookedSlot> array;
  size_t seen = 99;
  HookedSlot::on_store = [&] { seen = array.size(); };
  for (size_t i = 0; i < 50; ++i) {
    array.PushBack(i);
    CHECK(seen == i);
  }
  HookedSlot::on_store = nullptr;
}

// Readers of an array into which the main thread writes until `writer` returns. Each checks every element that it
// finds.
template <typename Writer>
void RunAgainstReaders(PairArray& array, const Writer& writer, uint64_t key_range) {
  std::atomic<bool> done{false};
  std::atomic<int> broken{0};
  std::atomic<uint64_t> lookups{0};
  {
    std::vector<std::jthread> readers;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      readers.emplace_back([&, seed] {
        Random random(seed);
        while (!done.load(std::memory_order_acquire)) {
          const uint64_t target = random.Below(key_range);
          const std::optional<Pair> found = array.Floor(NotAbove(target));
          const std::optional<Pair> last = array.last();
          for (const auto& pair : {found, last}) {
            if (pair && pair->check - CheckOf(pair->key, 0) > 1'000'000) broken.fetch_add(1);  // the round is the rest
          }
          if (found && found->key > target) broken.fetch_add(1);
          lookups.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    writer();
    while (lookups.load() < 100) std::this_thread::yield();
    done.store(true, std::memory_order_release);
  }
  CHECK(broken.load() == 0);
}

TEST_CASE("readers search while one writer appends and never see an element that is not whole",
          "[log][index][threads]") {
  PairArray array;
  const uint64_t elements = Scaled<uint64_t>(200'000);
  RunAgainstReaders(
      array,
      [&] {
        for (uint64_t i = 0; i < elements; ++i) array.PushBack({i, CheckOf(i, 0)});
      },
      elements);
  CHECK(array.size() == elements);
}

TEST_CASE("readers search while the writer truncates and appends again and never mix old and new",
          "[log][index][threads]") {
  PairArray array;
  constexpr uint64_t kElements = 64;
  RunAgainstReaders(
      array,
      [&] {
        for (uint64_t round = 1; round <= Scaled<uint64_t>(20'000); ++round) {
          const uint64_t kept = round * 7 % kElements;
          array.Truncate([=](const Pair& pair) { return pair.key < kept; });
          // Keys leave another gap each round, so that a slot's old and new key differ.
          for (uint64_t key = kept; key < kElements; key += 1 + round % 3) array.PushBack({key, CheckOf(key, round)});
        }
      },
      kElements);
}

}  // namespace
}  // namespace moldau::log
