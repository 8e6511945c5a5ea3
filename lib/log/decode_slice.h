// Makes records that anyone can iterate of a slice of the log: decompresses what is compressed, once.
//
// Threads: pure function.   Ownership: the result owns what was decompressed, which counts against the memory budget
// until it is dropped, and pins the rest.
// Failure: ResourceExhausted when the budget is used up; DataLoss if a batch does not decompress.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "log/log.h"
#include "moldau/fetched_records.h"

namespace moldau::log {

// The records of `slice` from offset `from` on. Cost for uncompressed batches: a look at each header.
absl::StatusOr<FetchedRecords> DecodeSlice(LogSlice slice, int64_t from,
                                           const std::shared_ptr<base::MemoryBudget>& budget);

// The same of verified whole batches that lie elsewhere, kept alive by `pin`.
absl::StatusOr<FetchedRecords> DecodeBatches(std::shared_ptr<const void> pin, std::span<const std::byte> batches,
                                             int64_t from, int64_t next_offset,
                                             const std::shared_ptr<base::MemoryBudget>& budget);

}  // namespace moldau::log
