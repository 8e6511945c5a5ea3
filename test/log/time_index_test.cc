#include "log/time_index.h"

#include <algorithm>
#include <vector>

#include "log/file_damage.h"
#include "moldau/base/random.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::log {
namespace {

using test::Scaled;

using Entry = TimeIndex::Entry;

TimeIndex IndexOf(const std::vector<Entry>& entries) {
  TimeIndex index;
  for (const Entry& entry : entries) index.MaybeAppend(entry.timestamp, entry.relative_offset);
  return index;
}

std::vector<Entry> EntriesOf(const TimeIndex& index) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < index.size(); ++i) entries.push_back(index.at(i));
  return entries;
}

TEST_CASE("a timestamp is found from the last entry that is not later", "[log][index]") {
  const TimeIndex index = IndexOf({{1000, 9}, {2000, 19}, {5000, 20}});
  CHECK(index.FloorByTimestamp(-1) == std::nullopt);
  CHECK(index.FloorByTimestamp(999) == std::nullopt);
  CHECK(index.FloorByTimestamp(1000) == Entry{1000, 9});
  CHECK(index.FloorByTimestamp(4999) == Entry{2000, 19});
  CHECK(index.FloorByTimestamp(INT64_MAX) == Entry{5000, 20});
}

TEST_CASE("a clock that stands still or jumps back adds nothing to the time index", "[log][index][L11]") {
  TimeIndex index;
  index.MaybeAppend(-1, 5);
  CHECK(index.size() == 0);
  index.MaybeAppend(1000, 9);
  index.MaybeAppend(1000, 19);
  index.MaybeAppend(400, 29);
  index.MaybeAppend(2000, 8);
  CHECK(EntriesOf(index) == std::vector<Entry>{{1000, 9}});
  index.MaybeAppend(1001, 39);
  CHECK(index.last() == Entry{1001, 39});
}

