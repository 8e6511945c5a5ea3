// Batches as an idempotent producer sends them, for tests of what a log makes of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.h"
#include "moldau/record.h"
#include "record/batch_encoder.h"

namespace moldau::test {

struct ProducerBatch {
  int64_t producer_id = 1;
  int16_t epoch = 0;
  int32_t sequence = 0;
  int records = 1;
  int64_t timestamp_ms = 1'700'000'000'000;
  std::string value = "v";
};

inline std::vector<std::byte> Encode(const ProducerBatch& batch) {
  const Timestamp timestamp{std::chrono::milliseconds(batch.timestamp_ms)};
  const std::vector<Record> records(static_cast<size_t>(batch.records),
                                    Record{.value = batch.value, .timestamp = timestamp});
  std::vector<std::byte> bytes(record::EncodedSizeBound(records));
  const size_t size = record::EncodeBatch(
      records, {.producer_id = batch.producer_id, .producer_epoch = batch.epoch, .base_sequence = batch.sequence},
      bytes.data());
  bytes.resize(size);
  return bytes;
}

inline absl::StatusOr<log::AppendResult> Send(log::Log& log, const ProducerBatch& batch) {
  return log.AppendBatch(Encode(batch));
}

}  // namespace moldau::test
