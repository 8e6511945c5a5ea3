// What the hardware does at best in the same minute: the floors that figures are ratios to.
//
// Threads: one.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "harness/support.h"

namespace moldau::bench {

// Memory that has been touched, to be copied into.
class TouchedMemory {
 public:
  explicit TouchedMemory(size_t size);
  ~TouchedMemory();
  TouchedMemory(const TouchedMemory&) = delete;
  TouchedMemory& operator=(const TouchedMemory&) = delete;
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  std::byte* data_;
  size_t size_;
};

// Seconds to copy `batches` batches of `per_batch` messages into touched memory and to checksum each batch: what an
// append cannot do without.
[[nodiscard]] double CopyAndChecksumSeconds(const Messages& messages, size_t per_batch, int64_t batches,
                                            const TouchedMemory& memory);

// Bytes per second at which one thread reads these bytes.
[[nodiscard]] double ReadBandwidth(std::span<const std::span<const std::byte>> ranges);

// Seconds, p50, that a cache line takes from one core to another, measured by going there and back `rounds` times.
[[nodiscard]] double PingPongSeconds(int64_t rounds);

// Seconds that a look at the clock takes.
[[nodiscard]] double ClockSeconds();

// A file prepared as logs prepare theirs (allocated, zeros written, flushed), to be written from its beginning.
class PreparedFile {
 public:
  PreparedFile(const std::string& path, size_t size);
  ~PreparedFile();
  PreparedFile(const PreparedFile&) = delete;
  PreparedFile& operator=(const PreparedFile&) = delete;

  // Writes `bytes` behind what was written before, and fdatasyncs. Seconds.
  double WriteAndSync(std::span<const std::byte> bytes);

 private:
  int descriptor_;
  int64_t at_ = 0;
};

}  // namespace moldau::bench
