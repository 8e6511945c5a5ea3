// What the two index files of a segment have in common: fixed-size entries, perhaps zeros behind them, and a checksum
// that lies elsewhere, since Kafka's formats have no place for one.
//
// Threads: pure functions.   Ownership: none.   Failure: DataLoss, which means "rebuild the index".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"

namespace moldau::log {

// The manifest has no checksum for this file: it was written by Kafka, or the process died before the next checkpoint.
inline constexpr uint32_t kUnknownCrc = 0;

// Kafka's offsets and positions within a segment are signed 32-bit integers.
inline constexpr uint32_t kMaxRelative = 0x7fffffff;

// The checksum that the manifest keeps for the bytes of an index file; never kUnknownCrc.
[[nodiscard]] uint32_t IndexFileCrc(std::span<const std::byte> file);

// How many entries of `entry_bytes` come before the zeros at the end. DataLoss if the length is not a multiple of
// `entry_bytes`, if something follows a zero entry, or if `expected_crc` is known and another. `what` names the index
// in messages.
[[nodiscard]] absl::StatusOr<size_t> CountIndexEntries(const char* what, std::span<const std::byte> file,
                                                       size_t entry_bytes, uint32_t expected_crc);

}  // namespace moldau::log
