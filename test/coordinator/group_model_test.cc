#include "coordinator/group_history.h"
#include "support/scale.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("no history of joins, crashes and late commits breaks a group", "[coordinator][group][G3]") {
  const GroupTotals totals = RunGroupHistories(test::Scaled(150));
  CHECK(totals.commits > 0);
  CHECK(totals.refused > 0);
}

}  // namespace
}  // namespace moldau::coordinator
