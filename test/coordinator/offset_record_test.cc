#include "coordinator/offset_record.h"

#include "support/catch.h"

namespace moldau::coordinator {
namespace {

using namespace std::chrono_literals;

const CommittedOffset kCommitted{
    .offset = 42, .leader_epoch = 3, .metadata = "note", .commit_time = Timestamp(1'700'000'000'000ms)};

TEST_CASE("committed offsets are decoded to what was encoded", "[coordinator][record]") {
  const auto key = DecodeOffsetKey(EncodeOffsetKey("baristas", {"orders", 7}));
  REQUIRE_OK(key);
  REQUIRE(key->has_value());
  CHECK((**key == OffsetKey{"baristas", {"orders", 7}}));
  const auto value = DecodeOffsetValue(EncodeOffsetValue(kCommitted));
  REQUIRE_OK(value);
  CHECK((*value == kCommitted));
}

// By hand, from the field lists of Kafka's message definitions.
TEST_CASE("committed offsets have Kafka's bytes", "[coordinator][record]") {
  CHECK(EncodeOffsetKey("g", {"to", 7}) == std::string("\x00\x01\x00\x01g\x00\x02to\x00\x00\x00\x07", 13));
  CHECK(EncodeOffsetValue({.offset = 1, .leader_epoch = -1, .metadata = "m", .commit_time = Timestamp(2ms)}) ==
        std::string("\x00\x03"
                    "\x00\x00\x00\x00\x00\x00\x00\x01"
                    "\xff\xff\xff\xff"
                    "\x00\x01m"
                    "\x00\x00\x00\x00\x00\x00\x00\x02",
                    25));
}

TEST_CASE("values of every version that Kafka has written are read", "[coordinator][record]") {
  const std::string offset("\x00\x00\x00\x00\x00\x00\x00\x2a", 8);
  const std::string epoch("\x00\x00\x00\x03", 4);
  const std::string note("\x00\x04note", 6);
  const std::string time("\x00\x00\x00\x00\x00\x00\x00\x05", 8);
  const auto version = [](char number) { return std::string("\x00", 1) + number; };
  const std::string topic_id_tag = std::string("\x01\x00\x10", 3) + std::string(16, 'i');
  for (const std::string& value :
       {version(0) + offset + note + time, version(1) + offset + note + time + time, version(2) + offset + note + time,
        version(3) + offset + epoch + note + time, version(4) + offset + epoch + "\x05note" + time + topic_id_tag}) {
    const auto decoded = DecodeOffsetValue(value);
    REQUIRE_OK(decoded);
    CHECK(decoded->offset == 42);
    CHECK(decoded->metadata == "note");
    CHECK(decoded->commit_time == Timestamp(5ms));
  }
  CHECK(absl::IsFailedPrecondition(DecodeOffsetValue(version(5) + offset).status()));
}

TEST_CASE("keys of other records are told apart from damage", "[coordinator][record]") {
  const auto group_metadata = DecodeOffsetKey(std::string_view("\x00\x02\x00\x01g", 5));
  REQUIRE_OK(group_metadata);
  CHECK_FALSE(group_metadata->has_value());
  CHECK(absl::IsDataLoss(DecodeOffsetKey("").status()));
  CHECK(absl::IsDataLoss(DecodeOffsetKey(EncodeOffsetKey("g", {"t", 1}) + "x").status()));
}

TEST_CASE("no prefix of a key or a value is one", "[coordinator][record]") {
  const std::string key = EncodeOffsetKey("baristas", {"orders", 7});
  for (size_t size = 0; size < key.size(); ++size)
    CHECK(absl::IsDataLoss(DecodeOffsetKey(key.substr(0, size)).status()));
  const std::string value = EncodeOffsetValue(kCommitted);
  for (size_t size = 0; size < value.size(); ++size) {
    CHECK(absl::IsDataLoss(DecodeOffsetValue(value.substr(0, size)).status()));
  }
}

}  // namespace
}  // namespace moldau::coordinator
