#include "coordinator/offset_store.h"

#include "base/status_builder.h"
#include "coordinator/java_hash.h"
#include "log/decode_slice.h"

namespace moldau::coordinator {
namespace {

constexpr size_t kReplayBytes = size_t{1} << 20;

absl::Status CheckGroup(std::string_view group) {
  if (!group.empty() && group.size() <= kMaxGroupIdBytes) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidGroupId,
                     "group id: has %d bytes, must have 1 to %d", group.size(), kMaxGroupIdBytes);
}

// The keys and values of one batch, kept until it is appended.
class OffsetBatch {
 public:
  void Reserve(size_t records) {
    keys_.reserve(records);
    values_.reserve(records);
    records_.reserve(records);
  }
  void Put(std::string_view group, const TopicPartition& partition, const CommittedOffset& committed) {
    keys_.push_back(EncodeOffsetKey(group, partition));
    values_.push_back(EncodeOffsetValue(committed));
    records_.push_back({.key = keys_.back(), .value = values_.back()});
  }
  void PutTombstone(std::string_view group, const TopicPartition& partition) {
    keys_.push_back(EncodeOffsetKey(group, partition));
    records_.push_back({.key = keys_.back()});
  }
  [[nodiscard]] std::span<const Record> records() const { return records_; }

 private:
  std::vector<std::string> keys_;  // reserved first: the records point into them
  std::vector<std::string> values_;
  std::vector<Record> records_;
};

}  // namespace

OffsetStore::OffsetStore(OffsetLogs& logs, Clock& clock, std::shared_ptr<base::MemoryBudget> budget)
    : logs_(logs), clock_(clock), budget_(std::move(budget)) {
  for (int32_t i = 0; i < logs.partition_count(); ++i) shards_.push_back(std::make_unique<Shard>());
}

absl::StatusOr<Receipt> OffsetStore::Commit(std::string_view group, const CommittedOffsets& offsets) {
  MOLDAU_RETURN_IF_ERROR(Check(group, offsets));
  if (offsets.empty()) return Receipt();
  int32_t partition = 0;
  Shard& shard = ShardFor(group, partition);
  const Timestamp now = clock_.WallNow();

  OffsetBatch batch;
  batch.Reserve(offsets.size());
  CommittedOffsets stamped = offsets;
  for (auto& [topic_partition, committed] : stamped) {
    committed.commit_time = now;
    batch.Put(group, topic_partition, committed);
  }

  // Before the lock: it may create the offsets topic, and whoever deletes a topic comes to the shards from there.
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForWriting(partition));
  // Appended and remembered under one lock, so that memory has the commits in the order of the log.
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  MOLDAU_ASSIGN_OR_RETURN(const log::AppendResult appended, log->Append(batch.records()));
  CommittedOffsets& latest = shard.groups[std::string(group)];
  for (auto& [topic_partition, committed] : stamped) latest[topic_partition] = std::move(committed);
  return log->MakeReceipt(appended);
}

absl::StatusOr<CommittedOffsets> OffsetStore::Fetch(std::string_view group,
                                                    std::span<const TopicPartition> partitions) {
  MOLDAU_ASSIGN_OR_RETURN(const CommittedOffsets all, FetchAll(group));
  CommittedOffsets found;
  for (const TopicPartition& partition : partitions) {
    if (const auto committed = all.find(partition); committed != all.end()) found.insert(*committed);
  }
  return found;
}

absl::StatusOr<CommittedOffsets> OffsetStore::FetchAll(std::string_view group) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t partition = 0;
  Shard& shard = ShardFor(group, partition);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  const auto found = shard.groups.find(group);
  return found == shard.groups.end() ? CommittedOffsets() : found->second;
}

absl::Status OffsetStore::ForgetTopic(std::string_view topic) {
  for (size_t i = 0; i < shards_.size(); ++i) {
    MOLDAU_RETURN_IF_ERROR(ForgetTopicIn(*shards_[i], static_cast<int32_t>(i), topic));
  }
  return absl::OkStatus();
}

absl::Status OffsetStore::ForgetTopicIn(Shard& shard, int32_t partition, std::string_view topic) {
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  OffsetBatch batch;
  size_t count = 0;
  for (const auto& [group, offsets] : shard.groups) count += offsets.size();
  batch.Reserve(count);
  for (const auto& [group, offsets] : shard.groups) {
    for (const auto& [topic_partition, committed] : offsets) {
      if (topic_partition.topic == topic) batch.PutTombstone(group, topic_partition);
    }
  }
  if (batch.records().empty()) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForReading(partition));
  MOLDAU_RETURN_IF_ERROR(log->Append(batch.records()).status());
  for (auto& [group, offsets] : shard.groups) {
    std::erase_if(offsets, [&](const auto& entry) { return entry.first.topic == topic; });
  }
  return log->Flush();
}

OffsetStore::Shard& OffsetStore::ShardFor(std::string_view group, int32_t& partition) {
  partition = PartitionForGroup(group, static_cast<int32_t>(shards_.size()));
  return *shards_[static_cast<size_t>(partition)];
}

absl::Status OffsetStore::Load(Shard& shard, int32_t partition) {
  if (shard.loaded) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForReading(partition));
  if (log != nullptr) MOLDAU_RETURN_IF_ERROR(Replay(*log, shard));
  shard.loaded = true;
  return absl::OkStatus();
}

absl::Status OffsetStore::Replay(log::Log& log, Shard& shard) {
  shard.groups.clear();  // of a replay that failed half-way
  int64_t offset = log.log_start_offset();
  while (offset < log.high_watermark()) {
    MOLDAU_ASSIGN_OR_RETURN(log::LogSlice slice, log.Read(offset, kReplayBytes));
    MOLDAU_ASSIGN_OR_RETURN(const FetchedRecords records, log::DecodeSlice(std::move(slice), offset, budget_));
    for (const RecordView& record : records) {
      if (absl::Status status = Apply(record, shard); !status.ok()) {
        return base::Error(status.code(), "%s: record at offset %d: %s", kOffsetsTopic, record.offset(),
                           std::string(status.message()));
      }
    }
    offset = records.next_offset();
  }
  return absl::OkStatus();
}

absl::Status OffsetStore::Apply(const RecordView& record, Shard& shard) {
  MOLDAU_ASSIGN_OR_RETURN(const std::optional<OffsetKey> key, DecodeOffsetKey(record.key()));
  if (!key) return absl::OkStatus();
  CommittedOffsets& offsets = shard.groups[key->group];
  if (!record.has_value()) {
    offsets.erase(key->partition);
    return absl::OkStatus();
  }
  MOLDAU_ASSIGN_OR_RETURN(offsets[key->partition], DecodeOffsetValue(record.value()));
  return absl::OkStatus();
}

absl::Status OffsetStore::Check(std::string_view group, const CommittedOffsets& offsets) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  for (const auto& [partition, committed] : offsets) {
    MOLDAU_RETURN_IF_ERROR(logs_.CheckPartition(partition));
    if (committed.metadata.size() > kMaxOffsetMetadataBytes) {
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kOffsetMetadataTooLarge,
                         "commit of %s-%d: metadata has %d bytes, at most %d are kept", partition.topic,
                         partition.partition, committed.metadata.size(), kMaxOffsetMetadataBytes);
    }
    if (committed.offset < 0) {
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                         "commit of %s-%d: offset %d is negative", partition.topic, partition.partition,
                         committed.offset);
    }
  }
  return absl::OkStatus();
}

}  // namespace moldau::coordinator
