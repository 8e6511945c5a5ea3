// Where a decompressor writes: memory that grows with what really comes out, never with what the input claims, and ends
// at a limit. This is what makes a compression bomb an error instead of an outage.
//
// Threads: one thread at a time.   Ownership: borrows the buffer.
// Failure: Take answers ResourceExhausted once the output passes the limit, by at most one byte.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "record/buffer.h"
#include "record/compression.h"

namespace moldau::record {

class BoundedOutput {
 public:
  // For `codec` reading an input of `input_bytes`; appends to `buffer`.
  BoundedOutput(Compression codec, size_t input_bytes, const DecompressLimits& limits, Buffer& buffer);

  // Room for the next bytes: `wanted` if the limit allows it, at least one byte.
  [[nodiscard]] std::span<std::byte> Room(size_t wanted);
  // Room to go on with when the codec cannot say how much it needs: doubles as the output grows.
  [[nodiscard]] std::span<std::byte> Room();

  // Says that `bytes` of the last room were filled.
  [[nodiscard]] absl::Status Take(size_t bytes);

  // The error for output past the limit, for codecs that know a size beforehand.
  [[nodiscard]] absl::Status TooLarge() const;
  // The error for damaged input; `what` is the codec's own word for it.
  [[nodiscard]] absl::Status Corrupt(const char* what) const;

  [[nodiscard]] size_t size() const noexcept { return buffer_.size() - begin_; }
  // Most that may still come.
  [[nodiscard]] size_t left() const noexcept { return allowed_ - size(); }

 private:
  Compression codec_;
  size_t input_bytes_;
  size_t begin_;
  size_t allowed_;
  Buffer& buffer_;
};

}  // namespace moldau::record
