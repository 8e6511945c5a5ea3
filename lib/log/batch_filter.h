// What compaction leaves of one batch: the records that are the latest of their key. A batch that keeps all of its
// records stays as it is, byte for byte; another keeps its base offset, its last offset and all that its header says of
// who wrote it, so that offsets and sequences mean what they did.
//
// A tombstone says that its key is gone. It stays for `delete.retention.ms` after the compaction that removed what it
// deletes, so that a reader that had seen that hears of it: that time, the delete horizon, is written into the batch.
//
// Threads: one at a time.   Ownership: owns the buffer that its results may lie in.
// Failure: DataLoss for a batch that cannot be decompressed.
// Source: Kafka's Cleaner and MemoryRecords.filterTo; KIP-534 for the delete horizon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/key_offsets.h"
#include "moldau/record/batch_view.h"
#include "record/buffer.h"

namespace moldau::log {

struct FilterRules {
  int64_t end = 0;  // what lies at or behind it has not been looked at, and stays
  int64_t now_ms = 0;
  int64_t delete_retention_ms = 0;
};

class BatchFilter {
 public:
  BatchFilter(const KeyOffsets& latest, const FilterRules& rules) : latest_(latest), rules_(rules) {}

  // The batch with the records that stay, valid until the next call and as long as `batch`. Empty: none does.
  absl::StatusOr<std::span<const std::byte>> Filter(const record::BatchView& batch);

 private:
  // A record as it lies in its batch.
  struct Kept {
    record::RecordView view;
    std::span<const std::byte> bytes;
  };

  absl::Status Select(const record::BatchView& batch);
  [[nodiscard]] bool Stays(const record::BatchView& batch, const record::RecordView& record) const;
  std::span<const std::byte> Rewrite(const record::BatchView& batch, bool begins_horizon);
  void PutRecords(const record::BatchView& batch, int64_t base_timestamp);

  const KeyOffsets& latest_;
  const FilterRules rules_;
  std::vector<Kept> kept_;  // of the batch at hand
  bool has_tombstone_ = false;
  record::Buffer unpacked_;
  record::Buffer records_;
  record::Buffer out_;
};

}  // namespace moldau::log
