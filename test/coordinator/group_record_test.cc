#include "coordinator/group_record.h"

#include "moldau/base/random.h"
#include "moldau/error.h"
#include "protocol/wire_writer.h"
#include "support/catch.h"

namespace moldau::coordinator {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

GroupRecord Baristas() {
  return {.protocol_type = "consumer",
          .generation = 7,
          .protocol_name = "range",
          .leader = "a",
          .state_since = Timestamp(5ms),
          .members = {{.id = "a",
                       .instance_id = "i",
                       .client_id = "c",
                       .client_host = "/h",
                       .rebalance_timeout = 300s,
                       .session_timeout = 45s,
                       .subscription = "S",
                       .assignment = "A"},
                      {.id = "b"}}};
}

TEST_CASE("what a group has agreed on is read back from its record", "[coordinator][group]") {
  const auto key = DecodeGroupKey(EncodeGroupKey("baristas"));
  REQUIRE_OK(key);
  CHECK(*key == "baristas");
  GroupRecord empty{.protocol_type = "consumer", .generation = 8};
  for (const GroupRecord& record : {Baristas(), empty}) {
    const auto decoded = DecodeGroupValue(EncodeGroupValue(record));
    REQUIRE_OK(decoded);
    CHECK(*decoded == record);
  }
}

TEST_CASE("a group's record has the bytes of Kafka's GroupMetadata, version 3", "[coordinator][group]") {
  CHECK(EncodeGroupKey("g") == "\x00\x02\x00\x01g"sv);
  GroupRecord record = Baristas();
  record.members.pop_back();
  CHECK(EncodeGroupValue(record) ==
        "\x00\x03"  // version
        "\x00\x08"
        "consumer"          // protocol type
        "\x00\x00\x00\x07"  // generation
        "\x00\x05"
        "range"
        "\x00\x01"
        "a"                                 // protocol, leader
        "\x00\x00\x00\x00\x00\x00\x00\x05"  // state since
        "\x00\x00\x00\x01"                  // members
        "\x00\x01"
        "a"
        "\x00\x01"
        "i"
        "\x00\x01"
        "c"
        "\x00\x02"
        "/h"
        "\x00\x04\x93\xe0"
        "\x00\x00\xaf\xc8"  // rebalance and session timeout
        "\x00\x00\x00\x01"
        "S"
        "\x00\x00\x00\x01"
        "A"sv);
}

TEST_CASE("records of older and of flexible versions are understood", "[coordinator][group]") {
  protocol::WireWriter zero;
  zero.Int(int16_t{0});
  zero.String("consumer");
  zero.Int(int32_t{7});
  zero.NullableString("range");
  zero.NullableString("a");
  zero.Int(int32_t{1});
  for (const char* text : {"a", "c", "/h"}) zero.String(text);
  zero.Int(int32_t{45'000});
  zero.Bytes("S");
  zero.Bytes("A");
  GroupRecord expected = Baristas();
  expected.members.pop_back();
  expected.members[0].instance_id.reset();
  expected.members[0].rebalance_timeout = 45s;  // it had one timeout for both
  expected.state_since = kNoTimestamp;
  const auto from_zero = DecodeGroupValue(zero.bytes());
  REQUIRE_OK(from_zero);
  CHECK(*from_zero == expected);

  protocol::WireWriter four;
  four.Int(int16_t{4});
  four.CompactString("consumer");
  four.Int(int32_t{7});
  four.CompactNull();
  four.CompactNull();
  four.Int(int64_t{5});
  four.CompactLength(0);
  four.NoTaggedFields();
  const auto from_four = DecodeGroupValue(four.bytes());
  REQUIRE_OK(from_four);
  CHECK(*from_four == GroupRecord{.protocol_type = "consumer", .generation = 7, .state_since = Timestamp(5ms)});
}

TEST_CASE("a key of another kind is none of a group's, and a record of the future is refused", "[coordinator][group]") {
  const auto offset_key = DecodeGroupKey("\x00\x01\x00\x01g\x00\x01t\x00\x00\x00\x00"sv);
  REQUIRE_OK(offset_key);
  CHECK_FALSE(offset_key->has_value());
  CHECK(absl::IsFailedPrecondition(DecodeGroupValue("\x00\x05"sv).status()));
}

TEST_CASE("no prefix of a group's record passes for the whole, and no flipped bit reads past its end",
          "[coordinator][group]") {
  const std::string value = EncodeGroupValue(Baristas());
  for (size_t size = 0; size < value.size(); ++size) {
    CHECK_FALSE(DecodeGroupValue(std::string_view(value).substr(0, size)).ok());
  }
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto decoded = DecodeGroupValue(flipped);  // the address sanitizer watches
    if (decoded.ok()) CHECK_FALSE(*decoded == Baristas());
  }
  const std::string key = EncodeGroupKey("baristas");
  for (size_t size = 0; size < key.size(); ++size) {
    CHECK_FALSE(DecodeGroupKey(std::string_view(key).substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace moldau::coordinator
