// The records of `__consumer_offsets` that hold committed offsets, in Kafka's encoding, so that its tools can read
// ours. Other kinds of records may lie between them and are not touched.
//
//   key   = version 1 | group | topic | partition                             (OffsetCommitKey)
//   value = version 3 | offset | leader epoch | metadata | commit timestamp   (OffsetCommitValue), or null: taken back
//
// Threads: pure functions.   Ownership: values.
// Failure: decoding answers DataLoss for bytes that are no such record, FailedPrecondition for a version of the future.
// Source: Kafka's group coordinator message definitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "moldau/types.h"
#include "protocol/wire_writer.h"

namespace moldau::coordinator {

// What a group has said about a partition: it goes on at `offset`.
struct CommittedOffset {
  int64_t offset = -1;
  int32_t leader_epoch = -1;  // of the last record consumed; -1: unknown
  std::string metadata;       // whatever the group wants to keep with it
  Timestamp commit_time = kNoTimestamp;

  friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

struct OffsetKey {
  std::string group;
  TopicPartition partition;

  friend bool operator==(const OffsetKey&, const OffsetKey&) = default;
};

[[nodiscard]] std::string EncodeOffsetKey(std::string_view group, const TopicPartition& partition);
[[nodiscard]] std::string EncodeOffsetValue(const CommittedOffset& committed);

// The same, behind what has been written already.
void PutOffsetKey(protocol::WireWriter& out, std::string_view group, std::string_view topic, int32_t partition);
void PutOffsetValue(protocol::WireWriter& out, int64_t offset, int32_t leader_epoch, std::string_view metadata,
                    Timestamp commit_time);

// nullopt if the key belongs to a record of another kind.
[[nodiscard]] absl::StatusOr<std::optional<OffsetKey>> DecodeOffsetKey(std::string_view key);
[[nodiscard]] absl::StatusOr<CommittedOffset> DecodeOffsetValue(std::string_view value);

}  // namespace moldau::coordinator
