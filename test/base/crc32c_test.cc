#include "moldau/base/crc32c.h"

#include <numeric>
#include <random>
#include <vector>

#include "support/catch.h"

namespace moldau::base {
namespace {

using Extend = uint32_t (*)(uint32_t, const uint8_t*, size_t);

// Every way that this machine can go.
std::vector<Extend> Paths() {
  std::vector<Extend> paths = {crc32c_internal::ExtendTable, crc32c_internal::Extend};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) paths.push_back(crc32c_internal::ExtendOneStream);
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
    paths.push_back(crc32c_internal::ExtendThreeStreams);
  }
#endif
  return paths;
}

TEST_CASE("a crc has the values of the iSCSI specification on every path", "[base][crc32c]") {
  std::vector<uint8_t> ascending(32);
  std::iota(ascending.begin(), ascending.end(), uint8_t{0});
  const std::vector<uint8_t> descending(ascending.rbegin(), ascending.rend());
  const std::vector<uint8_t> zeros(32, 0);
  const std::vector<uint8_t> ones(32, 0xff);
  for (const Extend extend : Paths()) {
    const auto crc = [&](const std::vector<uint8_t>& bytes) { return ~extend(~0U, bytes.data(), bytes.size()); };
    CHECK(crc(zeros) == 0x8a9136aa);
    CHECK(crc(ones) == 0x62a8ab43);
    CHECK(crc(ascending) == 0x46dd794e);
    CHECK(crc(descending) == 0x113fdb5c);
    CHECK(crc({'1', '2', '3', '4', '5', '6', '7', '8', '9'}) == 0xe3069283);
    CHECK(crc({}) == 0);
  }
}

TEST_CASE("all paths agree at every size, alignment and beginning", "[base][crc32c]") {
  std::mt19937_64 random(7);
  std::vector<uint8_t> bytes(20'000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const std::vector<Extend> paths = Paths();
  const auto agree = [&](size_t offset, size_t size) {
    const auto state = static_cast<uint32_t>(random());
    const uint32_t expected = crc32c_internal::ExtendTable(state, bytes.data() + offset, size);
    for (const Extend extend : paths) REQUIRE(extend(state, bytes.data() + offset, size) == expected);
  };
  for (size_t size = 0; size < 700; ++size) agree(size % 9, size);
  for (size_t size = 3'000; size < 3'200; ++size) agree(size % 9, size);  // around one whole block of three streams
  for (int i = 0; i < 300; ++i) {
    const size_t offset = random() % 64;
    agree(offset, random() % (bytes.size() - offset));
  }
}

TEST_CASE("a crc goes on where it stopped", "[base][crc32c]") {
  std::vector<uint8_t> bytes(5'000);
  std::iota(bytes.begin(), bytes.end(), uint8_t{3});
  const uint32_t whole = Crc32c(bytes.data(), bytes.size());
  for (size_t cut = 0; cut <= bytes.size(); cut += 37) {
    CHECK(Crc32cExtend(Crc32c(bytes.data(), cut), bytes.data() + cut, bytes.size() - cut) == whole);
  }
}

}  // namespace
}  // namespace moldau::base
