#include "log/offset_index.h"

#include <vector>

#include "log/file_damage.h"
#include "moldau/base/random.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::log {
namespace {

using test::Scaled;

using Entry = OffsetIndex::Entry;

OffsetIndex IndexOf(const std::vector<Entry>& entries) {
  OffsetIndex index;
  for (const Entry& entry : entries) index.Append(entry.relative_offset, entry.position);
  return index;
}

std::vector<Entry> EntriesOf(const OffsetIndex& index) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < index.size(); ++i) entries.push_back(index.at(i));
  return entries;
}

// A plausible index of `count` entries, with the size of its segment.
std::pair<std::vector<Entry>, uint64_t> RandomEntries(Random& random, size_t count) {
  std::vector<Entry> entries;
  uint32_t offset = 0;
  uint32_t position = 0;
  for (size_t i = 0; i < count; ++i) {
    offset += static_cast<uint32_t>(1 + random.Below(100));
    position += static_cast<uint32_t>(4096 + random.Below(9000));
    entries.push_back({offset, position});
  }
  return {entries, position + 61};
}

TEST_CASE("an offset is found from the last batch that ends at it or before", "[log][index]") {
  const OffsetIndex index = IndexOf({{9, 4200}, {19, 8400}, {20, 12600}});
  CHECK(index.FloorByOffset(8) == std::nullopt);
  CHECK(index.FloorByOffset(9) == Entry{9, 4200});
  CHECK(index.FloorByOffset(18) == Entry{9, 4200});
  CHECK(index.FloorByOffset(19) == Entry{19, 8400});
  CHECK(index.FloorByOffset(20) == Entry{20, 12600});
  CHECK(index.FloorByOffset(0xffffffff) == Entry{20, 12600});
  CHECK(index.last() == Entry{20, 12600});
}

TEST_CASE("look-ups in an offset index equal a linear scan", "[log][index]") {
  Random random(11);
  for (int seed = 0; seed < Scaled(200); ++seed) {
    const auto [entries, size] = RandomEntries(random, random.Below(400));
    const OffsetIndex index = IndexOf(entries);
    for (int i = 0; i < 100; ++i) {
      const auto target =
          static_cast<uint32_t>(random.Below(entries.empty() ? 10 : entries.back().relative_offset + 10));
      std::optional<Entry> expected;
      for (const Entry& entry : entries) {
        if (entry.relative_offset <= target) expected = entry;
      }
      REQUIRE(index.FloorByOffset(target) == expected);
    }
  }
}

TEST_CASE("an entry that does not rise in offset and position is not added", "[log][index]") {
  OffsetIndex index = IndexOf({{10, 100}});
  index.Append(10, 200);
  index.Append(9, 200);
  index.Append(11, 100);
  index.Append(11, 99);
  CHECK(EntriesOf(index) == std::vector<Entry>{{10, 100}});
}

TEST_CASE("an index truncated to a position forgets the batches from there on", "[log][index]") {
  OffsetIndex index = IndexOf({{9, 4200}, {19, 8400}, {29, 12600}});
  index.TruncateToPosition(8401);
  CHECK(index.size() == 2);
  index.TruncateToPosition(8400);
  CHECK(EntriesOf(index) == std::vector<Entry>{{9, 4200}});
  index.Append(15, 8000);
  CHECK(index.FloorByOffset(1000) == Entry{15, 8000});
  index.TruncateToPosition(0);
  CHECK(index.size() == 0);
}

TEST_CASE("an empty index costs less than 64 bytes, a reserved one does not grow", "[log][index]") {
  OffsetIndex index;
  CHECK(index.MemoryBytes() < 64);
  index.Reserve(1000);
  const size_t reserved = index.MemoryBytes();
  for (uint32_t i = 1; i <= 1000; ++i) index.Append(i, i * 4096);
  CHECK(index.MemoryBytes() == reserved);
  CHECK(reserved < 2 * 1000 * sizeof(uint64_t) + 512);
}

// Written by hand from the format: int32 offset - base, int32 position, big-endian, nothing else.
const std::string kGolden = FromHex("00000009 00001068  00000013 000020d0  7ffffffe 00010000");
constexpr uint64_t kGoldenSegment = 70'000;
const std::vector<Entry> kGoldenEntries = {{9, 4200}, {19, 8400}, {0x7ffffffe, 65536}};

TEST_CASE("an offset index has Kafka's bytes", "[log][index][format]") {
  CHECK(EncodeOffsetIndex(IndexOf(kGoldenEntries)) == kGolden);
  const auto decoded = DecodeOffsetIndex(AsBytes(kGolden), kGoldenSegment);
  REQUIRE_OK(decoded);
  CHECK(EntriesOf(*decoded) == kGoldenEntries);
  CHECK(EncodeOffsetIndex(OffsetIndex()).empty());
}

