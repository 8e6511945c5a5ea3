// The frame of Kafka's text checkpoints: a line with the version (0), a line with the number of entries, one line per
// entry.
//
// It has no checksum, so parsing accepts exactly what Kafka writes and nothing that merely resembles it: canonical
// decimals, one space between fields, a newline behind every line. A damaged file then mostly fails to parse; what
// still parses is checked against the manifest.
//
// Threads: pure functions.   Ownership: parsed lines point into the text.   Failure: DataLoss naming the line;
// FailedPrecondition for a newer version.   Source: Kafka's CheckpointFile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace moldau::log {

[[nodiscard]] std::string EncodeTextCheckpoint(std::span<const std::string> lines);

// The entry lines, without their newlines. An empty text has no entries.
[[nodiscard]] absl::StatusOr<std::vector<std::string_view>> ParseTextCheckpoint(std::string_view text);

// A decimal as Kafka prints it, not negative: no sign, no leading zeros, at most `max`.
[[nodiscard]] std::optional<int64_t> ParseDecimal(std::string_view text, int64_t max);

}  // namespace moldau::log
