// The file `moldau.manifest`, one per data directory: what Kafka spreads over text checkpoints without a checksum
// (recovery points, log start offsets, high watermarks, clean shutdown) and, for every segment, where it ends and the
// checksums of its indexes. With it a directory of 10,000 partitions opens after one read, and damage in files whose
// format has no checksum is found.
//
//   "MOLDAUMF" | u32 format version | u64 length of the body | body | u32 CRC-32C of all before it (little-endian)
//
// This frame is the same in every version, so an older Moldau can tell a newer file from a damaged one.
//
// Threads: pure functions.   Ownership: values.
// Failure: NotFound if there is none; FailedPrecondition if a newer version wrote it; DataLoss, naming file and byte,
// if it is damaged. A damaged manifest may be removed: every log is then recovered in full from its segments, and log
// start offsets fall back to the first segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/index_file.h"
#include "log/leader_epoch_checkpoint.h"
#include "moldau/storage/storage.h"
#include "moldau/types.h"

namespace moldau::log {

inline constexpr std::string_view kManifestFileName = "moldau.manifest";
inline constexpr uint32_t kManifestVersion = 2;       // what is written
inline constexpr uint32_t kFirstManifestVersion = 1;  // the oldest that is read

struct SegmentEntry {
  int64_t base_offset = 0;
  int64_t end_offset = 0;  // one past the last record
  uint64_t size_bytes = 0;
  int64_t max_timestamp = -1;
  int64_t max_timestamp_offset = -1;
  uint32_t offset_index_crc = kUnknownCrc;  // IndexFileCrc of the `.index` as written
  uint32_t time_index_crc = kUnknownCrc;    // IndexFileCrc of the `.timeindex` as written
  bool sealed = false;                      // false: the active segment

  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};

struct PartitionEntry {
  Uuid topic_id;
  std::string topic;
  int32_t partition = 0;
  int64_t recovery_point = 0;  // everything before it was flushed
  int64_t log_start_offset = 0;
  int64_t high_watermark = 0;
  int64_t log_end_offset = 0;
  int64_t cleaned_offset = 0;          // compaction has been below it; since version 2
  std::vector<SegmentEntry> segments;  // by base offset, the active one last
  std::vector<EpochEntry> epochs;

  friend bool operator==(const PartitionEntry&, const PartitionEntry&) = default;
};

struct Manifest {
  Uuid cluster_id;
  Uuid directory_id;
  int32_t node_id = 0;
  bool clean_shutdown = false;
  std::string boot_id;  // Storage::BootId() when it was written; at most 255 bytes
  std::vector<PartitionEntry> partitions;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// InvalidArgument if decoding would refuse the result: a topic name that is not valid, a negative partition, a boot id
// that is too long.
[[nodiscard]] absl::StatusOr<std::string> EncodeManifest(const Manifest& manifest);

// `path` names the file in messages.
[[nodiscard]] absl::StatusOr<Manifest> DecodeManifest(std::span<const std::byte> file, std::string_view path);

[[nodiscard]] absl::StatusOr<Manifest> LoadManifest(storage::Storage& storage, const std::string& directory);

// Durable when it returns OK; as ReplaceWholeFile: an error leaves the old manifest, or, if only the directory's flush
// failed, either one, whole.
absl::Status StoreManifest(storage::Storage& storage, const std::string& directory, const Manifest& manifest);

}  // namespace moldau::log
