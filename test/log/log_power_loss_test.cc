#include "log/power_loss.h"
#include "support/figure.h"

namespace moldau::test {
namespace {

void PullThePlug(Durability durability, uint64_t first_seed, const char* name) {
  int64_t states = 0;
  int64_t in_recovery = 0;
  int64_t operations = 0;
  const int seeds = Scaled(3);
  for (int i = 0; i < seeds; ++i) {
    INFO("seed " << first_seed + static_cast<uint64_t>(i));
    PowerLoss life(durability, first_seed + static_cast<uint64_t>(i));
    life.Run();
    states += life.states();
    in_recovery += life.states_in_recovery();
    operations += life.operations();
  }
  CHECK(states > operations);
  CHECK(in_recovery > 0);
  Figure("power loss, %s: %d crash states at %d storage operations and %d within recoveries, all recovered", name,
         states, operations, in_recovery);
}

TEST_CASE("a flushed log keeps every acknowledged record whatever a power cut leaves of the disk",
          "[log][power][L5][L6][L12][L13][L14]") {
  PullThePlug(Durability::kFlushed, 1, "flushed");
}

TEST_CASE("a buffered log is a prefix of itself after a power cut, and whole after the death of its process",
          "[log][power][L5][L6][L12][L13][L14]") {
  PullThePlug(Durability::kBuffered, 100, "buffered");
}

}  // namespace
}  // namespace moldau::test
