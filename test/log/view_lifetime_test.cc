#include "log/view_lifetime.h"

namespace moldau::test {
namespace {

TEST_CASE("views outlive their segments, whatever removes them, and their log", "[log][views]") {
  CHECK(HoldViewsWhileSegmentsGo(Durability::kBuffered) > 10);
  CHECK(HoldViewsWhileSegmentsGo(Durability::kFlushed) > 10);
}

}  // namespace
}  // namespace moldau::test
