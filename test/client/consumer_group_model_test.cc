// Random histories of consumers that share a group, checked against what a host relies on: nobody is assigned a
// partition that another one still has, committed offsets only rise, every record is read by somebody, and a group that
// is left in peace comes to rest with every partition assigned. A power cut takes nothing back that was promised, and
// what was committed is not read again.
#include "client/group_history.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("no partition has two owners, and no record is missed, whatever consumers of a group do",
          "[client][consumer][group][G4][G5]") {
  const GroupHistory::Totals totals = RunConsumerHistories(Scaled(150));
  CHECK(totals.crashes > 0);
  CHECK(totals.assigned > 0);
  CHECK(totals.revoked > 0);
  CHECK(totals.lost > 0);
  CHECK(totals.commits > 0);
  Figure("histories of consumers: %d operations, %d crashes, %d commits, 0 records lost, 0 read after their commit",
         totals.operations, totals.crashes, totals.commits);
}

}  // namespace
}  // namespace moldau
