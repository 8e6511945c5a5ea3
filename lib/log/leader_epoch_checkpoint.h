// Which leader wrote which part of a log: for each leader epoch the first offset written under it. Replicas compare
// these histories to find where their logs part; the high watermark alone would cut acknowledged records (KIP-101).
//
//   entries (1, 0) (3, 40) (4, 90)      offsets 0..39 epoch 1, 40..89 epoch 3, 90.. epoch 4
//   EndOffsetFor(2) = (1, 40)           the greatest epoch not above 2 is 1, and it ends at 40 (KIP-279)
//
// Threads: not safe; the log's lock guards it.   Ownership: values.
// Failure: Assign refuses an epoch that falls; parsing returns DataLoss.   Source: Kafka's LeaderEpochFileCache,
// KIP-101, KIP-279.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/storage/storage.h"

namespace moldau::log {

inline constexpr std::string_view kLeaderEpochFileName = "leader-epoch-checkpoint";

struct EpochEntry {
  int32_t epoch = 0;
  int64_t start_offset = 0;

  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

struct EpochEndOffset {
  int32_t epoch = 0;
  int64_t end_offset = 0;

  friend bool operator==(const EpochEndOffset&, const EpochEndOffset&) = default;
};

class LeaderEpochHistory {
 public:
  LeaderEpochHistory() = default;

  // InvalidArgument unless epochs and offsets are not negative and both rise strictly.
  [[nodiscard]] static absl::StatusOr<LeaderEpochHistory> FromEntries(std::vector<EpochEntry> entries);

  // Records that `epoch` begins at `start_offset`. True if the history changed, and should be stored before a record of
  // that epoch is acknowledged; false if `epoch` is the latest already. An epoch that began at or behind `start_offset`
  // wrote nothing that is left, and gives way. FailedPrecondition if the epoch falls, InvalidArgument if a number is
  // negative.
  absl::StatusOr<bool> Assign(int32_t epoch, int64_t start_offset);

  // The epoch that wrote `offset`; nullopt if it lies before the first entry.
  [[nodiscard]] std::optional<int32_t> EpochFor(int64_t offset) const;

  // The greatest epoch not above `epoch`, with the offset at which it ends, which is `log_end` for the latest. If all
  // known epochs are greater: `epoch` itself with the start of the first. nullopt if `epoch` is greater than all known
  // or negative.
  [[nodiscard]] std::optional<EpochEndOffset> EndOffsetFor(int32_t epoch, int64_t log_end) const;

  // The log now ends at `offset`: drops epochs that began there or behind. True if anything changed.
  bool TruncateSuffix(int64_t offset);

  // The log now starts at `offset`: drops epochs that ended there or before; the one that wrote `offset` starts there.
  // True if anything changed.
  bool TruncatePrefix(int64_t offset);

  [[nodiscard]] std::optional<EpochEntry> latest() const;
  [[nodiscard]] const std::vector<EpochEntry>& entries() const noexcept { return entries_; }

  friend bool operator==(const LeaderEpochHistory&, const LeaderEpochHistory&) = default;

 private:
  std::vector<EpochEntry> entries_;  // both numbers rise strictly
};

[[nodiscard]] std::string EncodeLeaderEpochs(const LeaderEpochHistory& history);
[[nodiscard]] absl::StatusOr<LeaderEpochHistory> DecodeLeaderEpochs(std::string_view text);

// The file in a partition's `directory`. NotFound if there is none; other errors name the file and the line.
[[nodiscard]] absl::StatusOr<LeaderEpochHistory> LoadLeaderEpochs(storage::Storage& storage,
                                                                  const std::string& directory);

// Durable when it returns OK; as ReplaceWholeFile.
absl::Status StoreLeaderEpochs(storage::Storage& storage, const std::string& directory,
                               const LeaderEpochHistory& history);

}  // namespace moldau::log
