#include "log/clock_jumps.h"

#include "support/scale.h"

namespace moldau::test {
namespace {

TEST_CASE("a calendar that jumps deletes nothing before its time, and keeps nothing for ever", "[log][retention]") {
  int64_t deleted = 0;
  const int seeds = Scaled(20);
  for (int seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    deleted += KeepRecordsThroughClockJumps(static_cast<uint64_t>(seed), 300);
  }
  CHECK(deleted > seeds * 100);
}

}  // namespace
}  // namespace moldau::test
