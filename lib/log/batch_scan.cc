#include "log/batch_scan.h"

#include <algorithm>
#include <cstring>

#include "base/named_bug.h"
#include "moldau/record/layout.h"
#include "moldau/record/verify.h"

namespace moldau::log {

namespace {

constexpr uint32_t kSectorBytes = 512;

std::string_view Problem(const record::BatchView& batch, int64_t next_offset, int32_t last_epoch) {
  if (!MOLDAU_NAMED_BUG(M4) && !record::HasValidCrc(batch)) return "bad crc";
  if (MOLDAU_NAMED_BUG(M7)) return {};
  if (batch.base_offset() != next_offset) return "wrong base offset";
  if (batch.leader_epoch() < last_epoch) return "leader epoch falls";
  return {};
}

}  // namespace

bool AllZero(std::span<const std::byte> bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

ScanStop ScanBatches(std::span<const std::byte> bytes, uint32_t position, int64_t next_offset, int32_t last_epoch,
                     absl::FunctionRef<void(const record::BatchView&, uint32_t)> visit) {
  ScanStop stop{position, next_offset, last_epoch, {}};
  while (stop.position < bytes.size()) {
    const record::ParsedBatch parsed = record::BatchView::Parse(bytes.subspan(stop.position));
    if (!parsed.ok()) {
      if (!AllZero(bytes.subspan(stop.position))) stop.problem = record::BatchErrorText(parsed.error);
      return stop;
    }
    if (stop.problem = Problem(parsed.batch, stop.next_offset, stop.last_epoch); !stop.problem.empty()) return stop;
    visit(parsed.batch, stop.position);
    stop.position += static_cast<uint32_t>(parsed.batch.size_in_bytes());
    stop.next_offset = parsed.batch.next_offset();
    stop.last_epoch = parsed.batch.leader_epoch();
  }
  return stop;
}

uint32_t FindValidBatch(std::span<const std::byte> bytes, uint32_t from, int64_t min_offset) {
  const auto size = static_cast<uint32_t>(bytes.size());
  for (uint32_t at = from; size - at >= record::layout::kHeaderSize && at < size; ++at) {
    if (bytes[at + record::layout::kMagic] != std::byte{record::layout::kMagicV2}) continue;
    const record::ParsedBatch parsed = record::BatchView::Parse(bytes.subspan(at));
    if (parsed.ok() && parsed.batch.base_offset() >= min_offset && record::HasValidCrc(parsed.batch)) return at;
  }
  return size;
}

bool HasHole(std::span<const std::byte> bytes, uint32_t position, uint32_t limit) {
  limit = std::min(limit, static_cast<uint32_t>(bytes.size()));
  // The first border at or behind the batch's first byte; if the batch ends before it there is no room for a hole.
  for (uint32_t border = (position / kSectorBytes + 1) * kSectorBytes; border <= limit; border += kSectorBytes) {
    if (bytes[border - 1] == std::byte{0}) return true;
  }
  return AllZero(bytes.subspan(position, std::min<size_t>(limit - position, record::layout::kHeaderSize)));
}

}  // namespace moldau::log
