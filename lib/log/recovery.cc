#include "log/recovery.h"

#include <algorithm>
#include <utility>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/batch_scan.h"
#include "log/rebuild_producers.h"
#include "log/segment_name.h"
#include "moldau/record/layout.h"

namespace moldau::log {

namespace {

// One run over the segments of a log.
class Recovery {
 public:
  Recovery(const LogEnvironment& environment, const std::string& directory, const RecoveryRules& rules,
           std::vector<std::shared_ptr<Segment>>& segments, LeaderEpochHistory& epochs,
           std::optional<ProducerStates>& producers, RecoveryReport& report)
      : environment_(environment),
        directory_(directory),
        rules_(rules),
        segments_(segments),
        epochs_(epochs),
        producers_(producers),
        report_(report) {}

  absl::Status Run();

 private:
  struct Bytes {
    std::shared_ptr<const storage::Mapping> mapping;
    std::span<const std::byte> all;
  };

  absl::StatusOr<Bytes> Load(Segment& segment) const;
  absl::StatusOr<bool> ScanSegment(size_t index);
  absl::Status JudgeDamage(size_t index, const Bytes& bytes, const ScanStop& stop) const;
  [[nodiscard]] bool LaterSegmentHasData(size_t index, int64_t next_offset) const;
  absl::Status CutAt(size_t index, const Bytes& bytes, const ScanStop& stop);
  absl::Status TrimFile(Segment& segment, uint32_t position) const;
  absl::StatusOr<bool> GiveBackUnused(Segment& segment, uint32_t position) const;
  absl::Status RemoveFrom(size_t index);
  absl::Status CheckFormat(const Segment& segment, const Bytes& bytes, const ScanStop& stop) const;
  void LoadProducers(size_t index);
  absl::Status Rot(const Segment& segment, const ScanStop& stop, std::string_view why) const;

  const LogEnvironment& environment_;
  const std::string& directory_;
  const RecoveryRules& rules_;
  std::vector<std::shared_ptr<Segment>>& segments_;
  LeaderEpochHistory& epochs_;
  std::optional<ProducerStates>& producers_;
  RecoveryReport& report_;
};

absl::StatusOr<Recovery::Bytes> Recovery::Load(Segment& segment) const {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > kMaxRelative) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage,
                       "%s: %d bytes, a segment has at most %u", segment.Path(kLogSuffix), static_cast<int64_t>(size),
                       kMaxRelative);
  }
  if (size == 0) return Bytes{};
  MOLDAU_ASSIGN_OR_RETURN(std::unique_ptr<storage::Mapping> mapping, file->Map(size, storage::MapMode::kRead));
  mapping->Advise(storage::Advice::kSequential);
  MOLDAU_RETURN_IF_ERROR(segment.Touch(*mapping, 0, static_cast<uint32_t>(size)));
  const std::span<const std::byte> all(mapping->data(), size);
  return Bytes{std::move(mapping), all};
}

absl::Status Recovery::Rot(const Segment& segment, const ScanStop& stop, std::string_view why) const {
  return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage,
                     "%s: %s at byte %u (offset %d): %s; restore the file, or cut the log there on purpose (offline.h)",
                     segment.Path(kLogSuffix), stop.problem.empty() ? std::string_view("data missing") : stop.problem,
                     stop.position, stop.next_offset, why);
}

bool Recovery::LaterSegmentHasData(size_t index, int64_t next_offset) const {
  for (size_t i = index + 1; i < segments_.size(); ++i) {
    const absl::StatusOr<Bytes> bytes = Load(*segments_[i]);
    if (bytes.ok() && FindValidBatch(bytes->all, 0, next_offset) < bytes->all.size()) return true;
  }
  return false;
}

