#include "coordinator/producer_ids.h"

#include <vector>

#include "support/catch.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("producer ids come out of durable blocks, each once", "[coordinator][producer_ids]") {
  int64_t next_block = 5000;
  ProducerIds ids([&] { return absl::StatusOr<int64_t>(std::exchange(next_block, next_block + kProducerIdBlock)); });
  for (int64_t i = 0; i < 2 * kProducerIdBlock; ++i) CHECK(ids.Next().value() == ProducerIdentity{5000 + i, 0});
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
  CHECK(ids.Next().value() == ProducerIdentity{0, 0});
}

TEST_CASE("the id of a producer that has gone is given away again, in its next epoch", "[coordinator][producer_ids]") {
  int blocks = 0;
  ProducerIds ids([&] { return absl::StatusOr<int64_t>(blocks++ * kProducerIdBlock); });
  const ProducerIdentity first = ids.Next().value();
  const ProducerIdentity second = ids.Next().value();
  ids.GiveBack(first);
  CHECK(ids.Next().value() == ProducerIdentity{first.id, 1});
  CHECK(ids.Next().value() == ProducerIdentity{second.id + 1, 0});
  ids.GiveBack({});  // of one that is not idempotent
  CHECK(ids.Next().value() == ProducerIdentity{second.id + 2, 0});
  CHECK(blocks == 1);
}

TEST_CASE("an id whose epochs are used up does not come back", "[coordinator][producer_ids]") {
  ProducerIds ids([] { return absl::StatusOr<int64_t>(0); });
  ProducerIdentity producer = ids.Next().value();
  for (int epoch = 1; epoch < 32767; ++epoch) {
    ids.GiveBack(producer);
    producer = ids.Next().value();
    REQUIRE(producer == ProducerIdentity{0, static_cast<int16_t>(epoch)});
  }
  ids.GiveBack(producer);
  CHECK(ids.Next().value() == ProducerIdentity{1, 0});
}

}  // namespace
}  // namespace moldau::coordinator
