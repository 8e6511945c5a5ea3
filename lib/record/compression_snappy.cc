// Snappy has no stream format of its own. Kafka's Java client frames it as the xerial library does, others send one raw
// block; a reader tells them apart by the magic.
//
//   82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version int32 | lowest compatible version int32 | blocks: length int32, raw block
#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/status_builder.h"
#include "moldau/record/layout.h"
#include "record/codecs.h"

namespace moldau::record {
namespace {

constexpr std::array<unsigned char, 16> kStreamHeader = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr size_t kMagicSize = 8;
constexpr size_t kBlockLengthSize = 4;
constexpr size_t kBlockSize = size_t{32} << 10;  // of input; what Java writes
// No element of the format yields more: a copy takes three bytes and gives at most 64.
constexpr size_t kMaxRatio = 22;

const char* Chars(const std::byte* at) { return reinterpret_cast<const char*>(at); }

bool HasMagic(std::span<const std::byte> in) {
  return in.size() >= kMagicSize && std::memcmp(in.data(), kStreamHeader.data(), kMagicSize) == 0;
}

absl::Status DecompressBlock(std::span<const std::byte> block, BoundedOutput& out) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(Chars(block.data()), block.size(), &size)) return out.Corrupt("bad block length");
  if (size / kMaxRatio > block.size()) return out.Corrupt("block claims more than it can hold");
  if (size > out.left()) return out.TooLarge();
  if (!snappy::RawUncompress(Chars(block.data()), block.size(), reinterpret_cast<char*>(out.Room(size).data()))) {
    return out.Corrupt("damaged block");
  }
  return out.Take(size);
}

}  // namespace

size_t SnappyBound(size_t size) {
  const size_t full_blocks = size / kBlockSize;
  return kStreamHeader.size() + full_blocks * (kBlockLengthSize + snappy::MaxCompressedLength(kBlockSize)) +
         kBlockLengthSize + snappy::MaxCompressedLength(size % kBlockSize);
}

absl::StatusOr<size_t> SnappyCompress(std::span<const std::byte> in, std::span<std::byte> out) {
  std::memcpy(out.data(), kStreamHeader.data(), kStreamHeader.size());
  size_t size = kStreamHeader.size();
  while (!in.empty()) {
    const std::span<const std::byte> block = in.first(std::min(in.size(), kBlockSize));
    size_t compressed = 0;
    snappy::RawCompress(Chars(block.data()), block.size(),
                        reinterpret_cast<char*>(out.data() + size + kBlockLengthSize), &compressed);
    layout::StoreBig(out.data() + size, static_cast<int32_t>(compressed));
    size += kBlockLengthSize + compressed;
    in = in.subspan(block.size());
  }
  return size;
}

absl::Status SnappyDecompress(std::span<const std::byte> in, BoundedOutput& out) {
  if (!HasMagic(in)) return DecompressBlock(in, out);
  while (!in.empty()) {
    if (HasMagic(in)) {  // at the beginning, and where streams were put together
      if (in.size() < kStreamHeader.size()) return out.Corrupt("truncated stream header");
      in = in.subspan(kStreamHeader.size());
      continue;
    }
    if (in.size() < kBlockLengthSize) return out.Corrupt("truncated block length");
    const auto length = layout::LoadBig<int32_t>(in.data());
    in = in.subspan(kBlockLengthSize);
    if (length < 0 || static_cast<size_t>(length) > in.size()) return out.Corrupt("block length past the end");
    MOLDAU_RETURN_IF_ERROR(DecompressBlock(in.first(static_cast<size_t>(length)), out));
    in = in.subspan(static_cast<size_t>(length));
  }
  return absl::OkStatus();
}

}  // namespace moldau::record
