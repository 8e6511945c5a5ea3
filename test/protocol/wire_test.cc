#include <string>

#include "protocol/wire_reader.h"
#include "protocol/wire_writer.h"
#include "support/catch.h"

namespace moldau::protocol {
namespace {

std::string EncodeOneOfEach() {
  WireWriter out;
  out.Int(int8_t{-2});
  out.Int(int16_t{-300});
  out.Int(int32_t{70'000});
  out.Int(int64_t{-5'000'000'000});
  out.UnsignedVarint(300);
  out.String("orders");
  out.NullableString("audit");
  out.NullableString(std::nullopt);
  out.Bytes("opaque");
  out.Int(int32_t{1});  // elements of an array
  out.CompactString("baristas");
  out.CompactNull();
  out.Id(Uuid{{1, 2, 3}});
  out.NoTaggedFields();
  return std::move(out).take();
}

void ReadOneOfEach(WireReader& in) {
  in.Int<int8_t>();
  in.Int<int16_t>();
  in.Int<int32_t>();
  in.Int<int64_t>();
  in.UnsignedVarint();
  in.String();
  in.NullableString();
  in.NullableString();
  in.Bytes();
  in.ArrayLength(1);
  in.CompactString();
  in.CompactNullableString();
  in.Id();
  in.TaggedFields();
}

TEST_CASE("what was written is read back", "[protocol][wire]") {
  const std::string bytes = EncodeOneOfEach();
  WireReader in(bytes);
  CHECK(in.Int<int8_t>() == -2);
  CHECK(in.Int<int16_t>() == -300);
  CHECK(in.Int<int32_t>() == 70'000);
  CHECK(in.Int<int64_t>() == -5'000'000'000);
  CHECK(in.UnsignedVarint() == 300);
  CHECK(in.String() == "orders");
  CHECK(in.NullableString() == "audit");
  CHECK_FALSE(in.NullableString().has_value());
  CHECK(in.Bytes() == "opaque");
  CHECK(in.ArrayLength(1) == 1);
  CHECK(in.CompactString() == "baristas");
  CHECK_FALSE(in.CompactNullableString().has_value());
  CHECK(in.Id() == Uuid{{1, 2, 3}});
  in.TaggedFields();
  CHECK(in.AtEnd());
}

TEST_CASE("integers and lengths have Kafka's bytes", "[protocol][wire]") {
  WireWriter out;
  out.Int(int32_t{1});
  out.UnsignedVarint(300);
  out.String("a");
  out.CompactString("a");
  CHECK(out.bytes() == std::string("\x00\x00\x00\x01\xac\x02\x00\x01"
                                   "a\x02"
                                   "a",
                                   11));
}

TEST_CASE("no prefix of an encoding is taken for the whole", "[protocol][wire]") {
  const std::string bytes = EncodeOneOfEach();
  for (size_t size = 0; size < bytes.size(); ++size) {
    WireReader in(std::string_view(bytes).substr(0, size));
    ReadOneOfEach(in);
    CHECK_FALSE(in.ok());
    CHECK_FALSE(in.AtEnd());
  }
}

TEST_CASE("a flipped bit never makes the reader pass its bytes", "[protocol][wire]") {
  const std::string bytes = EncodeOneOfEach();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    WireReader in(flipped);
    ReadOneOfEach(in);  // the address sanitizer watches
    CHECK(in.left() <= flipped.size());
  }
}

TEST_CASE("lengths that the bytes cannot hold are refused before they are believed", "[protocol][wire]") {
  WireWriter out;
  out.UnsignedVarint(0x7fffffff);
  WireReader array(out.bytes());
  CHECK(array.CompactArrayLength(4) == 0);
  CHECK_FALSE(array.ok());

  WireReader text(out.bytes());
  CHECK(text.CompactString().empty());
  CHECK_FALSE(text.ok());

  WireReader negative(std::string_view("\xff\xfe", 2));
  CHECK(negative.NullableString() == std::string_view());
  CHECK_FALSE(negative.ok());
}

TEST_CASE("a varint of more than 32 bits is refused", "[protocol][wire]") {
  WireReader six_bytes(std::string_view("\x80\x80\x80\x80\x80\x01", 6));
  CHECK(six_bytes.UnsignedVarint() == 0);
  CHECK_FALSE(six_bytes.ok());

  WireReader too_big(std::string_view("\xff\xff\xff\xff\x1f", 5));
  too_big.UnsignedVarint();
  CHECK_FALSE(too_big.ok());

  WireReader largest(std::string_view("\xff\xff\xff\xff\x0f", 5));
  CHECK(largest.UnsignedVarint() == 0xffffffff);
  CHECK(largest.AtEnd());
}

TEST_CASE("tagged fields that are not known are skipped", "[protocol][wire]") {
  WireReader in(std::string_view("\x02\x00\x01x\x07\x02yz!", 9));
  in.TaggedFields();
  CHECK(in.ok());
  CHECK(in.left() == 1);
}

}  // namespace
}  // namespace moldau::protocol
