// Offset and time indexes from any bytes: what is accepted has the order that look-ups rely on, is found by them, and
// is written back as it was read.
//
// Input: one byte that chooses the index, four bytes of segment size or last offset (big-endian), then the file.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fuzz/require.h"
#include "log/offset_index.h"
#include "log/time_index.h"
#include "moldau/record/layout.h"

namespace moldau::log {
namespace {

// The file begins with what the index is written as, and only zeros follow.
void RequireSameEntries(std::span<const std::byte> file, const std::string& written) {
  MOLDAU_REQUIRE(written.size() <= file.size());
  for (size_t i = 0; i < file.size(); ++i) {
    MOLDAU_REQUIRE(file[i] == (i < written.size() ? static_cast<std::byte>(written[i]) : std::byte{0}));
  }
}

void TryOffsetIndex(std::span<const std::byte> file, uint32_t segment_size) {
  const auto index = DecodeOffsetIndex(file, segment_size);
  if (!index.ok()) return;
  RequireSameEntries(file, EncodeOffsetIndex(*index));
  for (size_t i = 0; i < index->size(); ++i) {
    const OffsetIndex::Entry entry = index->at(i);
    MOLDAU_REQUIRE(entry.position < segment_size);
    MOLDAU_REQUIRE(index->FloorByOffset(entry.relative_offset) == entry);
    const uint32_t before = entry.relative_offset - 1;
    if (i > 0) MOLDAU_REQUIRE(index->FloorByOffset(before) == index->at(i - 1));
    if (i > 0) MOLDAU_REQUIRE(index->at(i - 1).position < entry.position);
  }
  MOLDAU_REQUIRE(DecodeOffsetIndex(file, segment_size, IndexFileCrc(file)).ok());
}

void TryTimeIndex(std::span<const std::byte> file, uint32_t last_relative_offset) {
  const auto index = DecodeTimeIndex(file, last_relative_offset);
  if (!index.ok()) return;
  RequireSameEntries(file, EncodeTimeIndex(*index));
  for (size_t i = 0; i < index->size(); ++i) {
    const TimeIndex::Entry entry = index->at(i);
    MOLDAU_REQUIRE(entry.relative_offset <= last_relative_offset);
    MOLDAU_REQUIRE(index->FloorByTimestamp(entry.timestamp) == entry);
    if (i > 0) MOLDAU_REQUIRE(index->FloorByTimestamp(entry.timestamp - 1) == index->at(i - 1));
  }
  MOLDAU_REQUIRE(DecodeTimeIndex(file, last_relative_offset, IndexFileCrc(file)).ok());
}

}  // namespace
}  // namespace moldau::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kPrefix = 5;
  if (size < kPrefix) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto limit = moldau::record::layout::LoadBig<uint32_t>(bytes.data() + 1);
  if (data[0] % 2 == 0) {
    moldau::log::TryOffsetIndex(bytes.subspan(kPrefix), limit);
  } else {
    moldau::log::TryTimeIndex(bytes.subspan(kPrefix), limit);
  }
  return 0;
}