// A crash leaves a prefix of a batch and zeros. Another format version where the next batch belongs was written on
// purpose, by another program, and is not ours to cut off.
absl::Status Recovery::CheckFormat(const Segment& segment, const Bytes& bytes, const ScanStop& stop) const {
  if (bytes.all.size() - stop.position < record::layout::kHeaderSize) return absl::OkStatus();
  const record::BatchView batch(bytes.all.data() + stop.position);
  const bool torn = batch.magic() == 0 || batch.magic() == record::layout::kMagicV2;
  if (torn || batch.base_offset() != stop.next_offset) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kUnsupportedVersion,
                     "%s: the batch at byte %u (offset %d) has format version %d, this version of moldau reads %d",
                     segment.Path(kLogSuffix), stop.position, stop.next_offset, batch.magic(),
                     record::layout::kMagicV2);
}

// OK if a crash can have left what `stop` found. See the header for the rules.
absl::Status Recovery::JudgeDamage(size_t index, const Bytes& bytes, const ScanStop& stop) const {
  if (MOLDAU_NAMED_BUG(M29)) return absl::OkStatus();
  const Segment& segment = *segments_[index];
  if (stop.next_offset < rules_.recovery_point) return Rot(segment, stop, "this part of the log had been flushed");
  if (stop.next_offset < rules_.log_end_offset) return Rot(segment, stop, "the log had been closed behind it");
  if (!rules_.same_boot && !rules_.flushed) return absl::OkStatus();
  const auto size = static_cast<uint32_t>(bytes.all.size());
  const uint32_t next_valid =
      stop.problem.empty() ? size : FindValidBatch(bytes.all, stop.position + 1, stop.next_offset);
  const bool more_here = next_valid < size;
  if (!more_here && !LaterSegmentHasData(index, stop.next_offset)) return absl::OkStatus();
  if (rules_.same_boot) return Rot(segment, stop, "valid records follow it and only the process had died");
  const uint32_t far = std::min(size - stop.position, kMaxFlushGroupBytes) + stop.position;
  if (FindValidBatch(bytes.all, far, stop.next_offset) < size) {
    return Rot(segment, stop, "records that were flushed later follow it");
  }
  // A segment that ends early in zeros, with others behind it, is a hole up to its end.
  if (!stop.problem.empty() && !HasHole(bytes.all, stop.position, next_valid)) {
    return Rot(segment, stop, "valid records follow it and no page is missing");
  }
  return absl::OkStatus();
}

absl::Status Recovery::RemoveFrom(size_t index) {
  // Newest first, each durable before the next, so that a crash in between never leaves a gap.
  while (segments_.size() > index) {
    Segment& segment = *segments_.back();
    segment.CloseHandles();
    for (const std::string_view suffix :
         {kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix, kSnapshotSuffix, kLogSuffix}) {
      const absl::Status status = environment_.storage->Remove(segment.Path(suffix));
      if (!status.ok() && !absl::IsNotFound(status)) return status;
    }
    MOLDAU_RETURN_IF_ERROR(environment_.storage->FlushDirectory(directory_));
    segments_.pop_back();
    ++report_.removed_segments;
  }
  return absl::OkStatus();
}

absl::Status Recovery::CutAt(size_t index, const Bytes& bytes, const ScanStop& stop) {
  Segment& segment = *segments_[index];
  const std::span<const std::byte> tail = bytes.all.subspan(stop.position);
  const auto last = std::find_if(tail.rbegin(), tail.rend(), [](std::byte b) { return b != std::byte{0}; });
  report_.truncated_bytes += tail.rend() - last;
  MOLDAU_RETURN_IF_ERROR(RemoveFrom(index + 1));
  return bytes.all.size() == stop.position ? absl::OkStatus() : TrimFile(segment, stop.position);
}

// Gives the bytes behind `position` back for good: when the file grows again they are zeros, also after another crash.
absl::Status Recovery::TrimFile(Segment& segment, uint32_t position) const {
  if (MOLDAU_NAMED_BUG(M5)) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_RETURN_IF_ERROR(file->Truncate(position));
  return file->Flush();
}

// Zeros of a segment that was allocated whole and not filled: they may come back after a crash, so the cut need not be
// durable, which would take as long as writing out all that the segment holds.
absl::StatusOr<bool> Recovery::GiveBackUnused(Segment& segment, uint32_t position) const {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_RETURN_IF_ERROR(file->Truncate(position));
  return true;
}

