#include "coordinator/offset_store.h"

#include <algorithm>
#include <utility>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "coordinator/java_hash.h"
#include "log/decode_slice.h"
#include "protocol/wire_writer.h"

namespace moldau::coordinator {
namespace {

constexpr size_t kReplayBytes = size_t{1} << 20;
constexpr size_t kForgetBytes = size_t{1} << 18;  // of tombstones in one batch, with the last one any log takes it

absl::Status CheckGroup(std::string_view group) {
  if (!group.empty() && group.size() <= kMaxGroupIdBytes) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidGroupId,
                     "group id: has %d bytes, must have 1 to %d", group.size(), kMaxGroupIdBytes);
}

absl::Status CheckOffset(const OffsetToCommit& commit, int32_t partitions) {
  if (commit.partition < 0 || commit.partition >= partitions) {
    return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                       "topic %s: has no partition %d, they are numbered from 0 to %d", commit.topic, commit.partition,
                       partitions - 1);
  }
  if (commit.metadata.size() > kMaxOffsetMetadataBytes) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kOffsetMetadataTooLarge,
                       "commit of %s-%d: metadata has %d bytes, at most %d are kept", commit.topic, commit.partition,
                       commit.metadata.size(), kMaxOffsetMetadataBytes);
  }
  if (commit.offset < 0) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                       "commit of %s-%d: offset %d is negative", commit.topic, commit.partition, commit.offset);
  }
  return absl::OkStatus();
}

// The records of one batch, their keys and values in one buffer.
class RecordList {
 public:
  explicit RecordList(size_t capacity = 0) { ends_.reserve(capacity); }

  void PutOffset(std::string_view group, const OffsetToCommit& commit, Timestamp now) {
    PutOffsetKey(out_, group, commit.topic, commit.partition);
    const size_t key_end = out_.bytes().size();
    PutOffsetValue(out_, commit.offset, commit.leader_epoch, commit.metadata, now);
    ends_.push_back({key_end, out_.bytes().size(), true});
  }
  void PutOffsetTombstone(std::string_view group, std::string_view topic, int32_t partition) {
    PutOffsetKey(out_, group, topic, partition);
    ends_.push_back({out_.bytes().size(), out_.bytes().size(), false});
  }
  void PutGroupTombstone(std::string_view group) {
    PutGroupKey(out_, group);
    ends_.push_back({out_.bytes().size(), out_.bytes().size(), false});
  }

  [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
  [[nodiscard]] size_t size_bytes() const noexcept { return out_.bytes().size(); }
  // Good until the next Put.
  [[nodiscard]] std::vector<Record> records() const {
    std::vector<Record> records;
    records.reserve(ends_.size());
    const std::string_view bytes = out_.bytes();
    size_t begin = 0;
    for (const Ends& end : ends_) {
      Record& record = records.emplace_back();
      record.key = bytes.substr(begin, end.key - begin);
      if (end.has_value) record.value = bytes.substr(end.key, end.value - end.key);
      begin = end.value;
    }
    return records;
  }

 private:
  struct Ends {
    size_t key;
    size_t value;
    bool has_value;
  };
  protocol::WireWriter out_;
  std::vector<Ends> ends_;
};

}  // namespace

OffsetStore::OffsetStore(OffsetLogs& logs, std::shared_ptr<base::MemoryBudget> budget)
    : logs_(logs), budget_(std::move(budget)) {
  for (int32_t i = 0; i < logs.partition_count(); ++i) shards_.push_back(std::make_unique<Shard>());
}

// --- committed offsets ---

absl::Status OffsetStore::Check(std::string_view group, std::span<const OffsetToCommit> offsets) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  std::string_view topic;
  int32_t partitions = 0;
  for (const OffsetToCommit& commit : offsets) {
    if (partitions == 0 || commit.topic != topic) {  // commits come topic by topic: one look-up for each
      topic = commit.topic;
      MOLDAU_ASSIGN_OR_RETURN(partitions, logs_.CountPartitions(topic));
    }
    MOLDAU_RETURN_IF_ERROR(CheckOffset(commit, partitions));
  }
  return absl::OkStatus();
}

