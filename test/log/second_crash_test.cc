#include "log/second_crash.h"

#include "support/figure.h"

namespace moldau::test {
namespace {

TEST_CASE("what a recovery has cut off never comes back, whatever a second crash leaves", "[log][power]") {
  for (const auto& [durability, name] :
       {std::pair(Durability::kFlushed, "flushed"), std::pair(Durability::kBuffered, "buffered")}) {
    SecondCrash crash(durability);
    crash.Run();
    CHECK(crash.states() > 200);
    Figure("power loss twice, %s: %d states after a second crash, the first at each of %d operations", name,
           crash.states(), crash.first_crashes());
  }
}

}  // namespace
}  // namespace moldau::test
