#include <zstd.h>

#include <memory>

#include "base/status_builder.h"
#include "record/codecs.h"

namespace moldau::record {
namespace {

// A frame may ask for a window of up to 128 MiB, whatever it holds; Kafka's highest level does. Its pages are only
// touched as output comes, but a context that has taken one that large is not worth keeping.
constexpr size_t kMaxKeptContext = size_t{16} << 20;
// A claimed size up to this many times the input is believed for the first allocation; beyond, output has to prove it.
constexpr size_t kBelievedRatio = 32;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeDecompressor>;

absl::Status LibraryError(const char* what) { return base::Error(absl::StatusCode::kInternal, "zstd: %s", what); }

std::span<std::byte> FirstRoom(std::span<const std::byte> in, BoundedOutput& out) {
  const unsigned long long claimed = ZSTD_getFrameContentSize(in.data(), in.size());
  const bool known = claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != ZSTD_CONTENTSIZE_ERROR;
  return known && claimed / kBelievedRatio <= in.size() ? out.Room(claimed) : out.Room();
}

absl::Status DecompressFrames(ZSTD_DCtx* context, std::span<const std::byte> in, BoundedOutput& out) {
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::span<std::byte> room = FirstRoom(in, out);
  while (true) {
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    const size_t hint = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(hint) != 0) return out.Corrupt(ZSTD_getErrorName(hint));
    MOLDAU_RETURN_IF_ERROR(out.Take(output.pos));
    const bool no_input_left = input.pos == input.size;
    if (hint == 0 && no_input_left) return absl::OkStatus();
    if (no_input_left && output.pos < output.size) return out.Corrupt("truncated");
    room = out.Room();
  }
}

}  // namespace

size_t ZstdBound(size_t size) { return ZSTD_compressBound(size); }

absl::StatusOr<size_t> ZstdCompress(std::span<const std::byte> in, std::span<std::byte> out) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  if (context == nullptr) return LibraryError("no memory for a compressor");
  const size_t size =
      ZSTD_compressCCtx(context.get(), out.data(), out.size(), in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0) return LibraryError(ZSTD_getErrorName(size));
  return size;
}

absl::Status ZstdDecompress(std::span<const std::byte> in, BoundedOutput& out) {
  thread_local Decompressor context;
  if (context == nullptr) context.reset(ZSTD_createDCtx());
  if (context == nullptr) return LibraryError("no memory for a decompressor");
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  absl::Status status = DecompressFrames(context.get(), in, out);
  if (ZSTD_sizeof_DCtx(context.get()) > kMaxKeptContext) context.reset();
  return status;
}

}  // namespace moldau::record
