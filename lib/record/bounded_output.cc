#include "record/bounded_output.h"

#include <algorithm>
#include <limits>

#include "base/status_builder.h"

namespace moldau::record {
namespace {

constexpr size_t kFirstRoom = 4096;

}  // namespace

size_t MostOutput(size_t input_bytes, const DecompressLimits& limits) noexcept {
  const size_t most = std::numeric_limits<size_t>::max();
  const bool overflows = limits.max_ratio != 0 && input_bytes > most / limits.max_ratio;
  const size_t by_ratio = overflows ? most : input_bytes * limits.max_ratio;
  return std::min(limits.max_bytes, std::max(limits.ratio_free_bytes, by_ratio));
}

BoundedOutput::BoundedOutput(Compression codec, size_t input_bytes, const DecompressLimits& limits, Buffer& buffer)
    : codec_(codec),
      input_bytes_(input_bytes),
      begin_(buffer.size()),
      allowed_(MostOutput(input_bytes, limits)),
      buffer_(buffer) {}

std::span<std::byte> BoundedOutput::Room(size_t wanted) {
  // One byte more than allowed: a codec that fills it has more to say than it may.
  const size_t size = std::clamp(wanted, size_t{1}, left() + 1);
  buffer_.Reserve(buffer_.size() + size);
  return buffer_.free().first(std::min(buffer_.free().size(), left() + 1));
}

std::span<std::byte> BoundedOutput::Room() {
  const std::span<std::byte> free = buffer_.free();
  if (free.size() >= kFirstRoom) return free.first(std::min(free.size(), left() + 1));
  return Room(std::max({kFirstRoom, size() == 0 ? input_bytes_ * 4 : size()}));
}

absl::Status BoundedOutput::Take(size_t bytes) {
  if (bytes > left()) return TooLarge();
  buffer_.Grow(bytes);
  return absl::OkStatus();
}

absl::Status BoundedOutput::TooLarge() const {
  return base::Error(absl::StatusCode::kResourceExhausted, ErrorCode::kMessageTooLarge,
                     "%s payload of %d bytes: decompresses to more than the %d bytes allowed", CompressionName(codec_),
                     input_bytes_, allowed_);
}

absl::Status BoundedOutput::Corrupt(const char* what) const {
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kCorruptMessage,
                     "%s payload of %d bytes: %s after %d bytes of output", CompressionName(codec_), input_bytes_, what,
                     size());
}

}  // namespace moldau::record
