#include "record/decoded_batch.h"

#include "base/status_builder.h"
#include "moldau/record/checked_reader.h"

namespace moldau::record {

absl::StatusOr<DecodedBatch> DecodedBatch::Decode(const BatchView& batch, const DecompressLimits& limits,
                                                  Buffer& memory) {
  if (!batch.is_compressed()) return DecodedBatch(batch, batch.records());
  memory.Clear();
  MOLDAU_RETURN_IF_ERROR(Decompress(batch.compression(), batch.payload(), limits, memory));
  CheckedRecordReader reader(memory.bytes(), batch.record_count(), batch.last_offset_delta(), batch.record_base());
  while (reader.Next()) {
  }
  if (reader.error() != BatchError::kNone) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kCorruptMessage,
                       "batch at offset %d: record %d of %d after decompression: %s", batch.base_offset(),
                       batch.record_count() - reader.left(), batch.record_count(), BatchErrorText(reader.error()));
  }
  return DecodedBatch(batch, RecordRange(memory.data(), batch.record_count(), batch.record_base()));
}

}  // namespace moldau::record
