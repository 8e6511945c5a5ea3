#include "log/whole_batches.h"

#include "support/scale.h"

namespace moldau::test {
namespace {

TEST_CASE("a reader right behind the writer never sees half a batch", "[log][threads]") {
  const int batches = std::min(Scaled(400), 2000);  // the disk is memory
  CHECK(ReadBehindTheWriter(batches) == batches);
}

}  // namespace
}  // namespace moldau::test
