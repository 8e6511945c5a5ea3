#include "metadata/metadata_log.h"

#include <vector>

#include "base/status_builder.h"
#include "log/segment_name.h"
#include "moldau/record/batch_view.h"

namespace moldau::metadata {
namespace {

constexpr size_t kReplayBytes = size_t{1} << 20;

// One batch holds the creation of a topic with as many partitions as a topic may have.
log::LogConfig MetadataLogConfig() {
  log::LogConfig config;
  config.durability = Durability::kFlushed;
  config.segment_bytes = 16u << 20;
  config.max_message_bytes = 16u << 20;
  config.retention_ms = std::chrono::milliseconds(-1);
  config.delete_old_segments = false;
  return config;
}

absl::Status AtOffset(const absl::Status& status, int64_t offset) {
  return base::Error(status.code(), "%s-0: record at offset %d: %s", kMetadataTopic, offset,
                     std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetadataLog>> MetadataLog::Open(const log::LogEnvironment& environment,
                                                               const std::string& data_dir,
                                                               const log::Log::Known& known) {
  const std::string directory = data_dir + "/" + log::PartitionDirectoryName(kMetadataTopic, 0);
  const log::LogIdentity identity{.topic = std::string(kMetadataTopic), .partition = 0, .topic_id = kMetadataTopicId};
  MOLDAU_ASSIGN_OR_RETURN(std::unique_ptr<log::Log> log,
                          log::Log::Open(environment, directory, identity, MetadataLogConfig(), known));
  std::unique_ptr<MetadataLog> metadata(new MetadataLog(std::move(log)));
  MOLDAU_RETURN_IF_ERROR(metadata->Replay());
  return metadata;
}

absl::Status MetadataLog::Append(std::span<const MetadataRecord> records) {
  std::vector<std::string> values;
  values.reserve(records.size());
  for (const MetadataRecord& record : records) values.push_back(EncodeMetadataRecord(record));
  std::vector<Record> encoded;
  encoded.reserve(records.size());
  for (const std::string& value : values) encoded.push_back({.value = value});

  MOLDAU_RETURN_IF_ERROR(log_->Append(encoded).status());
  // Not by waiting for a receipt: on an executor that the caller drives that would run tasks while the owner's lock is
  // held.
  MOLDAU_RETURN_IF_ERROR(log_->Flush());
  for (const MetadataRecord& record : records) MOLDAU_RETURN_IF_ERROR(image_.Apply(record));
  return absl::OkStatus();
}

absl::Status MetadataLog::Replay() {
  int64_t offset = log_->log_start_offset();
  while (offset < log_->high_watermark()) {
    MOLDAU_ASSIGN_OR_RETURN(const log::LogSlice slice, log_->Read(offset, kReplayBytes));
    MOLDAU_RETURN_IF_ERROR(ReplayBatches(slice.bytes));
    offset = slice.next_offset;
  }
  return absl::OkStatus();
}

absl::Status MetadataLog::ReplayBatches(std::span<const std::byte> batches) {
  while (!batches.empty()) {
    const record::BatchView batch(batches.data());
    batches = batches.subspan(batch.size_in_bytes());
    if (batch.is_control()) continue;
    for (const RecordView& record : batch.records()) {
      const absl::StatusOr<MetadataRecord> decoded = DecodeMetadataRecord(record.value());
      if (!decoded.ok()) return AtOffset(decoded.status(), record.offset());
      if (absl::Status applied = image_.Apply(*decoded); !applied.ok()) return AtOffset(applied, record.offset());
    }
  }
  return absl::OkStatus();
}

}  // namespace moldau::metadata
