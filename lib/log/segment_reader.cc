#include "log/segment_reader.h"

#include <utility>

#include "base/status_builder.h"

namespace moldau::log {
namespace {

constexpr size_t kCheckedAtOnce = size_t{1} << 20;

}  // namespace

absl::StatusOr<SegmentReader> SegmentReader::Open(std::shared_ptr<Segment> segment) {
  absl::StatusOr<std::shared_ptr<const storage::Mapping>> pin = segment->Pin();
  // Whatever is wrong with its file then is no damage.
  if (!pin.ok() && segment->retired()) return absl::AbortedError("segment: cut off or deleted meanwhile");
  MOLDAU_RETURN_IF_ERROR(pin.status());
  return SegmentReader(std::move(segment), *std::move(pin));
}

absl::StatusOr<record::BatchView> SegmentReader::Next(const LeaderEpochHistory& epochs) {
  if (position_ == end_.position) return record::BatchView();
  if (position_ == checked_.position) {
    const Segment::Place place{.position = position_, .base_offset = checked_.next_offset};
    MOLDAU_ASSIGN_OR_RETURN(checked_, segment_->ReadBorder(*pin_, place, end_, kCheckedAtOnce, epochs));
  }
  const record::BatchView batch(pin_->data() + position_);
  position_ += static_cast<uint32_t>(batch.size_in_bytes());
  return batch;
}

}  // namespace moldau::log
