// The four decompressors on any bytes: the output stays within the limits, memory follows what really comes out and not
// what the input claims, and what comes out can be compressed and got back. A failure leaves nothing behind that the
// next input could see.
//
// Input: one byte for the codec and whether the rest is compressed first, one for the limits, then the bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "moldau/error.h"
#include "record/compression.h"

namespace moldau::record {
namespace {

constexpr std::string_view kBefore = "what the buffer held before";

DecompressLimits LimitsOf(uint8_t choice) {
  constexpr size_t kSizes[] = {0, 1, 100, 4095, 4096, 65'536, size_t{1} << 20, size_t{8} << 20};
  constexpr size_t kRatios[] = {1, 2, 30, 1100};
  return {
      .max_bytes = kSizes[choice & 7], .max_ratio = kRatios[choice >> 3 & 3], .ratio_free_bytes = kSizes[choice >> 5]};
}

size_t Allowed(const DecompressLimits& limits, size_t input) {
  return std::min(limits.max_bytes, std::max(limits.ratio_free_bytes, input * limits.max_ratio));
}

bool BeginsAsBefore(const Buffer& buffer) {
  return buffer.size() >= kBefore.size() && std::memcmp(buffer.data(), kBefore.data(), kBefore.size()) == 0;
}

absl::Status DecompressBehind(Compression codec, std::span<const std::byte> in, const DecompressLimits& limits,
                              Buffer& out) {
  out.Clear();
  out.Reserve(kBefore.size());
  std::memcpy(out.free().data(), kBefore.data(), kBefore.size());
  out.Grow(kBefore.size());
  return Decompress(codec, in, limits, out);
}

std::vector<std::byte> Compressed(Compression codec, std::span<const std::byte> in) {
  std::vector<std::byte> out(CompressBound(codec, in.size()));
  const auto size = Compress(codec, in, out);
  MOLDAU_REQUIRE(size.ok() && *size <= out.size());
  out.resize(*size);
  return out;
}

bool IsRefusal(const absl::Status& status) {
  const ErrorCode code = GetErrorCode(status);
  return absl::IsInvalidArgument(status) ? code == ErrorCode::kCorruptMessage
                                         : absl::IsResourceExhausted(status) && code == ErrorCode::kMessageTooLarge;
}

void TryDecompress(Compression codec, std::span<const std::byte> in, const DecompressLimits& limits) {
  Buffer out;
  const absl::Status status = DecompressBehind(codec, in, limits, out);
  MOLDAU_REQUIRE(BeginsAsBefore(out));
  const size_t produced = out.size() - kBefore.size();
  MOLDAU_REQUIRE(produced <= Allowed(limits, in.size()));
  MOLDAU_REQUIRE(out.capacity() <= 8192 + 34 * in.size() + 4 * produced);

  Buffer again;
  const absl::Status same = DecompressBehind(codec, in, limits, again);
  MOLDAU_REQUIRE(same.ok() == status.ok());
  if (!status.ok()) {
    // Where in a damaged frame zstd notices depends on the window that its context has kept from earlier frames.
    MOLDAU_REQUIRE(IsRefusal(status) && IsRefusal(same));
    return;
  }
  MOLDAU_REQUIRE(again.size() == out.size() && std::memcmp(again.data(), out.data(), out.size()) == 0);
  // The limit is a byte's breadth.
  DecompressLimits tight{.max_bytes = produced, .max_ratio = 0, .ratio_free_bytes = produced};
  MOLDAU_REQUIRE(DecompressBehind(codec, in, tight, again).ok());
  if (produced > 0) {
    tight.max_bytes = produced - 1;
    MOLDAU_REQUIRE(absl::IsResourceExhausted(DecompressBehind(codec, in, tight, again)));
  }
}

void TryRoundTrip(Compression codec, std::span<const std::byte> in) {
  const std::vector<std::byte> small = Compressed(codec, in);
  Buffer out;
  MOLDAU_REQUIRE(DecompressBehind(codec, small, {}, out).ok());
  MOLDAU_REQUIRE(out.size() == kBefore.size() + in.size() && BeginsAsBefore(out));
  if (!in.empty()) MOLDAU_REQUIRE(std::memcmp(out.data() + kBefore.size(), in.data(), in.size()) == 0);
}

}  // namespace
}  // namespace moldau::record

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace moldau::record;
  if (size < 2) return 0;
  const auto codec = static_cast<moldau::Compression>(1 + data[0] % 4);
  const auto rest = std::as_bytes(std::span(data, size)).subspan(2);
  if ((data[0] & 4) == 0) {
    TryDecompress(codec, rest, LimitsOf(data[1]));
  } else {
    TryRoundTrip(codec, rest);
    TryDecompress(codec, Compressed(codec, rest), LimitsOf(data[1]));
  }
  return 0;
}
