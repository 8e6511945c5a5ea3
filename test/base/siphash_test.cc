#include "base/siphash.h"

#include <cstring>
#include <string>

#include "support/catch.h"

namespace moldau::base {
namespace {

std::string HexOf(const Hash128& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  unsigned char bytes[sizeof(hash)];
  std::memcpy(bytes, &hash, sizeof(hash));
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0xf]);
  }
  return text;
}

// From the authors' reference implementation: key 00 01 .. 0f, input 00 01 .. of each length.
TEST_CASE("siphash yields the published vectors", "[base][siphash]") {
  const Hash128 key{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};
  std::string input;
  CHECK(HexOf(SipHash128(input, key)) == "a3817f04ba25a8e66df67214c7550293");
  input.push_back(0);
  CHECK(HexOf(SipHash128(input, key)) == "da87c1d86b99af44347659119b22fc45");
}

TEST_CASE("siphash takes every byte of its input and of its key into account", "[base][siphash]") {
  const std::string input = "the quick brown fox";
  const Hash128 hash = SipHash128(input, {1, 2});
  for (size_t i = 0; i < input.size(); ++i) {
    std::string other = input;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(SipHash128(other, {1, 2}) != hash);
  }
  CHECK(SipHash128(input + '\0', {1, 2}) != hash);
  CHECK(SipHash128(input, {3, 2}) != hash);
  CHECK(SipHash128(input, {1, 3}) != hash);
}

}  // namespace
}  // namespace moldau::base
