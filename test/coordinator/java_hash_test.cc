#include "coordinator/java_hash.h"

#include "support/catch.h"

namespace moldau::coordinator {
namespace {

TEST_CASE("strings hash as in Java", "[coordinator][hash]") {
  CHECK(JavaStringHash("") == 0);
  CHECK(JavaStringHash("a") == 97);
  CHECK(JavaStringHash("ab") == 31 * 97 + 98);
  CHECK(JavaStringHash("hello") == 99162322);
  CHECK(JavaStringHash("polygenelubricants") == INT32_MIN);
}

TEST_CASE("text beyond ASCII hashes by its UTF-16 units", "[coordinator][hash]") {
  CHECK(JavaStringHash("\xc3\xa9") == 0xe9);
  CHECK(JavaStringHash("\xe2\x82\xac") == 0x20ac);
  CHECK(JavaStringHash("\xf0\x9f\x98\x80") == 31 * 0xd83d + 0xde00);
}

TEST_CASE("bytes that are no UTF-8 hash as replacement characters", "[coordinator][hash]") {
  CHECK(JavaStringHash("\xff") == 0xfffd);
  CHECK(JavaStringHash("\xc3") == 0xfffd);
  CHECK(JavaStringHash("\xc0\x80") == 31 * 0xfffd + 0xfffd);
  CHECK(JavaStringHash("\xed\xa0\x80") == (31 * 31 + 31 + 1) * 0xfffd);
}

TEST_CASE("a group's partition is the absolute value of its hash, modulo", "[coordinator][hash]") {
  CHECK(PartitionForGroup("hello", 50) == 99162322 % 50);
  CHECK(PartitionForGroup("polygenelubricants", 50) == 0);
  CHECK(PartitionForGroup("", 50) == 0);
  CHECK(PartitionForGroup("hello", 1) == 0);
  const int32_t negative = JavaStringHash("group-of-coffee-drinkers-42");
  CHECK(PartitionForGroup("group-of-coffee-drinkers-42", 50) == (negative < 0 ? -negative : negative) % 50);
}

}  // namespace
}  // namespace moldau::coordinator