// True if the segment was good to its end and the next one follows on it.
absl::StatusOr<bool> Recovery::ScanSegment(size_t index) {
  Segment& segment = *segments_[index];
  // Whatever the manifest says of a part that was not flushed may not have reached the disk.
  segment.Publish({});
  segment.Unseal();
  MOLDAU_ASSIGN_OR_RETURN(const Bytes bytes, Load(segment));
  segment.DropIndexes();
  segment.set_max_timestamp({});
  const ScanStop stop =
      ScanBatches(bytes.all, 0, segment.base_offset(), -1, [&](const record::BatchView& batch, uint32_t position) {
        segment.IndexBatch(position, batch.last_offset(), static_cast<uint32_t>(batch.size_in_bytes()),
                           {batch.max_timestamp_ms(), batch.last_offset()});
        const auto latest = epochs_.latest();
        if (!latest || batch.leader_epoch() > latest->epoch) {
          epochs_.Assign(batch.leader_epoch(), batch.base_offset()).status().IgnoreError();  // -1: written by no leader
        }
        if (producers_ && batch.has_producer_id()) producers_->Add(batch);
      });
  report_.recovered = true;
  report_.scanned_bytes += stop.position;
  segment.Publish({stop.position, static_cast<uint32_t>(stop.next_offset - segment.base_offset())});
  segment.SetUnverified(0);
  segment.MarkIndexesComplete();
  segment.MarkTouched();

  const bool is_last = index + 1 == segments_.size();
  const bool follows_on = is_last || segments_[index + 1]->base_offset() == stop.next_offset;
  const bool too_short = is_last && stop.next_offset < std::max(rules_.recovery_point, rules_.log_end_offset);
  if (!stop.problem.empty() || !follows_on || too_short) {
    MOLDAU_RETURN_IF_ERROR(CheckFormat(segment, bytes, stop));
    MOLDAU_RETURN_IF_ERROR(JudgeDamage(index, bytes, stop));
    MOLDAU_RETURN_IF_ERROR(CutAt(index, bytes, stop));
    return false;
  }
  return bytes.all.size() == stop.position ? absl::StatusOr<bool>(true) : GiveBackUnused(segment, stop.position);
}

// Those at the base of the first segment that is scanned; the scan adds what it sees.
void Recovery::LoadProducers(size_t index) {
  absl::StatusOr<ProducerStates> states = RebuildProducers(environment_, directory_, std::span(segments_).first(index),
                                                           segments_[index]->base_offset(), epochs_);
  if (states.ok()) {
    producers_ = *std::move(states);
  } else {
    environment_.logger->Warning("log.producers", "%s: read again when they are needed: %s", directory_,
                                 states.status().message());
  }
}

absl::Status Recovery::Run() {
  bool scanning = false;
  for (size_t i = 0; i < segments_.size(); ++i) {
    // A segment that ends below the recovery point was flushed whole and is taken as the manifest describes it, but for
    // the last one: if a crash took those behind it, it has been appended to since.
    const bool known = segments_[i]->sealed() && segments_[i]->end_offset() <= rules_.recovery_point &&
                       i + 1 < segments_.size() && segments_[i + 1]->base_offset() == segments_[i]->end_offset();
    if (known) {
      producers_.reset();  // what it holds is not seen here
      continue;
    }
    if (!std::exchange(scanning, true)) LoadProducers(i);
    MOLDAU_ASSIGN_OR_RETURN(const bool whole, ScanSegment(i));
    if (!whole) break;
    if (i + 1 < segments_.size()) segments_[i]->Seal();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RecoverSegments(const LogEnvironment& environment, const std::string& directory,
                             const RecoveryRules& rules, std::vector<std::shared_ptr<Segment>>& segments,
                             LeaderEpochHistory& epochs, std::optional<ProducerStates>& producers,
                             RecoveryReport& report) {
  return Recovery(environment, directory, rules, segments, epochs, producers, report).Run();
}

}  // namespace moldau::log