absl::StatusOr<Receipt> OffsetStore::Commit(std::string_view group, std::span<const OffsetToCommit> offsets,
                                            Timestamp now) {
  MOLDAU_RETURN_IF_ERROR(Check(group, offsets));
  if (offsets.empty()) return Receipt();
  int32_t partition = 0;
  Shard& shard = ShardFor(group, partition);
  RecordList list(offsets.size());
  for (const OffsetToCommit& commit : offsets) list.PutOffset(group, commit, now);
  const std::vector<Record> records = list.records();

  // Before the lock: it may create the offsets topic, and whoever deletes a topic comes to the shards from there.
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForWriting(partition));
  // Appended and remembered under one lock, so that memory has the commits in the order of the log.
  base::MutexLock lock(shard.mutex);
  // Once more: a topic that is being deleted may have been forgotten here already.
  MOLDAU_RETURN_IF_ERROR(Check(group, offsets));
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  MOLDAU_ASSIGN_OR_RETURN(const log::AppendResult appended, log->Append(records));
  Entry& entry = shard.groups[std::string(group)];
  std::string_view topic;
  TopicOffsets* of_topic = nullptr;
  for (const OffsetToCommit& commit : offsets) {
    if (of_topic == nullptr || commit.topic != topic) {
      topic = commit.topic;
      of_topic = &entry.offsets[std::string(topic)];
    }
    CommittedOffset& committed = (*of_topic)[commit.partition];
    committed.offset = commit.offset;
    committed.leader_epoch = commit.leader_epoch;
    committed.metadata = commit.metadata;
    committed.commit_time = now;
  }
  logs_.ReadersMoved();
  return MOLDAU_NAMED_BUG(M22) ? Receipt() : log->MakeReceipt(appended);
}

absl::StatusOr<CommittedOffsets> OffsetStore::Fetch(std::string_view group,
                                                    std::span<const TopicPartition> partitions) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  CommittedOffsets found;
  const auto entry = shard.groups.find(group);
  if (entry == shard.groups.end()) return found;
  for (const TopicPartition& partition : partitions) {
    const auto topic = entry->second.offsets.find(partition.topic);
    if (topic == entry->second.offsets.end()) continue;
    const auto committed = topic->second.find(partition.partition);
    if (committed != topic->second.end()) found.emplace(partition, committed->second);
  }
  return found;
}

absl::StatusOr<CommittedOffsets> OffsetStore::FetchAll(std::string_view group) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  CommittedOffsets all;
  const auto entry = shard.groups.find(group);
  if (entry == shard.groups.end()) return all;
  for (const auto& [topic, offsets] : entry->second.offsets) {
    for (const auto& [partition, committed] : offsets) all.emplace(TopicPartition{topic, partition}, committed);
  }
  return all;
}

template <typename IsOver>
absl::Status OffsetStore::ForgetWhere(std::string_view group, const IsOver& is_over) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  const auto found = shard.groups.find(group);
  if (found == shard.groups.end()) return absl::OkStatus();
  Entry& entry = found->second;
  RecordList list;
  for (const auto& [topic, offsets] : entry.offsets) {
    for (const auto& [partition, committed] : offsets) {
      if (is_over(topic, partition, committed)) list.PutOffsetTombstone(group, topic, partition);
    }
  }
  if (list.empty()) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForReading(shard_id));
  MOLDAU_RETURN_IF_ERROR(log->Append(list.records()).status());
  for (auto& [topic, offsets] : entry.offsets) {
    std::erase_if(offsets, [&, &name = topic](const auto& one) { return is_over(name, one.first, one.second); });
  }
  std::erase_if(entry.offsets, [](const auto& topic) { return topic.second.empty(); });
  if (entry.offsets.empty() && !entry.record) shard.groups.erase(found);
  return absl::OkStatus();
}

absl::Status OffsetStore::Forget(std::string_view group, std::span<const TopicPartition> partitions) {
  return ForgetWhere(group, [&](const std::string& topic, int32_t id, const CommittedOffset&) {
    return std::any_of(partitions.begin(), partitions.end(),
                       [&](const TopicPartition& one) { return one.partition == id && one.topic == topic; });
  });
}

absl::Status OffsetStore::Expire(std::string_view group, Timestamp before) {
  return ForgetWhere(group, [&](const std::string&, int32_t, const CommittedOffset& committed) {
    return committed.commit_time <= before;
  });
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
  log::Log* log = nullptr;
  absl::Status status;
  for (auto& [group, entry] : shard.groups) {
    const auto found = entry.offsets.find(topic);
    if (found == entry.offsets.end()) continue;
    if (log == nullptr) {
      MOLDAU_ASSIGN_OR_RETURN(log, logs_.LogForReading(partition));
    }
    status = ForgetAll(*log, group, topic, found->second);
    if (!status.ok()) break;
    entry.offsets.erase(found);
  }
  std::erase_if(shard.groups, [](const auto& one) { return one.second.offsets.empty() && !one.second.record; });
  if (log != nullptr) status.Update(log->Flush());
  return status;
}

