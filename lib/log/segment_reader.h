// Reads a segment from front to back, batch by batch, and keeps what it reads from going away: the mapping is pinned.
// What this process has not written is verified on the way.
//
// Threads: one at a time.   Ownership: shares the segment and its mapping.
// Failure: DataLoss naming file and byte; Aborted if the segment has been cut off or deleted.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/segment.h"
#include "moldau/record/batch_view.h"

namespace moldau::log {

class SegmentReader {
 public:
  static absl::StatusOr<SegmentReader> Open(std::shared_ptr<Segment> segment);

  // The next batch, valid while the pin is held; empty() behind the last.
  absl::StatusOr<record::BatchView> Next(const LeaderEpochHistory& epochs);

  [[nodiscard]] const std::shared_ptr<const storage::Mapping>& pin() const noexcept { return pin_; }

 private:
  SegmentReader(std::shared_ptr<Segment> segment, std::shared_ptr<const storage::Mapping> pin)
      : segment_(std::move(segment)),
        pin_(std::move(pin)),
        end_(segment_->published()),
        checked_{.position = 0, .next_offset = segment_->base_offset()} {}

  std::shared_ptr<Segment> segment_;
  std::shared_ptr<const storage::Mapping> pin_;
  SegmentEnd end_;
  Segment::Border checked_;  // whole batches lie before it
  uint32_t position_ = 0;
};

}  // namespace moldau::log
