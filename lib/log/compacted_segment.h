// The segment that compaction writes in place of others, under the name of the first with `.cleaned` behind it.
//
//   in    | 0-3 | 4 | 5 | 6-9 | 10 | 11 | 12 | ...      batches by offset, of which 4, 5 and 11 are dropped
//   out   | 0-5     | 6-9 | 10-11   | 12 | ...          the one before covers their offsets
//
// A log has no gaps, after compaction neither: every offset is covered by a batch, so that one that has gone astray is
// found, and a reader that asks for any offset finds its place. A batch that goes leaves its offsets to the one before
// it: by its last offset, as that of a batch whose last record has gone. Where that is not possible (it is the first of
// the segment, or says where its producer stands) a batch without records takes them, 61 bytes however many they are.
//
// Threads: one at a time.   Ownership: removes the file when it is destroyed, unless that has been renamed.
// Failure: that of the storage.   Source: Kafka record batch v2; empty batches are Kafka's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/log_config.h"
#include "log/segment.h"
#include "moldau/record/batch_view.h"
#include "record/buffer.h"

namespace moldau::log {

class CompactedSegment {
 public:
  static absl::StatusOr<std::unique_ptr<CompactedSegment>> Create(const LogEnvironment& environment,
                                                                  const std::string& directory, int64_t base_offset,
                                                                  uint32_t capacity, uint32_t index_interval_bytes);
  ~CompactedSegment();
  CompactedSegment(const CompactedSegment&) = delete;
  CompactedSegment& operator=(const CompactedSegment&) = delete;

  // Batches come in the order of the log, each either kept or dropped.

  // `batch` is what the filter has left of it. `is_fixed`: its last offset says something of its producer.
  absl::Status Keep(std::span<const std::byte> batch, bool is_fixed);
  // All of its records go. `is_fixed`: the batch itself stays, without them.
  absl::Status Drop(const record::BatchView& batch, bool is_fixed);

  // Writes what is left, flushes the file and closes the book: a sealed segment with its indexes in memory, whose file
  // still bears its temporary name.
  absl::StatusOr<std::shared_ptr<Segment>> Finish();

  // Bytes so far.
  [[nodiscard]] uint64_t size() const noexcept { return written_ + out_.size(); }
  // The file under its temporary name.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  CompactedSegment(const LogEnvironment& environment, std::string path, std::shared_ptr<storage::File> file,
                   std::shared_ptr<Segment> segment)
      : environment_(environment),
        path_(std::move(path)),
        file_(std::move(file)),
        segment_(std::move(segment)),
        next_offset_(segment_->base_offset()),
        dropped_to_(next_offset_) {}

  absl::Status Add(std::span<const std::byte> batch, bool is_fixed);
  absl::Status CoverDropped();
  void StretchLast(int64_t next_offset);
  absl::Status SettleLast();
  absl::Status WriteOut();

  const LogEnvironment& environment_;
  const std::string path_;
  std::shared_ptr<storage::File> file_;
  std::shared_ptr<Segment> segment_;
  record::Buffer out_;          // what waits to be written: settled batches, then perhaps the last one
  uint32_t written_ = 0;        // bytes in the file
  size_t last_at_ = 0;          // of the last batch in `out_`, if there is one
  bool has_last_ = false;       // it may still have to cover more
  bool last_is_fixed_ = false;  // it may not
  int64_t next_offset_;         // all before it is covered
  int64_t dropped_to_;          // so far batches have been dropped that nothing covers yet
  int32_t dropped_epoch_ = -1;  // leader epoch of the first of them
};

}  // namespace moldau::log
