// The records of `__share_group_state`, in Kafka's encoding: now and then a snapshot of all that a queue knows of a
// partition, and between two of them what has changed.
//
//   key    = 0: snapshot, 1: update | group | topic id | partition
//   value  = version 0 | epochs | start offset | (of a snapshot: when it was made) | batches, or null: forgotten
//
// Threads: pure functions.   Ownership: values.
// Failure: decoding answers DataLoss for bytes that are no such record, FailedPrecondition for a version of the future.
// Source: Kafka's share coordinator message definitions (ShareSnapshot, ShareUpdate).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "coordinator/share_state.h"
#include "moldau/types.h"

namespace moldau::coordinator {

// Whose state it is: that of a share group, which is what Kafka calls a queue, in a partition of a topic.
struct ShareKey {
  std::string group;
  Uuid topic_id;
  int32_t partition = 0;

  friend auto operator<=>(const ShareKey&, const ShareKey&) = default;
};

enum class ShareRecordKind : int16_t { kSnapshot = 0, kUpdate = 1 };

struct ShareRecordKey {
  ShareRecordKind kind = ShareRecordKind::kSnapshot;
  ShareKey key;

  friend bool operator==(const ShareRecordKey&, const ShareRecordKey&) = default;
};

struct ShareSnapshot {
  int32_t epoch = 0;  // counts the snapshots of a key
  ShareState state;
  Timestamp create_time = kNoTimestamp;  // when the queue first saw the partition
  Timestamp write_time = kNoTimestamp;

  friend bool operator==(const ShareSnapshot&, const ShareSnapshot&) = default;
};

struct ShareUpdate {
  int32_t snapshot_epoch = 0;  // of the snapshot that it follows
  int64_t start_offset = -1;   // -1: as it was
  std::vector<StateBatch> changes;

  friend bool operator==(const ShareUpdate&, const ShareUpdate&) = default;
};

[[nodiscard]] std::string EncodeShareKey(ShareRecordKind kind, const ShareKey& key);
[[nodiscard]] std::string EncodeShareSnapshot(const ShareSnapshot& snapshot);
[[nodiscard]] std::string EncodeShareUpdate(int32_t snapshot_epoch, int64_t start_offset,
                                            std::span<const StateBatch> changes);

// nullopt if the key belongs to a record of another kind.
[[nodiscard]] absl::StatusOr<std::optional<ShareRecordKey>> DecodeShareKey(std::string_view key);
[[nodiscard]] absl::StatusOr<ShareSnapshot> DecodeShareSnapshot(std::string_view value);
[[nodiscard]] absl::StatusOr<ShareUpdate> DecodeShareUpdate(std::string_view value);

}  // namespace moldau::coordinator
