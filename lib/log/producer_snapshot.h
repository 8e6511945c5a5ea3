// The file `<offset>.snapshot`: what the log knew of each idempotent producer when it ended at that offset, so that
// recovery need not read the whole log to tell a retry from a new batch.
//
//   int16 version = 1 | uint32 CRC-32C of all that follows | int32 count | count entries of 46 bytes, big-endian
//
// Threads: pure functions.   Ownership: values.   Failure: DataLoss, which means "remove it and read the log instead";
// FailedPrecondition for a newer version.   Source: Kafka's ProducerStateManager.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace moldau::log {

struct ProducerEntry {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t last_sequence = -1;             // of the last batch
  int64_t last_offset = -1;               // of the last batch
  int32_t offset_delta = 0;               // last minus first offset of the last batch
  int64_t timestamp = -1;                 // of the last batch, milliseconds
  int32_t coordinator_epoch = -1;         // of the last transaction marker
  int64_t current_txn_first_offset = -1;  // -1: no transaction is open

  friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;
};

[[nodiscard]] std::string EncodeProducerSnapshot(std::span<const ProducerEntry> producers);
[[nodiscard]] absl::StatusOr<std::vector<ProducerEntry>> DecodeProducerSnapshot(std::span<const std::byte> file);

}  // namespace moldau::log
