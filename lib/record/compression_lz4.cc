#include <lz4frame.h>

#include <memory>

#include "base/status_builder.h"
#include "record/codecs.h"

namespace moldau::record {
namespace {

struct FreeCompressor {
  void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
};
struct FreeDecompressor {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

// As Kafka's Java client writes frames: blocks of 64 KiB that do not refer to each other, no checksum beside the
// batch's.
const LZ4F_preferences_t& Preferences() {
  static const LZ4F_preferences_t preferences = [] {
    LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
    p.frameInfo.blockSizeID = LZ4F_max64KB;
    p.frameInfo.blockMode = LZ4F_blockIndependent;
    p.autoFlush = 1;
    return p;
  }();
  return preferences;
}

LZ4F_cctx* Compressor() {
  thread_local const std::unique_ptr<LZ4F_cctx, FreeCompressor> context = [] {
    LZ4F_cctx* created = nullptr;
    LZ4F_createCompressionContext(&created, LZ4F_VERSION);
    return std::unique_ptr<LZ4F_cctx, FreeCompressor>(created);
  }();
  return context.get();
}

LZ4F_dctx* Decompressor() {
  thread_local const std::unique_ptr<LZ4F_dctx, FreeDecompressor> context = [] {
    LZ4F_dctx* created = nullptr;
    LZ4F_createDecompressionContext(&created, LZ4F_VERSION);
    return std::unique_ptr<LZ4F_dctx, FreeDecompressor>(created);
  }();
  return context.get();
}

absl::Status LibraryError(const char* what) { return base::Error(absl::StatusCode::kInternal, "lz4: %s", what); }

}  // namespace

size_t Lz4Bound(size_t size) { return LZ4F_compressFrameBound(size, &Preferences()); }

absl::StatusOr<size_t> Lz4Compress(std::span<const std::byte> in, std::span<std::byte> out) {
  LZ4F_cctx* const context = Compressor();
  if (context == nullptr) return LibraryError("no memory for a compressor");
  size_t size = 0;
  const auto add = [&size](size_t result) {
    if (LZ4F_isError(result) != 0) return false;
    size += result;
    return true;
  };
  const auto at = [&] { return out.data() + size; };
  const auto left = [&] { return out.size() - size; };
  if (!add(LZ4F_compressBegin(context, at(), left(), &Preferences())) ||
      !add(LZ4F_compressUpdate(context, at(), left(), in.data(), in.size(), nullptr)) ||
      !add(LZ4F_compressEnd(context, at(), left(), nullptr))) {
    return LibraryError("output does not fit its bound");
  }
  return size;
}

absl::Status Lz4Decompress(std::span<const std::byte> in, BoundedOutput& out) {
  LZ4F_dctx* const context = Decompressor();
  if (context == nullptr) return LibraryError("no memory for a decompressor");
  LZ4F_resetDecompressionContext(context);
  while (true) {
    const std::span<std::byte> room = out.Room();
    size_t produced = room.size();
    size_t consumed = in.size();
    const size_t hint = LZ4F_decompress(context, room.data(), &produced, in.data(), &consumed, nullptr);
    if (LZ4F_isError(hint) != 0) return out.Corrupt(LZ4F_getErrorName(hint));
    MOLDAU_RETURN_IF_ERROR(out.Take(produced));
    in = in.subspan(consumed);
    if (hint == 0 && in.empty()) return absl::OkStatus();
    if (in.empty() && produced < room.size()) return out.Corrupt("truncated");
  }
}

}  // namespace moldau::record
