// Kafka's names for the files of a segment and for the directory of a partition, and the rule that keeps a topic's name
// from ever reaching outside its data directory.
//
// Threads: pure functions.   Ownership: none.
// Failure: a name that is not one of ours parses to nullopt, and the file is then left alone.
// Source: Kafka's on-disk layout; the topic name rule of org.apache.kafka.common.internals.Topic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace moldau::log {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTxnIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kDeletedSuffix = ".deleted";  // appended: waits to be removed
inline constexpr std::string_view kCleanedSuffix = ".cleaned";  // appended: output of a compaction that has not ended
inline constexpr std::string_view kSwapSuffix = ".swap";        // appended: output of a compaction, to be put in place
inline constexpr std::string_view kPreparedSuffix =
    ".prepared";  // ours: allocated ahead of the next roll, holds no data

enum class FileKind : uint8_t { kLog, kIndex, kTimeIndex, kTxnIndex, kSnapshot, kDeleted, kCleaned, kSwap, kPrepared };

struct ParsedName {
  int64_t base_offset = 0;
  FileKind kind = FileKind::kLog;
  FileKind of =
      FileKind::kLog;  // what a deleted, cleaned, swap or prepared file was or will be; else the same as `kind`

  friend bool operator==(const ParsedName&, const ParsedName&) = default;
};

// "00000000000000000042.log" for (42, kLogSuffix). base_offset >= 0.
[[nodiscard]] std::string SegmentFileName(int64_t base_offset, std::string_view suffix);

// What SegmentFileName made, with at most one appended suffix ("00000000000000000042.log.deleted"; ".prepared" also
// stands alone). nullopt for every other name.
[[nodiscard]] std::optional<ParsedName> ParseSegmentFileName(std::string_view name);

// "orders-3". The topic must be valid and the partition not negative.
[[nodiscard]] std::string PartitionDirectoryName(std::string_view topic, int32_t partition);

struct ParsedDirectory {
  std::string_view topic;  // within the parsed name
  int32_t partition = 0;

  friend bool operator==(const ParsedDirectory&, const ParsedDirectory&) = default;
};

// Splits at the last '-'. nullopt unless PartitionDirectoryName makes exactly `name` of the result.
[[nodiscard]] std::optional<ParsedDirectory> ParsePartitionDirectoryName(std::string_view name);

inline constexpr size_t kMaxTopicNameLength = 249;

// InvalidArgument with ErrorCode::kInvalidTopic, naming the rule and the escaped name, unless `name` has 1 to 249
// characters of [a-zA-Z0-9._-] and is neither "." nor "..".
[[nodiscard]] absl::Status ValidateTopicName(std::string_view name);

}  // namespace moldau::log
