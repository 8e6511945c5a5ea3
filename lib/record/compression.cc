#include "record/compression.h"

#include <cstring>

#include "base/status_builder.h"
#include "record/bounded_output.h"
#include "record/codecs.h"

namespace moldau::record {
namespace {

absl::Status UnknownCodec(Compression codec) {
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kUnsupportedCompressionType,
                     "compression codec %d: unknown, codecs are 0 to 4", static_cast<int>(codec));
}

absl::Status CopyBounded(std::span<const std::byte> in, BoundedOutput& out) {
  if (in.size() > out.left()) return out.TooLarge();
  if (in.empty()) return absl::OkStatus();
  std::memcpy(out.Room(in.size()).data(), in.data(), in.size());
  return out.Take(in.size());
}

absl::StatusOr<size_t> CompressBy(Compression codec, std::span<const std::byte> in, std::span<std::byte> out) {
  switch (codec) {
    case Compression::kNone:
      if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
      return in.size();
    case Compression::kGzip:
      return GzipCompress(in, out);
    case Compression::kSnappy:
      return SnappyCompress(in, out);
    case Compression::kLz4:
      return Lz4Compress(in, out);
    case Compression::kZstd:
      return ZstdCompress(in, out);
  }
  return UnknownCodec(codec);
}

}  // namespace

const char* CompressionName(Compression codec) noexcept {
  switch (codec) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kSnappy:
      return "snappy";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      return "zstd";
  }
  return "unknown";
}

size_t CompressBound(Compression codec, size_t size) noexcept {
  switch (codec) {
    case Compression::kNone:
      return size;
    case Compression::kGzip:
      return GzipBound(size);
    case Compression::kSnappy:
      return SnappyBound(size);
    case Compression::kLz4:
      return Lz4Bound(size);
    case Compression::kZstd:
      return ZstdBound(size);
  }
  return 0;
}

absl::StatusOr<size_t> Compress(Compression codec, std::span<const std::byte> in, std::span<std::byte> out,
                                const DecompressLimits& limits) {
  if (const size_t bound = CompressBound(codec, in.size()); out.size() < bound) {
    return base::Error(absl::StatusCode::kInvalidArgument, "%s output: %d bytes given, %d needed for %d bytes of input",
                       CompressionName(codec), out.size(), bound, in.size());
  }
  MOLDAU_ASSIGN_OR_RETURN(const size_t size, CompressBy(codec, in, out));
  const size_t most = codec == Compression::kNone ? in.size() : MostOutput(size, limits);
  if (in.size() > most) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kMessageTooLarge,
                       "%s output: %d bytes that shrink to %d are more than the %d that readers take",
                       CompressionName(codec), in.size(), size, most);
  }
  return size;
}

absl::Status Decompress(Compression codec, std::span<const std::byte> in, const DecompressLimits& limits, Buffer& out) {
  BoundedOutput bounded(codec, in.size(), limits, out);
  switch (codec) {
    case Compression::kNone:
      return CopyBounded(in, bounded);
    case Compression::kGzip:
      return GzipDecompress(in, bounded);
    case Compression::kSnappy:
      return SnappyDecompress(in, bounded);
    case Compression::kLz4:
      return Lz4Decompress(in, bounded);
    case Compression::kZstd:
      return ZstdDecompress(in, bounded);
  }
  return UnknownCodec(codec);
}

}  // namespace moldau::record
