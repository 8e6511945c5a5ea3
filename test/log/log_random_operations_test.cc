#include "log/model_history.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

void RunHistories(Durability durability, uint64_t first_seed) {
  constexpr int kOperations = 5000;
  const int histories = Scaled(26);
  OperationCounts counts;
  for (int i = 0; i < histories; ++i) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(i);
    INFO("seed " << seed);
    ModelHistory history(durability, seed);
    history.Run(kOperations);
    counts.Add(history.counts());
  }
  CHECK(counts.total() == int64_t{histories} * kOperations);
  Figure(
      "log against a model, seeds %d to %d: %d random operations (%d appends, %d look-ups, %d flushes, %d rolls, "
      "%d trims, %d truncations, %d reopenings)",
      first_seed, first_seed + static_cast<uint64_t>(histories) - 1, counts.total(), counts.appends, counts.look_ups,
      counts.flushes, counts.rolls, counts.trims, counts.truncations, counts.reopenings);
}

TEST_CASE("a buffered log does what a plain list would do, histories 1", "[log][model]") {
  RunHistories(Durability::kBuffered, 1000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 2", "[log][model]") {
  RunHistories(Durability::kBuffered, 2000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 3", "[log][model]") {
  RunHistories(Durability::kBuffered, 3000);
}
TEST_CASE("a buffered log does what a plain list would do, histories 4", "[log][model]") {
  RunHistories(Durability::kBuffered, 4000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 1", "[log][model]") {
  RunHistories(Durability::kFlushed, 5000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 2", "[log][model]") {
  RunHistories(Durability::kFlushed, 6000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 3", "[log][model]") {
  RunHistories(Durability::kFlushed, 7000);
}
TEST_CASE("a flushed log does what a plain list would do, histories 4", "[log][model]") {
  RunHistories(Durability::kFlushed, 8000);
}

}  // namespace
}  // namespace moldau::test