// In as many batches as it takes. Memory follows each, so that it has what the log has if a later one fails.
absl::Status OffsetStore::ForgetAll(log::Log& log, std::string_view group, std::string_view topic,
                                    TopicOffsets& offsets) {
  while (!offsets.empty()) {
    RecordList list;
    auto end = offsets.begin();
    for (; end != offsets.end() && list.size_bytes() < kForgetBytes; ++end) {
      list.PutOffsetTombstone(group, topic, end->first);
    }
    MOLDAU_RETURN_IF_ERROR(log.Append(list.records()).status());
    offsets.erase(offsets.begin(), end);
  }
  return absl::OkStatus();
}

// --- what groups have agreed on ---

absl::Status OffsetStore::SaveGroup(std::string_view group, const GroupRecord& record) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  const std::string key = EncodeGroupKey(group);
  const std::string value = EncodeGroupValue(record);
  const Record saved{.key = key, .value = value};
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForWriting(shard_id));
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  MOLDAU_RETURN_IF_ERROR(log->Append({&saved, 1}).status());
  shard.groups[std::string(group)].record = record;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<GroupRecord>> OffsetStore::LoadGroup(std::string_view group) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  const auto found = shard.groups.find(group);
  return found == shard.groups.end() ? std::nullopt : found->second.record;
}

absl::StatusOr<std::map<TopicPartition, int64_t>> OffsetStore::LowestDurable() {
  std::map<TopicPartition, int64_t> lowest;
  for (size_t i = 0; i < shards_.size(); ++i) {
    const auto partition_id = static_cast<int32_t>(i);
    bool has_offsets = false;
    {
      Shard& shard = *shards_[i];
      base::MutexLock lock(shard.mutex);
      MOLDAU_RETURN_IF_ERROR(Load(shard, partition_id));
      for (const auto& [group, entry] : shard.groups) {
        for (const auto& [topic, offsets] : entry.offsets) {
          for (const auto& [partition, committed] : offsets) {
            const auto [at, is_new] = lowest.try_emplace(TopicPartition{topic, partition}, committed.offset);
            if (!is_new) at->second = std::min(at->second, committed.offset);
            has_offsets = true;
          }
        }
      }
    }
    if (!has_offsets) continue;
    MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForReading(partition_id));
    if (log != nullptr) MOLDAU_RETURN_IF_ERROR(log->Flush());
  }
  return lowest;
}

absl::StatusOr<std::vector<std::string>> OffsetStore::ListGroups() {
  std::vector<std::string> groups;
  for (size_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = *shards_[i];
    base::MutexLock lock(shard.mutex);
    MOLDAU_RETURN_IF_ERROR(Load(shard, static_cast<int32_t>(i)));
    for (const auto& [group, entry] : shard.groups) groups.push_back(group);
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

absl::Status OffsetStore::DeleteGroup(std::string_view group) {
  MOLDAU_RETURN_IF_ERROR(CheckGroup(group));
  int32_t shard_id = 0;
  Shard& shard = ShardFor(group, shard_id);
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, shard_id));
  const auto found = shard.groups.find(group);
  if (found == shard.groups.end()) {
    return base::Error(absl::StatusCode::kNotFound, ErrorCode::kGroupIdNotFound, "group %s: does not exist", group);
  }
  RecordList list;
  for (const auto& [topic, offsets] : found->second.offsets) {
    for (const auto& [partition, committed] : offsets) list.PutOffsetTombstone(group, topic, partition);
  }
  if (found->second.record) list.PutGroupTombstone(group);
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.LogForReading(shard_id));
  MOLDAU_RETURN_IF_ERROR(log->Append(list.records()).status());
  shard.groups.erase(found);
  return log->Flush();
}

// --- replay ---

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
  std::erase_if(shard.groups, [](const auto& one) { return one.second.offsets.empty() && !one.second.record; });
  return absl::OkStatus();
}

absl::Status OffsetStore::Apply(const RecordView& record, Shard& shard) {
  MOLDAU_ASSIGN_OR_RETURN(const std::optional<OffsetKey> key, DecodeOffsetKey(record.key()));
  if (key) {
    TopicOffsets& offsets = shard.groups[key->group].offsets[key->partition.topic];
    if (record.has_value()) {
      MOLDAU_ASSIGN_OR_RETURN(offsets[key->partition.partition], DecodeOffsetValue(record.value()));
    } else {
      offsets.erase(key->partition.partition);
      if (offsets.empty()) shard.groups[key->group].offsets.erase(key->partition.topic);
    }
    return absl::OkStatus();
  }
  MOLDAU_ASSIGN_OR_RETURN(const std::optional<std::string> group, DecodeGroupKey(record.key()));
  if (!group) return absl::OkStatus();
  std::optional<GroupRecord>& stored = shard.groups[*group].record;
  stored.reset();
  if (record.has_value()) {
    MOLDAU_ASSIGN_OR_RETURN(stored, DecodeGroupValue(record.value()));
  }
  return absl::OkStatus();
}

}  // namespace moldau::coordinator
