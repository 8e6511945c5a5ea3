// The border: what a leader checks of a batch that somebody outside encoded, before it becomes part of the log. After
// it the bytes are trusted and iterated without checks.
//
// Threads: any.   Ownership: borrows the bytes; `scratch` takes the records of a compressed batch.
// Failure: InvalidArgument or ResourceExhausted with the code that Kafka's leader answers, each message with its
// numbers: MESSAGE_TOO_LARGE, CORRUPT_MESSAGE, INVALID_RECORD, INVALID_TIMESTAMP. Nothing is changed. Source: Kafka,
// what the leader does on append.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "moldau/record/batch_view.h"
#include "moldau/types.h"
#include "record/buffer.h"
#include "record/compression.h"

namespace moldau::record {

// What a topic demands of a batch.
struct ValidationRules {
  size_t max_batch_bytes = 1'048'588;  // max.message.bytes: the whole batch, compressed as it is
  bool keys_required = false;          // cleanup.policy includes compact
  TimestampType timestamp_type = TimestampType::kCreateTime;
  // How far a record's time may lie from the leader's (message.timestamp.before.max.ms, .after.max.ms). Checked for
  // kCreateTime only.
  std::chrono::milliseconds timestamp_before_max = std::chrono::milliseconds::max();
  std::chrono::milliseconds timestamp_after_max = std::chrono::hours(1);
  DecompressLimits decompress;
};

struct ValidatedBatch {
  BatchView batch;
  // Of the records; the header may say otherwise, then the leader corrects it (SetMaxTimestamp).
  Timestamp max_timestamp = kNoTimestamp;
};

// Checks that `bytes` are exactly one batch as a producer may send it: size, crc, format version, base offset 0, as
// many records as offsets, offset deltas 0 to n-1, no control batch, sound producer fields, every record within its
// bounds and its time within the rules, a compressed payload that decodes within the limits.
[[nodiscard]] absl::StatusOr<ValidatedBatch> ValidateBatch(std::span<const std::byte> bytes,
                                                           const ValidationRules& rules, Timestamp now,
                                                           Buffer& scratch);

}  // namespace moldau::record
