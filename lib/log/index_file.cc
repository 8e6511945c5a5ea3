#include "log/index_file.h"

#include <algorithm>

#include "base/status_builder.h"
#include "moldau/base/crc32c.h"

namespace moldau::log {
namespace {

bool IsZero(std::byte byte) { return byte == std::byte{0}; }

}  // namespace

uint32_t IndexFileCrc(std::span<const std::byte> file) {
  const uint32_t crc = base::Crc32c(file.data(), file.size());
  return crc == kUnknownCrc ? ~kUnknownCrc : crc;
}

absl::StatusOr<size_t> CountIndexEntries(const char* what, std::span<const std::byte> file, size_t entry_bytes,
                                         uint32_t expected_crc) {
  if (expected_crc != kUnknownCrc && IndexFileCrc(file) != expected_crc) {
    return base::Error(absl::StatusCode::kDataLoss, "%s: crc of the file's %d bytes is %08x, the manifest says %08x",
                       what, file.size(), IndexFileCrc(file), expected_crc);
  }
  if (file.size() % entry_bytes != 0) {
    return base::Error(absl::StatusCode::kDataLoss, "%s: length %d is not a multiple of %d", what, file.size(),
                       entry_bytes);
  }
  size_t end = 0;
  while (end < file.size() && !std::ranges::all_of(file.subspan(end, entry_bytes), IsZero)) end += entry_bytes;
  const std::span<const std::byte> padding = file.subspan(end);
  if (const auto at = std::ranges::find_if_not(padding, IsZero); at != padding.end()) {
    return base::Error(absl::StatusCode::kDataLoss, "%s: zeros at byte %d, but not at byte %d behind them", what, end,
                       end + static_cast<size_t>(at - padding.begin()));
  }
  return end / entry_bytes;
}

}  // namespace moldau::log
