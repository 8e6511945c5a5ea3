#include "coordinator/window_histories.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("in every order of six events a record ends in exactly one place", "[coordinator][queue][Q2]") {
  const bool ordered = GENERATE(false, true);
  const bool dead_letters = GENERATE(false, true);
  const int events = test::Scale() < 0.5 ? 4 : 6;
  const int64_t histories =
      ExploreOrders({.max_deliveries = 2, .dead_letters = dead_letters, .ordered = ordered}, events);
  test::Figure("queue, ordered %d, dead letters %d: %d histories of up to %d events, 0 records lost or in two places",
               ordered, dead_letters, histories, events);
}

TEST_CASE("window and model agree over random histories with crashes and foreign verdicts",
          "[coordinator][queue][Q7][Q10]") {
  const int seeds = test::Scaled(100);
  for (int seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    RunRandomWindow(static_cast<uint64_t>(seed), 600);
  }
  test::Figure("queue window against its model: %d random operations, 0 differences", seeds * 600);
}

}  // namespace
}  // namespace moldau::coordinator
