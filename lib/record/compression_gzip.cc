#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/status_builder.h"
#include "record/codecs.h"

namespace moldau::record {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window, with gzip's header and checksum instead of zlib's
constexpr int kMemoryLevel = 8;
constexpr size_t kHeaderAndTrailer = 18;

// zlib counts in unsigned int; longer spans are handed over in parts.
uInt Part(size_t size) { return static_cast<uInt>(std::min(size, size_t{std::numeric_limits<uInt>::max()})); }

Bytef* In(std::span<const std::byte> in) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));  // zlib reads it only
}

struct Deflater {
  Deflater() {
    ok = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) ==
         Z_OK;
  }
  ~Deflater() {
    if (ok) deflateEnd(&stream);
  }
  z_stream stream{};
  bool ok = false;
};

struct Inflater {
  Inflater() { ok = inflateInit2(&stream, kGzipWindowBits) == Z_OK; }
  ~Inflater() {
    if (ok) inflateEnd(&stream);
  }
  z_stream stream{};
  bool ok = false;
};

absl::Status LibraryError(const char* what) { return base::Error(absl::StatusCode::kInternal, "gzip: %s", what); }

}  // namespace

size_t GzipBound(size_t size) { return compressBound(size) + kHeaderAndTrailer; }

absl::StatusOr<size_t> GzipCompress(std::span<const std::byte> in, std::span<std::byte> out) {
  thread_local Deflater deflater;
  z_stream& z = deflater.stream;
  if (!deflater.ok || deflateReset(&z) != Z_OK) return LibraryError("no memory for a compressor");
  if (in.size() != Part(in.size()) || out.size() != Part(out.size())) return LibraryError("input over 4 GiB");
  z.next_in = In(in);
  z.avail_in = Part(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = Part(out.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) return LibraryError("output does not fit its bound");
  return out.size() - z.avail_out;
}

absl::Status GzipDecompress(std::span<const std::byte> in, BoundedOutput& out) {
  thread_local Inflater inflater;
  z_stream& z = inflater.stream;
  if (!inflater.ok || inflateReset(&z) != Z_OK) return LibraryError("no memory for a decompressor");
  z.avail_in = 0;
  while (true) {
    if (z.avail_in == 0) {
      z.next_in = In(in);
      z.avail_in = Part(in.size());
      in = in.subspan(z.avail_in);
    }
    const std::span<std::byte> room = out.Room();
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = Part(room.size());
    const uInt given = z.avail_out;
    const int result = inflate(&z, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return out.Corrupt(z.msg != nullptr ? z.msg : "damaged stream");
    }
    const uInt produced = given - z.avail_out;
    MOLDAU_RETURN_IF_ERROR(out.Take(produced));
    const bool no_input_left = z.avail_in == 0 && in.empty();
    if (result == Z_STREAM_END) {
      if (no_input_left) return absl::OkStatus();
      if (inflateReset(&z) != Z_OK) return LibraryError("no memory for a decompressor");  // another member follows
    } else if (produced < given && no_input_left) {
      return out.Corrupt("truncated");
    }
  }
}

}  // namespace moldau::record
