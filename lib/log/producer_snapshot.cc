#include "log/producer_snapshot.h"

#include "base/status_builder.h"
#include "moldau/base/crc32c.h"
#include "moldau/record/layout.h"

namespace moldau::log {
namespace {

using record::layout::LoadBig;
using record::layout::StoreBig;

constexpr int16_t kVersion = 1;
constexpr size_t kCrc = 2;
constexpr size_t kCount = 6;  // the crc covers the file from here on
constexpr size_t kEntries = 10;

// Within an entry.
constexpr size_t kProducerId = 0;
constexpr size_t kProducerEpoch = 8;
constexpr size_t kLastSequence = 10;
constexpr size_t kLastOffset = 14;
constexpr size_t kOffsetDelta = 22;
constexpr size_t kTimestamp = 26;
constexpr size_t kCoordinatorEpoch = 34;
constexpr size_t kCurrentTxnFirstOffset = 38;
constexpr size_t kEntryBytes = 46;

void Store(std::byte* at, const ProducerEntry& entry) {
  StoreBig(at + kProducerId, entry.producer_id);
  StoreBig(at + kProducerEpoch, entry.producer_epoch);
  StoreBig(at + kLastSequence, entry.last_sequence);
  StoreBig(at + kLastOffset, entry.last_offset);
  StoreBig(at + kOffsetDelta, entry.offset_delta);
  StoreBig(at + kTimestamp, entry.timestamp);
  StoreBig(at + kCoordinatorEpoch, entry.coordinator_epoch);
  StoreBig(at + kCurrentTxnFirstOffset, entry.current_txn_first_offset);
}

ProducerEntry Load(const std::byte* at) {
  return {.producer_id = LoadBig<int64_t>(at + kProducerId),
          .producer_epoch = LoadBig<int16_t>(at + kProducerEpoch),
          .last_sequence = LoadBig<int32_t>(at + kLastSequence),
          .last_offset = LoadBig<int64_t>(at + kLastOffset),
          .offset_delta = LoadBig<int32_t>(at + kOffsetDelta),
          .timestamp = LoadBig<int64_t>(at + kTimestamp),
          .coordinator_epoch = LoadBig<int32_t>(at + kCoordinatorEpoch),
          .current_txn_first_offset = LoadBig<int64_t>(at + kCurrentTxnFirstOffset)};
}

}  // namespace

std::string EncodeProducerSnapshot(std::span<const ProducerEntry> producers) {
  std::string file(kEntries + producers.size() * kEntryBytes, '\0');
  auto* const out = reinterpret_cast<std::byte*>(file.data());
  StoreBig(out, kVersion);
  StoreBig(out + kCount, static_cast<int32_t>(producers.size()));
  for (size_t i = 0; i < producers.size(); ++i) Store(out + kEntries + i * kEntryBytes, producers[i]);
  StoreBig(out + kCrc, base::Crc32c(out + kCount, file.size() - kCount));
  return file;
}

absl::StatusOr<std::vector<ProducerEntry>> DecodeProducerSnapshot(std::span<const std::byte> file) {
  if (file.size() < kEntries) {
    return base::Error(absl::StatusCode::kDataLoss, "producer snapshot: %d bytes are fewer than its header's %d",
                       file.size(), kEntries);
  }
  if (const int16_t version = LoadBig<int16_t>(file.data()); version != kVersion) {
    const bool newer = version > kVersion;
    return base::Error(newer ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kDataLoss,
                       "producer snapshot: format version is %d, not %d%s", version, kVersion,
                       newer ? ": written by a newer version" : "");
  }
  const uint32_t crc = base::Crc32c(file.data() + kCount, file.size() - kCount);
  if (crc != LoadBig<uint32_t>(file.data() + kCrc)) {
    return base::Error(absl::StatusCode::kDataLoss,
                       "producer snapshot: crc of the %d bytes from byte %d is %08x, not %08x", file.size() - kCount,
                       kCount, crc, LoadBig<uint32_t>(file.data() + kCrc));
  }
  const int32_t count = LoadBig<int32_t>(file.data() + kCount);
  if (count < 0 || static_cast<size_t>(count) * kEntryBytes != file.size() - kEntries) {
    return base::Error(absl::StatusCode::kDataLoss, "producer snapshot: %d producers do not fill %d bytes", count,
                       file.size() - kEntries);
  }
  std::vector<ProducerEntry> producers;
  producers.reserve(static_cast<size_t>(count));
  for (size_t at = kEntries; at < file.size(); at += kEntryBytes) producers.push_back(Load(file.data() + at));
  return producers;
}

}  // namespace moldau::log