TEST_CASE("look-ups in a time index equal a scan for the running maximum, whatever the clock does",
          "[log][index][L11]") {
  Random random(21);
  for (int seed = 0; seed < Scaled(200); ++seed) {
    TimeIndex index;
    std::vector<Entry> model;  // the running maximum wherever it rose
    int64_t now = 100'000'000;
    for (uint32_t offset = 0; offset < 300; ++offset) {
      now += static_cast<int64_t>(random.Below(2000)) - 800;
      if (random.OneIn(40)) now -= 3'600'000;  // an hour back
      if (random.OneIn(60)) now += 100'000;
      index.MaybeAppend(now, offset);
      if (now >= 0 && (model.empty() || now > model.back().timestamp)) model.push_back({now, offset});
    }
    REQUIRE(EntriesOf(index) == model);
    for (int i = 0; i < 50; ++i) {
      const int64_t target = model.back().timestamp + 10 - static_cast<int64_t>(random.Below(200'000));
      std::optional<Entry> expected;
      for (const Entry& entry : model) {
        if (entry.timestamp <= target) expected = entry;
      }
      REQUIRE(index.FloorByTimestamp(target) == expected);
    }
  }
}

TEST_CASE("a time index truncated to an offset forgets the batches that end there or behind", "[log][index]") {
  TimeIndex index = IndexOf({{1000, 9}, {2000, 19}, {5000, 29}});
  index.TruncateToOffset(20);
  CHECK(index.size() == 2);
  index.TruncateToOffset(19);
  CHECK(EntriesOf(index) == std::vector<Entry>{{1000, 9}});
  index.MaybeAppend(1500, 12);
  CHECK(index.last() == Entry{1500, 12});
}

TEST_CASE("an empty time index costs less than 64 bytes, a reserved one does not grow", "[log][index]") {
  TimeIndex index;
  CHECK(index.MemoryBytes() < 64);
  index.Reserve(500);
  const size_t reserved = index.MemoryBytes();
  for (uint32_t i = 1; i <= 500; ++i) index.MaybeAppend(i, i);
  CHECK(index.MemoryBytes() == reserved);
}

// Written by hand from the format: int64 timestamp, int32 offset - base, big-endian, nothing else.
const std::string kGolden = FromHex("0000018bcfe56800 00000009  0000018bcfe56be8 00000009  0000018bcfe76800 000000ff");
const std::vector<Entry> kGoldenEntries = {{1'700'000'000'000, 9}, {1'700'000'001'000, 9}, {1'700'000'131'072, 255}};

TEST_CASE("a time index has Kafka's bytes", "[log][index][format]") {
  CHECK(EncodeTimeIndex(IndexOf(kGoldenEntries)) == kGolden);
  const auto decoded = DecodeTimeIndex(AsBytes(kGolden), 255);
  REQUIRE_OK(decoded);
  CHECK(EntriesOf(*decoded) == kGoldenEntries);
  CHECK(EncodeTimeIndex(TimeIndex()).empty());
}

TEST_CASE("any time index is read back as it was written", "[log][index][format]") {
  Random random(22);
  for (int seed = 0; seed < Scaled(100); ++seed) {
    std::vector<Entry> entries;
    int64_t timestamp = static_cast<int64_t>(random.Below(1'000'000'000'000));
    uint32_t offset = 0;
    for (uint64_t i = random.Below(1000); i > 0; --i) {
      timestamp += static_cast<int64_t>(1 + random.Below(10'000));
      offset += static_cast<uint32_t>(random.Below(100));
      entries.push_back({timestamp, offset});
    }
    const std::string file = EncodeTimeIndex(IndexOf(entries));
    const auto decoded = DecodeTimeIndex(AsBytes(file), offset, IndexFileCrc(AsBytes(file)));
    REQUIRE_OK(decoded);
    REQUIRE(EntriesOf(*decoded) == entries);
  }
}

TEST_CASE("zeros behind the entries of a time index never count as the oldest timestamp", "[log][index][format][L10]") {
  for (const size_t padding : {12, 24, 12 * 1000}) {
    const auto decoded = DecodeTimeIndex(AsBytes(kGolden + std::string(padding, '\0')), 255);
    REQUIRE_OK(decoded);
    CHECK(decoded->last() == kGoldenEntries.back());
  }
}

TEST_CASE("a time index in doubt is an error that says why", "[log][index][format]") {
  const std::pair<std::string, const char*> files[] = {
      {kGolden + "\x01", "time index: length 37 is not a multiple of 12"},
      {kGolden + std::string(12, '\0') + kGolden, "time index: zeros at byte 36, but not at byte 50 behind them"},
      {FromHex("ffffffffffffffff 00000001"), "time index: entry 0: timestamp -1 is negative"},
      {FromHex("0000000000000001 00000100"),
       "time index: entry 0: relative offset 256 is above the segment's last 255"},
      {FromHex("0000000000000002 00000001 0000000000000002 00000002"),
       "time index: entry 1: timestamp 2 of offset 2 does not follow timestamp 2 of offset 1"},
      {FromHex("0000000000000002 00000002 0000000000000003 00000001"),
       "time index: entry 1: timestamp 3 of offset 1 does not follow timestamp 2 of offset 2"},
  };
  for (const auto& [file, message] : files) {
    const auto decoded = DecodeTimeIndex(AsBytes(file), 255);
    CHECK(decoded.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(decoded.status().message()) == message);
  }
}

TEST_CASE("a shortened time index is refused with the manifest's checksum and a prefix without it",
          "[log][index][format]") {
  const uint32_t crc = IndexFileCrc(AsBytes(kGolden));
  ForEachPrefix(kGolden, [&](const std::string& prefix) {
    CHECK_FALSE(DecodeTimeIndex(AsBytes(prefix), 255, crc).ok());
    const auto unchecked = DecodeTimeIndex(AsBytes(prefix), 255);
    CHECK(unchecked.ok() == (prefix.size() % 12 == 0));
    if (!unchecked.ok()) return;
    const std::vector<Entry> entries = EntriesOf(*unchecked);
    CHECK(std::equal(entries.begin(), entries.end(), kGoldenEntries.begin()));
  });
}

}  // namespace
}  // namespace moldau::log
