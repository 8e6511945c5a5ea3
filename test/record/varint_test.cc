#include "moldau/record/varint.h"

#include <array>
#include <limits>
#include <vector>

#include "support/catch.h"

namespace moldau::record {
namespace {

std::vector<std::byte> Put(int64_t value, bool wide) {
  std::array<std::byte, layout::kMaxVarlongSize> out{};
  std::byte* const end = wide ? PutVarlong(out.data(), value) : PutVarint(out.data(), static_cast<int32_t>(value));
  return {out.data(), end};
}

// Around every power of two, and both ends.
std::vector<int64_t> Edges(int bits) {
  std::vector<int64_t> values = {0, -1, 1};
  for (int bit = 1; bit < bits; ++bit) {
    const int64_t power = bit == 63 ? std::numeric_limits<int64_t>::min() : int64_t{1} << bit;
    if (bit < bits - 1) values.insert(values.end(), {power - 1, power, power + 1, -power - 1, -power, -power + 1});
  }
  const int64_t least = bits == 32 ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
  values.insert(values.end(), {least, least + 1, -(least + 1), -(least + 2)});
  return values;
}

TEST_CASE("a 32-bit varint of any size comes back from both readers", "[record][varint]") {
  for (const int64_t value : Edges(32)) {
    const std::vector<std::byte> bytes = Put(value, false);
    INFO("value " << value);
    CHECK(bytes.size() == VarintSize(value));
    int32_t trusted = 0;
    int32_t checked = 0;
    CHECK(GetVarint(bytes.data(), trusted) == bytes.data() + bytes.size());
    CHECK(ReadVarint(bytes.data(), bytes.data() + bytes.size(), checked) == bytes.data() + bytes.size());
    CHECK(trusted == value);
    CHECK(checked == value);
  }
}

TEST_CASE("a 64-bit varint of any size comes back from both readers", "[record][varint]") {
  for (const int64_t value : Edges(64)) {
    const std::vector<std::byte> bytes = Put(value, true);
    INFO("value " << value);
    CHECK(bytes.size() == VarintSize(value));
    int64_t trusted = 0;
    int64_t checked = 0;
    CHECK(GetVarlong(bytes.data(), trusted) == bytes.data() + bytes.size());
    CHECK(ReadVarlong(bytes.data(), bytes.data() + bytes.size(), checked) == bytes.data() + bytes.size());
    CHECK(trusted == value);
    CHECK(checked == value);
  }
}

TEST_CASE("varints have the bytes that Kafka's format says", "[record][varint]") {
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
  };
  CHECK(Put(0, false) == bytes({0}));
  CHECK(Put(-1, false) == bytes({1}));
  CHECK(Put(1, false) == bytes({2}));
  CHECK(Put(63, false) == bytes({126}));
  CHECK(Put(64, false) == bytes({0x80, 0x01}));
  CHECK(Put(-65, false) == bytes({0x81, 0x01}));
  CHECK(Put(std::numeric_limits<int32_t>::max(), false) == bytes({0xfe, 0xff, 0xff, 0xff, 0x0f}));
  CHECK(Put(std::numeric_limits<int64_t>::min(), true) ==
        bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST_CASE("a varint that is cut off is refused at every length", "[record][varint]") {
  const std::vector<std::byte> bytes = Put(std::numeric_limits<int64_t>::min(), true);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    int64_t value = 42;
    CHECK(ReadVarlong(cut.data(), cut.data() + cut.size(), value) == nullptr);
    CHECK(value == 42);
  }
}

TEST_CASE("a varint longer than its type is refused, a needlessly long one is not", "[record][varint]") {
  const std::vector<std::byte> six(6, std::byte{0x80});
  const std::vector<std::byte> eleven(11, std::byte{0x80});
  int32_t narrow = 42;
  int64_t wide = 42;
  CHECK(ReadVarint(six.data(), six.data() + six.size(), narrow) == nullptr);
  CHECK(ReadVarlong(eleven.data(), eleven.data() + eleven.size(), wide) == nullptr);

  const std::array<std::byte, 3> long_zero = {std::byte{0x80}, std::byte{0x80}, std::byte{0}};
  CHECK(ReadVarint(long_zero.data(), long_zero.data() + 3, narrow) == long_zero.data() + 3);
  CHECK(narrow == 0);
  CHECK(GetVarint(long_zero.data(), narrow) == long_zero.data() + 3);
}

TEST_CASE("bits that 32 cannot hold are dropped alike by both readers", "[record][varint]") {
  const std::array<std::byte, 5> bytes = {std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                          std::byte{0x7f}};
  int32_t trusted = 0;
  int32_t checked = 1;
  CHECK(GetVarint(bytes.data(), trusted) == ReadVarint(bytes.data(), bytes.data() + bytes.size(), checked));
  CHECK(trusted == checked);
}

}  // namespace
}  // namespace moldau::record
