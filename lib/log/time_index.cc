#include "log/time_index.h"

#include <utility>

#include "base/status_builder.h"
#include "moldau/record/layout.h"

namespace moldau::log {
namespace {

using record::layout::LoadBig;
using record::layout::StoreBig;

// OK, or why `entry` cannot follow `previous`.
absl::Status CheckEntry(size_t number, const TimeIndex::Entry& entry, const std::optional<TimeIndex::Entry>& previous,
                        uint32_t last_relative_offset) {
  if (entry.timestamp < 0) {
    return base::Error(absl::StatusCode::kDataLoss, "time index: entry %d: timestamp %d is negative", number,
                       entry.timestamp);
  }
  if (entry.relative_offset > last_relative_offset) {
    return base::Error(absl::StatusCode::kDataLoss,
                       "time index: entry %d: relative offset %d is above the segment's last %d", number,
                       entry.relative_offset, last_relative_offset);
  }
  if (previous && (entry.timestamp <= previous->timestamp || entry.relative_offset < previous->relative_offset)) {
    return base::Error(absl::StatusCode::kDataLoss,
                       "time index: entry %d: timestamp %d of offset %d does not follow timestamp %d of offset %d",
                       number, entry.timestamp, entry.relative_offset, previous->timestamp, previous->relative_offset);
  }
  return absl::OkStatus();
}

}  // namespace

void TimeIndex::MaybeAppend(int64_t timestamp, uint32_t relative_last_offset) {
  if (timestamp < 0) return;
  const std::optional<Entry> previous = last();
  if (previous && (timestamp <= previous->timestamp || relative_last_offset < previous->relative_offset)) return;
  entries_.PushBack({timestamp, relative_last_offset});
}

std::string EncodeTimeIndex(const TimeIndex& index) {
  std::string file(index.size() * TimeIndex::kEntryBytes, '\0');
  auto* out = reinterpret_cast<std::byte*>(file.data());
  for (size_t i = 0; i < file.size() / TimeIndex::kEntryBytes; ++i, out += TimeIndex::kEntryBytes) {
    const TimeIndex::Entry entry = index.at(i);
    StoreBig(out, entry.timestamp);
    StoreBig(out + 8, entry.relative_offset);
  }
  return file;
}

absl::StatusOr<TimeIndex> DecodeTimeIndex(std::span<const std::byte> file, uint32_t last_relative_offset,
                                          uint32_t expected_crc) {
  MOLDAU_ASSIGN_OR_RETURN(const size_t count,
                          CountIndexEntries("time index", file, TimeIndex::kEntryBytes, expected_crc));
  TimeIndex index;
  index.Reserve(count);
  std::optional<TimeIndex::Entry> previous;
  for (size_t i = 0; i < count; ++i) {
    const std::byte* at = file.data() + i * TimeIndex::kEntryBytes;
    const TimeIndex::Entry entry = {LoadBig<int64_t>(at), LoadBig<uint32_t>(at + 8)};
    MOLDAU_RETURN_IF_ERROR(CheckEntry(i, entry, previous, last_relative_offset));
    index.MaybeAppend(entry.timestamp, entry.relative_offset);
    previous = entry;
  }
  return index;
}

}  // namespace moldau::log
