#include "log/rebuild_producers.h"

#include <vector>

#include "base/logger.h"
#include "base/status_builder.h"
#include "log/segment_name.h"
#include "log/whole_file.h"

namespace moldau::log {
namespace {

constexpr size_t kMaxSnapshotBytes = size_t{256} << 20;
constexpr size_t kReplayBytes = size_t{1} << 20;

absl::Status Replay(Segment& segment, int64_t end, const LeaderEpochHistory& epochs, ProducerStates& states) {
  const SegmentEnd published = segment.published();
  if (published.position == 0) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<const storage::Mapping> mapping, segment.ReadMapping());
  Segment::Place at{.position = 0, .base_offset = segment.base_offset()};
  while (at.position < published.position) {
    MOLDAU_ASSIGN_OR_RETURN(const Segment::Border border,
                            segment.ReadBorder(*mapping, at, published, kReplayBytes, epochs));
    for (uint32_t position = at.position; position < border.position;) {
      const record::BatchView batch(mapping->data() + position);
      if (batch.base_offset() >= end) return absl::OkStatus();
      if (batch.has_producer_id()) states.Add(batch);
      position += static_cast<uint32_t>(batch.size_in_bytes());
    }
    at = {border.position, border.next_offset};
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<ProducerStates> LoadSnapshot(const LogEnvironment& environment, const std::string& directory,
                                           int64_t offset) {
  const std::string path = directory + "/" + SegmentFileName(offset, kSnapshotSuffix);
  const absl::StatusOr<std::string> file = ReadWholeFile(*environment.storage, path, kMaxSnapshotBytes);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  absl::Status problem = file.status();
  if (file.ok()) {
    const absl::StatusOr<std::vector<ProducerEntry>> entries = DecodeProducerSnapshot(std::as_bytes(std::span(*file)));
    if (entries.ok()) return ProducerStates::FromEntries(*entries);
    problem = entries.status();
  }
  environment.logger->Warning("log.producers", "%s: not used, the log is read instead: %s", path, problem.message());
  return std::nullopt;
}

absl::StatusOr<ProducerStates> RebuildProducers(const LogEnvironment& environment, const std::string& directory,
                                                std::span<const std::shared_ptr<Segment>> segments, int64_t end,
                                                const LeaderEpochHistory& epochs) {
  std::optional<ProducerStates> states = LoadSnapshot(environment, directory, end);
  if (states) return *std::move(states);
  size_t first = segments.size();
  while (first > 0 && !states) {
    const int64_t base = segments[--first]->base_offset();
    if (base < end) states = LoadSnapshot(environment, directory, base);
  }
  if (!states) states.emplace();
  for (size_t i = first; i < segments.size() && segments[i]->base_offset() < end; ++i) {
    MOLDAU_RETURN_IF_ERROR(Replay(*segments[i], end, epochs, *states));
  }
  return *std::move(states);
}

}  // namespace moldau::log
