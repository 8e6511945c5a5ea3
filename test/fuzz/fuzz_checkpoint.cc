// The small files of a log from any bytes: manifest, text checkpoint, leader epochs, partition metadata, producer
// snapshot. What is accepted is written back exactly as it was read, so no two files mean the same and nothing in a
// file goes unseen.
//
// Input: one byte that chooses the format, then the file. For the bodies of manifest and producer snapshot the checksum
// is made here, which the fuzzer could not guess.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/manifest.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/text_checkpoint.h"
#include "moldau/base/crc32c.h"
#include "moldau/record/layout.h"

namespace moldau::log {
namespace {

std::span<const std::byte> AsBytes(std::string_view file) { return std::as_bytes(std::span(file)); }

// What is read is written in the version of today; a file of that version is written as it was.
void TryManifest(std::string_view file) {
  const auto manifest = DecodeManifest(AsBytes(file), "moldau.manifest");
  if (!manifest.ok()) return;
  const std::string written = EncodeManifest(*manifest).value();
  MOLDAU_REQUIRE(DecodeManifest(AsBytes(written), "moldau.manifest").value() == *manifest);
  uint32_t version;
  std::memcpy(&version, file.data() + std::string_view("MOLDAUMF").size(), sizeof(version));
  MOLDAU_REQUIRE(version != kManifestVersion || written == file);
}

void TryManifestBody(std::string_view body) {
  for (uint32_t version = 1; version <= kManifestVersion; ++version) {
    std::string file = "MOLDAUMF";
    file.append(reinterpret_cast<const char*>(&version), sizeof(version));
    const uint64_t length = body.size();
    file.append(reinterpret_cast<const char*>(&length), sizeof(length));
    file.append(body);
    const uint32_t crc = base::Crc32c(file.data(), file.size());
    file.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
    TryManifest(file);
  }
}

void TryLeaderEpochs(std::string_view file) {
  const auto history = DecodeLeaderEpochs(file);
  if (!history.ok()) return;
  MOLDAU_REQUIRE(file.empty() || EncodeLeaderEpochs(*history) == file);
  for (const EpochEntry& entry : history->entries()) {
    MOLDAU_REQUIRE(history->EpochFor(entry.start_offset) == entry.epoch);
    MOLDAU_REQUIRE(history->EndOffsetFor(entry.epoch, INT64_MAX)->epoch == entry.epoch);
  }
}

void TryPartitionMetadata(std::string_view file) {
  const auto topic_id = DecodePartitionMetadata(file);
  if (!topic_id.ok()) return;
  if (file.ends_with('\n')) file.remove_suffix(1);
  MOLDAU_REQUIRE(EncodePartitionMetadata(*topic_id) == file);
}

void TryProducerSnapshot(std::string_view file) {
  const auto producers = DecodeProducerSnapshot(AsBytes(file));
  if (producers.ok()) MOLDAU_REQUIRE(EncodeProducerSnapshot(*producers) == file);
}

void TryProducerSnapshotBody(std::string_view body) {
  std::string file("\0\1\0\0\0\0", 6);  // version, and room for the crc
  file.append(body);
  const uint32_t crc = base::Crc32c(body.data(), body.size());
  record::layout::StoreBig(reinterpret_cast<std::byte*>(file.data()) + 2, crc);
  TryProducerSnapshot(file);
}

void TryTextCheckpoint(std::string_view file) {
  const auto parsed = ParseTextCheckpoint(file);
  if (!parsed.ok()) return;
  const std::vector<std::string> lines(parsed->begin(), parsed->end());
  MOLDAU_REQUIRE(file.empty() ? lines.empty() : EncodeTextCheckpoint(lines) == file);
  for (const std::string& line : lines) {
    if (const auto number = ParseDecimal(line, INT64_MAX)) MOLDAU_REQUIRE(std::to_string(*number) == line);
  }
}

}  // namespace
}  // namespace moldau::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      moldau::log::TryManifest(file);
      break;
    case 1:
      moldau::log::TryLeaderEpochs(file);
      break;
    case 2:
      moldau::log::TryPartitionMetadata(file);
      break;
    case 3:
      moldau::log::TryProducerSnapshot(file);
      break;
    case 4:
      moldau::log::TryManifestBody(file);
      break;
    case 5:
      moldau::log::TryTextCheckpoint(file);
      break;
    default:
      moldau::log::TryProducerSnapshotBody(file);
      break;
  }
  return 0;
}
