// The pair of functions that each codec provides to compression.cc; one source file per codec implements them.
//
// Threads: any; each thread keeps its own contexts.   Ownership: borrows both sides.
// Failure: as compression.h says; compressing answers Internal if the library fails, which no input makes it do.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "record/bounded_output.h"

namespace moldau::record {

[[nodiscard]] size_t GzipBound(size_t size);
[[nodiscard]] absl::StatusOr<size_t> GzipCompress(std::span<const std::byte> in, std::span<std::byte> out);
[[nodiscard]] absl::Status GzipDecompress(std::span<const std::byte> in, BoundedOutput& out);

[[nodiscard]] size_t SnappyBound(size_t size);
[[nodiscard]] absl::StatusOr<size_t> SnappyCompress(std::span<const std::byte> in, std::span<std::byte> out);
[[nodiscard]] absl::Status SnappyDecompress(std::span<const std::byte> in, BoundedOutput& out);

[[nodiscard]] size_t Lz4Bound(size_t size);
[[nodiscard]] absl::StatusOr<size_t> Lz4Compress(std::span<const std::byte> in, std::span<std::byte> out);
[[nodiscard]] absl::Status Lz4Decompress(std::span<const std::byte> in, BoundedOutput& out);

[[nodiscard]] size_t ZstdBound(size_t size);
[[nodiscard]] absl::StatusOr<size_t> ZstdCompress(std::span<const std::byte> in, std::span<std::byte> out);
[[nodiscard]] absl::Status ZstdDecompress(std::span<const std::byte> in, BoundedOutput& out);

}  // namespace moldau::record
