// The records of a batch that may be compressed, readable like those of any other.
//
// Threads: plain value; the records may be read from any thread.
// Ownership: the records lie in `memory` if the batch is compressed, else in the batch; both must outlive them.
// Failure: as Decompress, and InvalidArgument (CORRUPT_MESSAGE) for records that do not hold together.
// Source: Kafka record batch v2.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "moldau/record/batch_view.h"
#include "record/buffer.h"
#include "record/compression.h"

namespace moldau::record {

class DecodedBatch {
 public:
  // Decompresses `batch` into `memory`, whose content it replaces, and checks the records there. An uncompressed batch
  // is taken as verified before and costs nothing.
  [[nodiscard]] static absl::StatusOr<DecodedBatch> Decode(const BatchView& batch, const DecompressLimits& limits,
                                                           Buffer& memory);

  [[nodiscard]] const BatchView& batch() const noexcept { return batch_; }
  [[nodiscard]] RecordRange records() const noexcept { return records_; }

 private:
  DecodedBatch(const BatchView& batch, const RecordRange& records) noexcept : batch_(batch), records_(records) {}

  BatchView batch_;
  RecordRange records_;
};

}  // namespace moldau::record
