#include "log/offset_index.h"

#include <utility>

#include "base/status_builder.h"
#include "moldau/record/layout.h"

namespace moldau::log {
namespace {

using record::layout::LoadBig;
using record::layout::StoreBig;

// OK, or why `entry` cannot follow `previous`.
absl::Status CheckEntry(size_t number, const OffsetIndex::Entry& entry,
                        const std::optional<OffsetIndex::Entry>& previous, uint64_t segment_size) {
  if (entry.relative_offset > kMaxRelative) {
    return base::Error(absl::StatusCode::kDataLoss, "offset index: entry %d: relative offset %d is above %d", number,
                       entry.relative_offset, kMaxRelative);
  }
  if (entry.position >= segment_size || entry.position > kMaxRelative) {
    return base::Error(absl::StatusCode::kDataLoss,
                       "offset index: entry %d: position %d is outside a segment of %d bytes", number, entry.position,
                       segment_size);
  }
  if (previous && (entry.relative_offset <= previous->relative_offset || entry.position <= previous->position)) {
    return base::Error(absl::StatusCode::kDataLoss,
                       "offset index: entry %d: offset %d at position %d does not follow offset %d at position %d",
                       number, entry.relative_offset, entry.position, previous->relative_offset, previous->position);
  }
  return absl::OkStatus();
}

}  // namespace

void OffsetIndex::Append(uint32_t relative_last_offset, uint32_t position) {
  const std::optional<Entry> previous = last();
  if (previous && (relative_last_offset <= previous->relative_offset || position <= previous->position)) return;
  entries_.PushBack({relative_last_offset, position});
}

std::string EncodeOffsetIndex(const OffsetIndex& index) {
  std::string file(index.size() * OffsetIndex::kEntryBytes, '\0');
  auto* out = reinterpret_cast<std::byte*>(file.data());
  for (size_t i = 0; i < file.size() / OffsetIndex::kEntryBytes; ++i, out += OffsetIndex::kEntryBytes) {
    const OffsetIndex::Entry entry = index.at(i);
    StoreBig(out, entry.relative_offset);
    StoreBig(out + 4, entry.position);
  }
  return file;
}

absl::StatusOr<OffsetIndex> DecodeOffsetIndex(std::span<const std::byte> file, uint64_t segment_size,
                                              uint32_t expected_crc) {
  MOLDAU_ASSIGN_OR_RETURN(const size_t count,
                          CountIndexEntries("offset index", file, OffsetIndex::kEntryBytes, expected_crc));
  OffsetIndex index;
  index.Reserve(count);
  std::optional<OffsetIndex::Entry> previous;
  for (size_t i = 0; i < count; ++i) {
    const std::byte* at = file.data() + i * OffsetIndex::kEntryBytes;
    const OffsetIndex::Entry entry = {LoadBig<uint32_t>(at), LoadBig<uint32_t>(at + 4)};
    MOLDAU_RETURN_IF_ERROR(CheckEntry(i, entry, previous, segment_size));
    index.Append(entry.relative_offset, entry.position);
    previous = entry;
  }
  return index;
}

}  // namespace moldau::log