TEST_CASE("any offset index is read back as it was written", "[log][index][format]") {
  Random random(12);
  for (int seed = 0; seed < Scaled(100); ++seed) {
    const auto [entries, size] = RandomEntries(random, random.Below(2000));
    const std::string file = EncodeOffsetIndex(IndexOf(entries));
    const auto decoded = DecodeOffsetIndex(AsBytes(file), size, IndexFileCrc(AsBytes(file)));
    REQUIRE_OK(decoded);
    REQUIRE(EntriesOf(*decoded) == entries);
  }
}

TEST_CASE("zeros behind the entries, as a preallocated index has them, are skipped", "[log][index][format][L10]") {
  for (const size_t padding : {8, 16, 4096, 10 << 20}) {
    const auto decoded = DecodeOffsetIndex(AsBytes(kGolden + std::string(padding, '\0')), kGoldenSegment);
    REQUIRE_OK(decoded);
    CHECK(EntriesOf(*decoded) == kGoldenEntries);
  }
  const auto empty = DecodeOffsetIndex(AsBytes(std::string(800, '\0')), kGoldenSegment);
  REQUIRE_OK(empty);
  CHECK(empty->size() == 0);
}

TEST_CASE("an offset index in doubt is an error that says why", "[log][index][format]") {
  const std::pair<std::string, const char*> files[] = {
      {kGolden + "\x01", "offset index: length 25 is not a multiple of 8"},
      {kGolden + std::string(8, '\0') + kGolden, "offset index: zeros at byte 24, but not at byte 35 behind them"},
      {FromHex("80000000 00000001"), "offset index: entry 0: relative offset 2147483648 is above 2147483647"},
      {FromHex("00000009 00011170"), "offset index: entry 0: position 70000 is outside a segment of 70000 bytes"},
      {FromHex("00000009 00001068 00000009 00001069"),
       "offset index: entry 1: offset 9 at position 4201 does not follow offset 9 at position 4200"},
      {FromHex("00000009 00001068 0000000a 00001068"),
       "offset index: entry 1: offset 10 at position 4200 does not follow offset 9 at position 4200"},
  };
  for (const auto& [file, message] : files) {
    const auto decoded = DecodeOffsetIndex(AsBytes(file), kGoldenSegment);
    CHECK(decoded.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(decoded.status().message()) == message);
  }
}

TEST_CASE("an offset index of another segment is found out by the manifest's checksum", "[log][index][format][L10]") {
  Random random(13);
  const auto [ours, size] = RandomEntries(random, 50);
  const auto [theirs, their_size] = RandomEntries(random, 50);
  const uint32_t crc = IndexFileCrc(AsBytes(EncodeOffsetIndex(IndexOf(ours))));
  const auto swapped = DecodeOffsetIndex(AsBytes(EncodeOffsetIndex(IndexOf(theirs))), size + their_size, crc);
  CHECK(swapped.status().code() == absl::StatusCode::kDataLoss);
  CHECK(std::string(swapped.status().message()).starts_with("offset index: crc of the file's 400 bytes is "));
}

TEST_CASE("the checksum of an index file is never the one that stands for unknown", "[log][index][format]") {
  CHECK(IndexFileCrc({}) != kUnknownCrc);
  CHECK(IndexFileCrc(AsBytes(kGolden)) != kUnknownCrc);
  CHECK(DecodeOffsetIndex(AsBytes(kGolden), kGoldenSegment, IndexFileCrc({})).status().code() ==
        absl::StatusCode::kDataLoss);
}

TEST_CASE("a shortened offset index is refused with the manifest's checksum and a prefix without it",
          "[log][index][format]") {
  const uint32_t crc = IndexFileCrc(AsBytes(kGolden));
  ForEachPrefix(kGolden, [&](const std::string& prefix) {
    CHECK_FALSE(DecodeOffsetIndex(AsBytes(prefix), kGoldenSegment, crc).ok());
    const auto unchecked = DecodeOffsetIndex(AsBytes(prefix), kGoldenSegment);
    CHECK(unchecked.ok() == (prefix.size() % 8 == 0));
    if (!unchecked.ok()) return;
    const std::vector<Entry> entries = EntriesOf(*unchecked);
    CHECK(std::equal(entries.begin(), entries.end(), kGoldenEntries.begin()));
  });
}

}  // namespace
}  // namespace moldau::log
