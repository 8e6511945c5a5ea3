#include "log/producer_snapshot.h"

#include "log/file_damage.h"
#include "moldau/base/random.h"
#include "support/catch.h"

namespace moldau::log {
namespace {

const std::vector<ProducerEntry> kProducers = {
    {.producer_id = 4242,
     .producer_epoch = 3,
     .last_sequence = 99,
     .last_offset = 1099,
     .offset_delta = 9,
     .timestamp = 1'700'000'000'000,
     .coordinator_epoch = -1,
     .current_txn_first_offset = -1},
    {.producer_id = 4243,
     .producer_epoch = 0,
     .last_sequence = 0x7fffffff,
     .last_offset = 1100,
     .offset_delta = 0,
     .timestamp = 1'700'000'000'001,
     .coordinator_epoch = 7,
     .current_txn_first_offset = 1100},
};

// Written by hand from the format; the two checksums were computed bit by bit from the polynomial, apart from this
// code.
const std::string kGolden = FromHex(
    "0001 3b5e4222 00000002"
    "0000000000001092 0003 00000063 000000000000044b 00000009 0000018bcfe56800 ffffffff ffffffffffffffff"
    "0000000000001093 0000 7fffffff 000000000000044c 00000000 0000018bcfe56801 00000007 000000000000044c");
const std::string kGoldenEmpty = FromHex("0001 48674bc7 00000000");

TEST_CASE("a producer snapshot has Kafka's bytes and is read back", "[log][snapshot]") {
  CHECK(EncodeProducerSnapshot({}) == kGoldenEmpty);
  CHECK(EncodeProducerSnapshot(kProducers) == kGolden);
  CHECK(DecodeProducerSnapshot(AsBytes(kGolden)).value() == kProducers);
  CHECK(DecodeProducerSnapshot(AsBytes(kGoldenEmpty))->empty());
}

TEST_CASE("a producer snapshot of a newer version is refused as such", "[log][snapshot][L21]") {
  std::string file = kGolden;
  file[1] = 2;
  const auto producers = DecodeProducerSnapshot(AsBytes(file));
  CHECK(producers.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(producers.status().message()) ==
        "producer snapshot: format version is 2, not 1: written by a newer version");
}

TEST_CASE("every shortened or lengthened producer snapshot is refused", "[log][snapshot]") {
  ForEachPrefix(kGolden, [](const std::string& prefix) { CHECK_FALSE(DecodeProducerSnapshot(AsBytes(prefix)).ok()); });
  CHECK_FALSE(DecodeProducerSnapshot(AsBytes(kGolden + std::string(1, '\0'))).ok());
  CHECK_FALSE(DecodeProducerSnapshot(AsBytes(kGolden + std::string(46, '\0'))).ok());
}

TEST_CASE("a producer snapshot whose count lies is refused although its checksum holds", "[log][snapshot]") {
  // A count of 1, of -1 and of 2^31 - 1 over no entries, each with the right checksum.
  for (const char* hex : {"0001 ba0cc8c4 00000001", "0001 ffffffff ffffffff", "0001 ad5f36c0 7fffffff"}) {
    const auto producers = DecodeProducerSnapshot(AsBytes(FromHex(hex)));
    INFO(producers.status().ToString());
    CHECK(producers.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(producers.status().message()).ends_with("producers do not fill 0 bytes"));
  }
}

}  // namespace
}  // namespace moldau::log
