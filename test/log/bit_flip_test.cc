// What becomes of every single bit flip in the small files of a log. Those that have a checksum, in the file or in the
// manifest, notice each. Kafka's text files have none: what still parses differs from what the manifest says, and is
// found by comparing.
#include <functional>
#include <optional>

#include "log/file_damage.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/manifest.h"
#include "log/offset_index.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/time_index.h"
#include "support/catch.h"
#include "support/figure.h"

namespace moldau::log {
namespace {

struct Tally {
  int flips = 0;
  int refused = 0;    // decoding failed
  int differs = 0;    // decoding yields something else than the manifest says
  int unnoticed = 0;  // decoding yields what was written
};

// `decode` returns nullopt for an error, else whether the result is what was written.
Tally FlipEveryBit(const char* name, const std::string& file,
                   const std::function<std::optional<bool>(const std::string&)>& decode) {
  REQUIRE(decode(file) == true);
  Tally tally;
  ForEachBitFlip(file, [&](const std::string& flipped) {
    const std::optional<bool> result = decode(flipped);
    ++tally.flips;
    ++(!result ? tally.refused : *result ? tally.unnoticed : tally.differs);
  });
  test::Figure("bit flips, %s: %d, refused %d, unlike the manifest %d, unnoticed %d", name, tally.flips, tally.refused,
               tally.differs, tally.unnoticed);
  return tally;
}

template <typename T>
std::optional<bool> Compare(const absl::StatusOr<T>& decoded, const T& written) {
  if (!decoded.ok()) return std::nullopt;
  return *decoded == written;
}

OffsetIndex ExampleOffsetIndex() {
  OffsetIndex index;
  for (uint32_t i = 1; i <= 100; ++i) index.Append(i * 40, i * 4200);
  return index;
}

TimeIndex ExampleTimeIndex() {
  TimeIndex index;
  for (uint32_t i = 1; i <= 100; ++i) index.MaybeAppend(1'700'000'000'000 + i * 977, i * 40);
  return index;
}

TEST_CASE("every bit flip in an offset index is refused by the manifest's checksum", "[log][index][bitflip][L10]") {
  const std::string file = EncodeOffsetIndex(ExampleOffsetIndex());
  const Tally tally = FlipEveryBit("offset index, checksum known", file, [&](const std::string& flipped) {
    const auto decoded = DecodeOffsetIndex(AsBytes(flipped), 500'000, IndexFileCrc(AsBytes(file)));
    return decoded.ok() ? std::optional(EncodeOffsetIndex(*decoded) == file) : std::nullopt;
  });
  CHECK(tally.refused == tally.flips);
}

TEST_CASE("every bit flip in an offset index without a checksum is refused or leads to a place in the segment",
          "[log][index][bitflip][L10]") {
  const std::string file = EncodeOffsetIndex(ExampleOffsetIndex());
  const Tally tally =
      FlipEveryBit("offset index, no checksum", file, [&](const std::string& flipped) -> std::optional<bool> {
        const auto decoded = DecodeOffsetIndex(AsBytes(flipped), 500'000);
        if (!decoded.ok()) return std::nullopt;
        // Harmless, since a reader checks the batch it is led to: it is inside the segment, and offsets still rise with
        // positions.
        for (size_t i = 0; i < decoded->size(); ++i) {
          REQUIRE(decoded->at(i).position < 500'000);
          if (i > 0) REQUIRE(decoded->at(i - 1).relative_offset < decoded->at(i).relative_offset);
          if (i > 0) REQUIRE(decoded->at(i - 1).position < decoded->at(i).position);
        }
        return EncodeOffsetIndex(*decoded) == file;
      });
  CHECK(tally.unnoticed == 0);
}

TEST_CASE("every bit flip in a time index is refused by the manifest's checksum", "[log][index][bitflip][L10]") {
  const std::string file = EncodeTimeIndex(ExampleTimeIndex());
  const Tally tally = FlipEveryBit("time index, checksum known", file, [&](const std::string& flipped) {
    const auto decoded = DecodeTimeIndex(AsBytes(flipped), 4000, IndexFileCrc(AsBytes(file)));
    return decoded.ok() ? std::optional(EncodeTimeIndex(*decoded) == file) : std::nullopt;
  });
  CHECK(tally.refused == tally.flips);
}

TEST_CASE("every bit flip in a manifest is refused", "[log][manifest][bitflip]") {
  Manifest manifest = {.node_id = 1, .clean_shutdown = true, .boot_id = "boot"};
  for (int32_t i = 0; i < 3; ++i) {
    manifest.partitions.push_back({.topic = "orders", .partition = i, .segments = {{}, {}}, .epochs = {{1, 2}}});
  }
  const std::string file = EncodeManifest(manifest).value();
  const Tally tally = FlipEveryBit("manifest", file, [&](const std::string& flipped) {
    return Compare(DecodeManifest(AsBytes(flipped), "moldau.manifest"), manifest);
  });
  CHECK(tally.refused == tally.flips);
}

TEST_CASE("every bit flip in a producer snapshot is refused", "[log][snapshot][bitflip]") {
  std::vector<ProducerEntry> producers(5);
  for (size_t i = 0; i < producers.size(); ++i) producers[i].producer_id = static_cast<int64_t>(i);
  const std::string file = EncodeProducerSnapshot(producers);
  const Tally tally = FlipEveryBit("producer snapshot", file, [&](const std::string& flipped) {
    return Compare(DecodeProducerSnapshot(AsBytes(flipped)), producers);
  });
  CHECK(tally.refused == tally.flips);
}

TEST_CASE("every bit flip in a leader epoch checkpoint is refused or differs from the manifest",
          "[log][epoch][bitflip]") {
  const auto history = LeaderEpochHistory::FromEntries({{0, 0}, {3, 40}, {4, 90}, {17, 12'345}}).value();
  const Tally tally =
      FlipEveryBit("leader epoch checkpoint", EncodeLeaderEpochs(history),
                   [&](const std::string& flipped) { return Compare(DecodeLeaderEpochs(flipped), history); });
  CHECK(tally.unnoticed == 0);
}

TEST_CASE("every bit flip in partition metadata is refused or differs from the manifest", "[log][metadata][bitflip]") {
  const Uuid topic_id = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  const Tally tally =
      FlipEveryBit("partition metadata", EncodePartitionMetadata(topic_id),
                   [&](const std::string& flipped) { return Compare(DecodePartitionMetadata(flipped), topic_id); });
  CHECK(tally.unnoticed == 0);
}

}  // namespace
}  // namespace moldau::log
