// The four codecs of Kafka's record batches, by their own libraries: gzip (zlib), snappy, LZ4 frame and zstd.
// Snappy is written in the block framing of Kafka's Java client and read with or without it.
//
// Threads: all functions, any thread; each keeps its codec contexts for its next call.   Ownership: borrows both sides.
// Failure: Decompress answers InvalidArgument (CORRUPT_MESSAGE) for damaged input and ResourceExhausted
// (MESSAGE_TOO_LARGE) past a limit, after producing at most the limit: sizes that the input claims are never trusted.
// Source: RFC 1952, snappy format description and xerial framing, LZ4 frame format 1.6, RFC 8878.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/types.h"
#include "record/buffer.h"

namespace moldau::record {

// How much a compressed payload may become. A batch beyond them is refused, whatever it would hold.
struct DecompressLimits {
  size_t max_bytes = size_t{100} << 20;  // Kafka's largest request (socket.request.max.bytes)
  // Output per byte of input. Above gzip's own limit of 1032; only zstd and long runs of one byte get there.
  size_t max_ratio = 1100;
  // Below this many bytes of output any ratio is fine: an honest batch of a thousand equal lines shrinks a lot.
  size_t ratio_free_bytes = size_t{16} << 20;
};

// The codec's name in Kafka's configuration: "none", "gzip", "snappy", "lz4", "zstd".
[[nodiscard]] const char* CompressionName(Compression codec) noexcept;

// No input of `size` bytes takes more than this after compression.
[[nodiscard]] size_t CompressBound(Compression codec, size_t size) noexcept;

// How many bytes `input_bytes` of a compressed payload may become.
[[nodiscard]] size_t MostOutput(size_t input_bytes, const DecompressLimits& limits) noexcept;

// Compresses `in` to the beginning of `out`, which has room for CompressBound bytes. Returns the size. InvalidArgument
// (kMessageTooLarge) if it shrinks so much that Decompress would refuse it by `limits`: nobody could read it.
[[nodiscard]] absl::StatusOr<size_t> Compress(Compression codec, std::span<const std::byte> in,
                                              std::span<std::byte> out, const DecompressLimits& limits = {});

// Decompresses all of `in` and appends the result to `out`. On error `out` holds what came before it.
[[nodiscard]] absl::Status Decompress(Compression codec, std::span<const std::byte> in, const DecompressLimits& limits,
                                      Buffer& out);

}  // namespace moldau::record
