// Gives a batch another codec, as a topic's `compression.type` may demand of what producers send.
//
// Threads: any.   Ownership: writes to the caller's buffers.   Failure: as Decompress.
#pragma once

#include "absl/status/status.h"
#include "moldau/record/batch_view.h"
#include "record/buffer.h"
#include "record/compression.h"

namespace moldau::record {

// Replaces the content of `out` with `batch`, compressed by `codec` or not at all (kNone); everything else about it
// stays. `scratch` holds the records in between.
[[nodiscard]] absl::Status Recompress(const BatchView& batch, Compression codec, const DecompressLimits& limits,
                                      Buffer& scratch, Buffer& out);

}  // namespace moldau::record
