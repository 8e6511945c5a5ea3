// Where a consumer stands, and how it is moved.
#include "base/status_builder.h"
#include "client/consumer_core.h"

namespace moldau::client {
namespace {

absl::StatusOr<int64_t> LagOf(const ConsumerPartition& partition) {
  MOLDAU_ASSIGN_OR_RETURN(const int64_t end, partition.partition().high_watermark());
  MOLDAU_ASSIGN_OR_RETURN(const int64_t start, partition.partition().log_start_offset());
  return std::max<int64_t>(end - std::max(partition.position(), start), 0);
}

}  // namespace

absl::Status ConsumerCore::ForEach(absl::FunctionRef<absl::Status(ConsumerPartition&)> visit) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  for (const auto& partition : partitions_) MOLDAU_RETURN_IF_ERROR(visit(*partition));
  return absl::OkStatus();
}

// There may be something to read then.
absl::Status ConsumerCore::MoveEach(absl::FunctionRef<absl::Status(ConsumerPartition&)> move) {
  absl::Status moved = ForEach(move);
  readiness_.Wake();
  return moved;
}

absl::Status ConsumerCore::Seek(const TopicPartition& partition, int64_t offset) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_ASSIGN_OR_RETURN(ConsumerPartition* const found, Find(partition));
  if (offset < 0) {
    return base::Error(absl::StatusCode::kInvalidArgument, "consumer: cannot seek %s-%d to the negative offset %d",
                       partition.topic, partition.partition, offset);
  }
  found->Seek(offset);
  readiness_.Wake();
  return absl::OkStatus();
}

absl::Status ConsumerCore::SeekToBeginning() {
  return MoveEach([](ConsumerPartition& partition) -> absl::Status {
    MOLDAU_ASSIGN_OR_RETURN(const int64_t offset, partition.partition().log_start_offset());
    partition.Seek(offset);
    return absl::OkStatus();
  });
}

absl::Status ConsumerCore::SeekToEnd() {
  return MoveEach([](ConsumerPartition& partition) -> absl::Status {
    MOLDAU_ASSIGN_OR_RETURN(const int64_t offset, partition.partition().high_watermark());
    partition.Seek(offset);
    return absl::OkStatus();
  });
}

absl::Status ConsumerCore::SeekToTime(Timestamp timestamp) {
  return MoveEach([timestamp](ConsumerPartition& partition) -> absl::Status {
    // Read first: a record that comes meanwhile is behind the end that we then go to.
    MOLDAU_ASSIGN_OR_RETURN(const int64_t end, partition.partition().high_watermark());
    MOLDAU_ASSIGN_OR_RETURN(const std::optional<OffsetAndTime> found, partition.partition().FindOffset(timestamp));
    partition.Seek(found ? found->offset : end);
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> ConsumerCore::Position(const TopicPartition& partition) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_ASSIGN_OR_RETURN(const ConsumerPartition* const found, Find(partition));
  return found->position();
}

absl::Status ConsumerCore::SetPaused(std::span<const TopicPartition> partitions, bool paused) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  for (const TopicPartition& partition : partitions) MOLDAU_RETURN_IF_ERROR(Find(partition).status());
  for (const TopicPartition& partition : partitions) index_.find(partition)->second->paused = paused;
  ++assignment_version_;
  readiness_.Wake();
  return absl::OkStatus();
}

std::vector<TopicPartition> ConsumerCore::Assignment() {
  std::vector<TopicPartition> assignment;
  const Entry entry(*this);
  if (!entry.status().ok()) return assignment;
  for (const auto& [source, partition] : index_) assignment.push_back(source);
  return assignment;
}

absl::StatusOr<int64_t> ConsumerCore::Lag(const TopicPartition& partition) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status());
  MOLDAU_ASSIGN_OR_RETURN(const ConsumerPartition* const found, Find(partition));
  return LagOf(*found);
}

absl::StatusOr<int64_t> ConsumerCore::Lag() {
  int64_t sum = 0;
  MOLDAU_RETURN_IF_ERROR(ForEach([&](ConsumerPartition& partition) -> absl::Status {
    MOLDAU_ASSIGN_OR_RETURN(const int64_t lag, LagOf(partition));
    sum += lag;
    return absl::OkStatus();
  }));
  return sum;
}

}  // namespace moldau::client
