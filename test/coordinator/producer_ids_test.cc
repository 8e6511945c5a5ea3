#include "coordinator/producer_ids.h"

#include <vector>

#include "support/catch.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("producer ids come out of durable blocks, each once", "[coordinator][producer_ids]") {
  int64_t next_block = 5000;
  ProducerIds ids([&] { return absl::StatusOr<int64_t>(std::exchange(next_block, next_block + kProducerIdBlock)); });
  for (int64_t i = 0; i < 2 * kProducerIdBlock; ++i) CHECK(ids.Next().value() == 5000 + i);
  CHECK(next_block == 5000 + 2 * kProducerIdBlock);
}

TEST_CASE("without a block there is no id, and the next call asks again", "[coordinator][producer_ids]") {
  bool disk_full = true;
  ProducerIds ids([&]() -> absl::StatusOr<int64_t> {
    if (disk_full) return absl::ResourceExhaustedError("no space");
    return 0;
  });
  CHECK(absl::IsResourceExhausted(ids.Next().status()));
  disk_full = false;
  CHECK(ids.Next().value() == 0);
}

}  // namespace
}  // namespace moldau::coordinator
