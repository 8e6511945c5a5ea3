#include "record/recompress.h"

#include <cstring>

#include "base/status_builder.h"
#include "moldau/record/layout.h"
#include "record/batch_encoder.h"

namespace moldau::record {

absl::Status Recompress(const BatchView& batch, Compression codec, const DecompressLimits& limits, Buffer& scratch,
                        Buffer& out) {
  std::span<const std::byte> records = batch.payload();
  if (batch.is_compressed()) {
    scratch.Clear();
    MOLDAU_RETURN_IF_ERROR(Decompress(batch.compression(), records, limits, scratch));
    records = scratch.bytes();
  }
  out.Clear();
  out.Reserve(layout::kHeaderSize + CompressBound(codec, records.size()));
  std::memcpy(out.free().data(), batch.data(), layout::kHeaderSize);
  out.Grow(layout::kHeaderSize);
  MOLDAU_ASSIGN_OR_RETURN(const size_t size, Compress(codec, records, out.free()));
  out.Grow(size);
  SetPayload(out.data(), codec, out.size());
  return absl::OkStatus();
}

}  // namespace moldau::record
