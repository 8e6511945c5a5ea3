#include <utility>

#include "base/status_builder.h"
#include "broker/core.h"
#include "broker/parallel_for.h"
#include "log/partition_metadata.h"
#include "log/segment_name.h"

namespace moldau::broker {

// Directories of deleted topics: those that were renamed, and those that a crash kept from being renamed, which are
// recognised by the id of a topic that was removed. Others that nobody has claimed are foreign.
absl::Status Core::RemoveLeftovers() {
  for (const std::string& name : directory_->leftovers()) RemoveSoon(directory_->Path(name));
  // After an unclean stop the rename may have been lost although a topic of the same name was made since.
  const std::vector<std::string> suspects =
      directory_->clean_shutdown() ? directory_->UnclaimedDirectories() : directory_->PartitionDirectories();
  for (const std::string& name : suspects) {
    const absl::StatusOr<Uuid> id = log::LoadPartitionMetadata(environment_->storage(), directory_->Path(name));
    if (id.ok() && metadata_->image().WasRemoved(*id)) {
      MOLDAU_RETURN_IF_ERROR(RemoveDirectorySoon(name));
    } else if (directory_->IsUnclaimed(name)) {
      environment_->logger().Warning("broker.foreign_partition", "%s: belongs to no topic and is left alone",
                                     directory_->Path(name));
    }
  }
  return absl::OkStatus();
}

// After an unclean stop every log that has files is recovered now, so that nobody waits for it later and what was cut
// is known.
void Core::RecoverAll() {
  std::vector<std::shared_ptr<PartitionState>> partitions;
  for (auto& partition : AllPartitions()) {
    const std::string name = log::PartitionDirectoryName(partition->topic().name, partition->id());
    if (directory_->HasPartitionDirectory(name)) partitions.push_back(std::move(partition));
  }
  std::vector<absl::Status> opened(partitions.size());
  ParallelFor(environment_->executor(), environment_->helpers(), partitions.size(),
              [&](size_t i) { opened[i] = partitions[i]->Log().status(); });
  for (size_t i = 0; i < partitions.size(); ++i) Report(*partitions[i], opened[i]);
}

void Core::Report(PartitionState& partition, const absl::Status& opened) {
  const TopicPartition name{partition.topic().name, partition.id()};
  base::Logger& logger = environment_->logger();
  if (!opened.ok()) {
    recovery_.refused.push_back({name, opened});
    logger.Error("broker.refused", "partition %s-%d is refused: %s", name.topic, name.partition,
                 std::string(opened.message()));
    return;
  }
  const log::Log& log = *partition.open_log();
  const log::RecoveryReport& report = log.recovery();
  if (report.recovered) ++recovery_.recovered_partitions;
  recovery_.scanned_bytes += report.scanned_bytes;
  recovery_.rebuilt_indexes += report.rebuilt_indexes;
  if (report.truncated_bytes == 0 && report.removed_segments == 0) return;
  recovery_.cut.push_back({.partition = name,
                           .truncated_bytes = report.truncated_bytes,
                           .removed_segments = report.removed_segments,
                           .log_end_offset = log.log_end_offset()});
  logger.Warning("broker.cut", "partition %s-%d: %d bytes and %d segments behind offset %d were cut off", name.topic,
                 name.partition, report.truncated_bytes, report.removed_segments, log.log_end_offset());
}

}  // namespace moldau::broker
