// The small files of a log from any bytes: manifest, leader epochs, partition metadata, producer snapshot. What is
// accepted is written back exactly as it was read, so no two files mean the same and nothing in a file goes unseen.
//
// Input: one byte that chooses the format, then the file. For the manifest's body the frame with its checksum is made
// around the input, which the fuzzer could not guess.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "log/leader_epoch_checkpoint.h"
#include "log/manifest.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "moldau/base/crc32c.h"

namespace moldau::log {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

std::span<const std::byte> AsBytes(std::string_view file) { return std::as_bytes(std::span(file)); }

void TryManifest(std::string_view file) {
  const auto manifest = DecodeManifest(AsBytes(file), "moldau.manifest");
  if (manifest.ok()) Require(EncodeManifest(*manifest).value() == file);
}

void TryManifestBody(std::string_view body) {
  std::string file = "MOLDAUMF";
  const uint32_t version = kManifestVersion;
  file.append(reinterpret_cast<const char*>(&version), sizeof(version));
  const uint64_t length = body.size();
  file.append(reinterpret_cast<const char*>(&length), sizeof(length));
  file.append(body);
  const uint32_t crc = base::Crc32c(file.data(), file.size());
  file.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
  TryManifest(file);
}

void TryLeaderEpochs(std::string_view file) {
  const auto history = DecodeLeaderEpochs(file);
  if (!history.ok()) return;
  Require(file.empty() || EncodeLeaderEpochs(*history) == file);
  for (const EpochEntry& entry : history->entries()) {
    Require(history->EpochFor(entry.start_offset) == entry.epoch);
    Require(history->EndOffsetFor(entry.epoch, INT64_MAX)->epoch == entry.epoch);
  }
}

void TryPartitionMetadata(std::string_view file) {
  const auto topic_id = DecodePartitionMetadata(file);
  if (!topic_id.ok()) return;
  if (file.ends_with('\n')) file.remove_suffix(1);
  Require(EncodePartitionMetadata(*topic_id) == file);
}

void TryProducerSnapshot(std::string_view file) {
  const auto producers = DecodeProducerSnapshot(AsBytes(file));
  if (producers.ok()) Require(EncodeProducerSnapshot(*producers) == file);
}

}  // namespace
}  // namespace moldau::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
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
    default:
      moldau::log::TryManifestBody(file);
      break;
  }
  return 0;
}
