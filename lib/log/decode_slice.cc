#include "log/decode_slice.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_builder.h"
#include "record/decoded_batch.h"

namespace moldau::log {
namespace {

struct DecodedMemory {
  record::Buffer records;
  std::shared_ptr<base::MemoryBudget> budget;  // lives as long as the reservation
  base::MemoryBudget::Reservation reservation;
};

bool NeedsDecoding(const record::BatchView& batch) { return batch.is_compressed() && !batch.is_control(); }

// Whether any batch has to be decompressed. Hardly ever, and then nothing is allocated.
bool AnyNeedsDecoding(std::span<const std::byte> batches) {
  while (!batches.empty()) {
    const record::BatchView batch(batches.data());
    if (NeedsDecoding(batch)) return true;
    batches = batches.subspan(batch.size_in_bytes());
  }
  return false;
}

absl::StatusOr<FetchedRecords::DecodedPayload> Decode(const record::BatchView& batch,
                                                      const std::shared_ptr<base::MemoryBudget>& budget) {
  auto memory = std::make_shared<DecodedMemory>();
  const absl::StatusOr<record::DecodedBatch> decoded =
      record::DecodedBatch::Decode(batch, record::DecompressLimits{}, memory->records);
  if (!decoded.ok()) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage, "batch at offset %d: %s",
                       batch.base_offset(), std::string(decoded.status().message()));
  }
  memory->budget = budget;
  MOLDAU_ASSIGN_OR_RETURN(memory->reservation, budget->TryReserve(memory->records.capacity(), "decompressed records"));
  const std::byte* records = memory->records.data();
  return FetchedRecords::DecodedPayload{std::move(memory), records};
}

}  // namespace

absl::StatusOr<FetchedRecords> DecodeSlice(LogSlice slice, int64_t from,
                                           const std::shared_ptr<base::MemoryBudget>& budget) {
  return DecodeBatches(std::move(slice.pin), slice.bytes, from, slice.next_offset, budget);
}

absl::StatusOr<FetchedRecords> DecodeBatches(std::shared_ptr<const void> pin, std::span<const std::byte> batches,
                                             int64_t from, int64_t next_offset,
                                             const std::shared_ptr<base::MemoryBudget>& budget) {
  std::vector<FetchedRecords::DecodedPayload> decoded;
  if (AnyNeedsDecoding(batches)) {
    for (std::span<const std::byte> rest = batches; !rest.empty();) {
      const record::BatchView batch(rest.data());
      rest = rest.subspan(batch.size_in_bytes());
      if (!NeedsDecoding(batch)) continue;
      MOLDAU_ASSIGN_OR_RETURN(decoded.emplace_back(), Decode(batch, budget));
    }
  }
  return FetchedRecords(std::move(pin), batches, from, next_offset, std::move(decoded));
}

}  // namespace moldau::log
