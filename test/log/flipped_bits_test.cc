#include "log/flipped_bits.h"

#include "support/figure.h"

namespace moldau::test {
namespace {

void Flip(FlippedBits::Left left, const char* name) {
  FlippedBits bits(left);
  bits.Run();
  CHECK(bits.flips() > 500);
  CHECK(bits.detected() > bits.flips() / 2);
  Figure("bit flips, a whole log %s: %d of %d in %d files detected (%d) or harmless (%d)", name,
         bits.detected() + bits.harmless(), bits.flips(), bits.files(), bits.detected(), bits.harmless());
}

TEST_CASE("every bit flip in a closed log is detected or harmless, wherever reading begins", "[log][bitflip]") {
  Flip(FlippedBits::Left::kClosed, "that was closed");
}

TEST_CASE("every bit flip in the log of a process that died is detected or harmless", "[log][bitflip]") {
  Flip(FlippedBits::Left::kProcessDied, "whose process died");
}

TEST_CASE("every bit flip in a log after a power cut is detected or harmless", "[log][bitflip]") {
  Flip(FlippedBits::Left::kPowerCut, "after a power cut");
}

}  // namespace
}  // namespace moldau::test
