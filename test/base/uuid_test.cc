#include "moldau/base/random.h"
#include "moldau/types.h"
#include "support/catch.h"

namespace moldau {
namespace {

Uuid Ending(uint8_t last) {
  Uuid uuid;
  uuid.bytes[15] = last;
  return uuid;
}

}  // namespace

TEST_CASE("identifiers are written as Kafka writes them", "[uuid]") {
  CHECK(Uuid{}.ToString() == "AAAAAAAAAAAAAAAAAAAAAA");
  CHECK(Ending(1).ToString() == "AAAAAAAAAAAAAAAAAAAAAQ");  // Kafka's id of __cluster_metadata
  Uuid all_ones;
  all_ones.bytes.fill(0xff);
  CHECK(all_ones.ToString() == "_____________________w");
  Uuid counted;
  for (size_t i = 0; i < 16; ++i) counted.bytes.at(i) = static_cast<uint8_t>(i * 16 + 15);
  CHECK(counted.ToString() == "Dx8vP09fb3-Pn6-_z9_v_w");
}

TEST_CASE("an identifier is read back from its text", "[uuid]") {
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const Uuid uuid = random.NextUuid();
    Uuid parsed;
    REQUIRE(Uuid::Parse(uuid.ToString(), parsed));
    REQUIRE(parsed == uuid);
  }
}

TEST_CASE("what is no identifier is refused and changes nothing", "[uuid]") {
  Uuid out = Ending(7);
  for (const char* text :
       {"", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAA+AAAAAAAAAAA",
        "AAAAAAAAAA/AAAAAAAAAAA", "AAAAAAAAAA AAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"}) {
    INFO(text);
    CHECK_FALSE(Uuid::Parse(text, out));
    CHECK(out == Ending(7));
  }
  CHECK_FALSE(Uuid::Parse(std::string(22, '\0'), out));
}

TEST_CASE("only the identifier of all zeros means none", "[uuid]") {
  CHECK(Uuid{}.is_zero());
  CHECK_FALSE(Ending(1).is_zero());
  CHECK(Ending(1) < Ending(2));
}

}  // namespace moldau
