// Walks the bytes of a segment that nobody vouches for, batch by batch, and says where and why it had to stop.
//
// Threads: pure functions.   Ownership: borrows the bytes.   Failure: none; what is wrong is the result.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "moldau/record/batch_view.h"

namespace moldau::log {

struct ScanStop {
  uint32_t position = 0;     // of the first byte that is not part of a good batch
  int64_t next_offset = 0;   // the offset that a batch there would have to have
  int32_t last_epoch = -1;   // of the last good batch
  std::string_view problem;  // empty at the end of the bytes or where only zeros follow
};

// Checks each batch of `bytes` from `position` on: format, crc, base offset exactly `next_offset`, leader epoch not
// falling. `visit` sees each good one.
ScanStop ScanBatches(std::span<const std::byte> bytes, uint32_t position, int64_t next_offset, int32_t last_epoch,
                     absl::FunctionRef<void(const record::BatchView&, uint32_t position)> visit);

// The position of the first whole batch with a valid crc and a base offset of at least `min_offset` at or behind
// `from`; bytes.size() if there is none. Looks at every byte, so it costs time, but runs only on damage.
[[nodiscard]] uint32_t FindValidBatch(std::span<const std::byte> bytes, uint32_t from, int64_t min_offset);

// True if the batch that should begin at `position` has a hole: zeros up to the border of a sector, as a page leaves
// that never reached the disk. `limit`: where the next valid batch begins, or the end of the bytes.
[[nodiscard]] bool HasHole(std::span<const std::byte> bytes, uint32_t position, uint32_t limit);

[[nodiscard]] bool AllZero(std::span<const std::byte> bytes);

}  // namespace moldau::log
