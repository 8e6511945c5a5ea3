// Mistakes that systems of this kind have made, switched on one at a time: each has to be noticed by a check of the
// suite that finds nothing wrong without it.
#include <functional>
#include <string_view>
#include <vector>

#include "base/named_bug.h"
#include "broker/failing_operations.h"
#include "client/group_history.h"
#include "coordinator/group_history.h"
#include "coordinator/window_histories.h"
#include "log/clock_jumps.h"
#include "log/flipped_bits.h"
#include "log/model_history.h"
#include "log/power_loss.h"
#include "log/producer_power_loss.h"
#include "log/second_crash.h"
#include "log/view_lifetime.h"
#include "log/whole_batches.h"
#include "support/figure.h"

namespace moldau::test {
namespace {

struct NamedBug {
  std::string_view name;
  std::function<void()> check;  // throws a Violation
};

const std::vector<NamedBug>& NamedBugs() {
  static const std::vector<NamedBug> bugs = {
      {"M1", [] { PowerLoss(Durability::kFlushed, 1).Run(); }},
      {"M2", [] { PowerLoss(Durability::kFlushed, 1).Run(); }},
      {"M3", [] { ReadBehindTheWriter(1000); }},
      {"M4", [] { PowerLoss(Durability::kBuffered, 100).Run(); }},
      {"M5", [] { SecondCrash(Durability::kFlushed).Run(); }},
      {"M6", [] { FailingOperations(Failing::kOnce, FailingOperations::IoError).Run(); }},
      {"M7", [] { FlippedBits(FlippedBits::Left::kClosed).Run(); }},
      {"M8", [] { ModelHistory(Durability::kBuffered, 1000).Run(5000); }},
      {"M10", [] { KeepRecordsThroughClockJumps(1, 300); }},
      {"M19", [] { ProducerPowerLoss(Durability::kFlushed, 1).Run(); }},
      {"M20", [] { coordinator::RunGroupHistories(20); }},
      {"M21", [] { RunConsumerHistories(150); }},
      {"M22", [] { coordinator::RunGroupHistories(20); }},
      {"M23", [] { coordinator::ExploreOrders({.max_deliveries = 2, .dead_letters = true}, 4); }},
      {"M24", [] { coordinator::ExploreOrders({.max_deliveries = 2, .dead_letters = true}, 4); }},
      {"M29", [] { FlippedBits(FlippedBits::Left::kProcessDied).Run(); }},
      {"M30", [] { HoldViewsWhileSegmentsGo(Durability::kBuffered); }},
  };
  return bugs;
}

class Switched {
 public:
  explicit Switched(std::string_view bug) { base::SetNamedBug(bug); }
  ~Switched() { base::SetNamedBug(""); }
  Switched(const Switched&) = delete;
  Switched& operator=(const Switched&) = delete;
};

std::string ViolationWith(const NamedBug& bug) {
  const Switched on(bug.name);
  return ViolationOf(bug.check);
}

void Catches(std::string_view name) {
  for (const NamedBug& bug : NamedBugs()) {
    if (bug.name != name) continue;
    CHECK(ViolationOf(bug.check) == "");
    const std::string violation = ViolationWith(bug);
    CHECK(violation != "");
    Figure("named bug %s is caught: %s", name, violation);
    return;
  }
  FAIL("no bug is called " << name);
}

TEST_CASE("M1, acknowledging before the flush, is caught by a power cut", "[bugs]") { Catches("M1"); }
TEST_CASE("M2, flushing data but not its name, is caught by a power cut", "[bugs]") { Catches("M2"); }
TEST_CASE("M3, publishing the end before the bytes, is caught by a reader behind the writer", "[bugs]") {
  Catches("M3");
}
TEST_CASE("M4, recovery that trusts lengths without a checksum, is caught by a power cut", "[bugs]") { Catches("M4"); }
TEST_CASE("M5, cutting damage off without destroying it, is caught by a second crash", "[bugs]") { Catches("M5"); }
TEST_CASE("M6, taking the retry of a failed flush for a success, is caught by failing each operation", "[bugs]") {
  Catches("M6");
}
TEST_CASE("M7, trusting what Kafka's checksum leaves out, is caught by flipping each bit", "[bugs]") { Catches("M7"); }
TEST_CASE("M8, an index that is trusted and off by one, is caught by the model", "[bugs]") { Catches("M8"); }
TEST_CASE("M10, retention by the calendar, is caught by a clock that jumps", "[bugs]") { Catches("M10"); }
TEST_CASE("M19, producers not known again after a restart or truncation, is caught by a power cut", "[bugs]") {
  Catches("M19");
}
TEST_CASE("M20, taking commits of an old generation, is caught by histories of a group", "[bugs]") { Catches("M20"); }
TEST_CASE("M21, a new owner before the old one has let go, is caught by histories of consumers", "[bugs]") {
  Catches("M21");
}
TEST_CASE("M22, a commit that is acknowledged before it is durable, is caught by histories with power cuts", "[bugs]") {
  Catches("M22");
}
TEST_CASE("M23, taking an acknowledgement after the lock has expired, is caught by every order of events", "[bugs]") {
  Catches("M23");
}
TEST_CASE("M24, handing out before the delivery count is written, is caught by every order of events", "[bugs]") {
  Catches("M24");
}
TEST_CASE("M29, taking damage in the middle for a torn tail, is caught by flipping each bit", "[bugs]") {
  Catches("M29");
}
TEST_CASE("M30, views freed with their segment, is caught by holding them", "[bugs]") { Catches("M30"); }

TEST_CASE("the suite catches every named bug", "[bugs]") {
  size_t caught = 0;
  for (const NamedBug& bug : NamedBugs()) caught += ViolationWith(bug).empty() ? 0 : 1;
  CHECK(caught == NamedBugs().size());
  Figure("named bugs: %d of %d caught", caught, NamedBugs().size());
}

}  // namespace
}  // namespace moldau::test
