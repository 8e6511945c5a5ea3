#include "coordinator/share_state_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_builder.h"
#include "coordinator/java_hash.h"
#include "log/decode_slice.h"

namespace moldau::coordinator {
namespace {

constexpr size_t kReplayBytes = size_t{1} << 20;
// A log that is at most so long is not worth rewriting snapshots for.
constexpr int kFewSegments = 2;

int32_t PartitionForKey(const ShareKey& key, size_t partitions) {
  const std::string name = absl::StrFormat("%s:%s:%d", key.group, key.topic_id.ToString(), key.partition);
  return PartitionForGroup(name, static_cast<int32_t>(partitions));
}

}  // namespace

ShareStateStore::ShareStateStore(ShareStateLogs& logs, Clock& clock, std::shared_ptr<base::MemoryBudget> budget)
    : logs_(logs), clock_(clock), budget_(std::move(budget)) {
  for (int32_t i = 0; i < logs.state_partition_count(); ++i) shards_.push_back(std::make_unique<Shard>());
}

absl::StatusOr<ShareStateStore::Opened> ShareStateStore::Open(const ShareKey& key) {
  const int32_t partition = PartitionForKey(key, shards_.size());
  Shard& shard = *shards_[static_cast<size_t>(partition)];
  // Before the lock: it may create the topic, and whoever deletes a topic comes to the shards from there.
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForWriting(partition));
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  const auto [at, is_new] = shard.keys.try_emplace(key);
  Known& known = at->second;
  if (known.wants_snapshot != nullptr && known.is_written) {
    return base::Error(absl::StatusCode::kInternal, "%s: %s-%d is open already", kShareStateTopic, key.group,
                       key.partition);
  }
  Opened opened;
  if (is_new) {
    known.create_time = clock_.WallNow();
    known.snapshot_offset = log->log_end_offset();
  }
  opened.state = std::exchange(known.state, std::nullopt);
  known.wants_snapshot = std::make_shared<std::atomic<bool>>(false);
  opened.writer.reset(new Writer(*this, shard, *log, key, known));
  return opened;
}

absl::StatusOr<bool> ShareStateStore::Knows(const ShareKey& key) {
  const int32_t partition = PartitionForKey(key, shards_.size());
  Shard& shard = *shards_[static_cast<size_t>(partition)];
  base::MutexLock lock(shard.mutex);
  MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
  const auto known = shard.keys.find(key);
  return known != shard.keys.end() && known->second.is_written;
}

// --- writing ---

absl::Status ShareStateStore::Writer::Write(int64_t start_offset, const std::vector<StateBatch>& changes,
                                            absl::FunctionRef<ShareState()> state) {
  const bool is_due = updates_ >= kUpdatesPerSnapshot && update_bytes_ >= snapshot_bytes_;
  if (!has_snapshot_ || is_due || wants_snapshot()) return WriteSnapshot(state());
  const std::string value = EncodeShareUpdate(epoch_, start_offset, changes);
  const Record record{.key = update_key_, .value = value};
  if (log_.TryAppendOne(record) < 0) {
    if (absl::Status status = log_.Append({&record, 1}).status(); !status.ok()) {
      has_snapshot_ = false;  // the next one says what this one could not
      return status;
    }
  }
  ++updates_;
  update_bytes_ += value.size();
  return absl::OkStatus();
}

absl::Status ShareStateStore::Writer::WriteSnapshot(const ShareState& state) {
  const ShareSnapshot snapshot{
      .epoch = epoch_ + 1, .state = state, .create_time = create_time_, .write_time = store_.clock_.WallNow()};
  absl::StatusOr<int64_t> offset = store_.AppendSnapshot(log_, key_, snapshot);
  has_snapshot_ = offset.ok();
  if (!offset.ok()) return std::move(offset).status();
  ++epoch_;
  updates_ = 0;
  update_bytes_ = 0;
  snapshot_bytes_ = state.batches.size() * sizeof(StateBatch);
  wants_snapshot_->store(false, std::memory_order_relaxed);
  base::MutexLock lock(shard_.mutex);
  if (const auto known = shard_.keys.find(key_); known != shard_.keys.end()) {
    known->second.snapshot_offset = *offset;
    known->second.is_written = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ShareStateStore::AppendSnapshot(log::Log& log, const ShareKey& key,
                                                        const ShareSnapshot& snapshot) {
  const std::string encoded_key = EncodeShareKey(ShareRecordKind::kSnapshot, key);
  const std::string value = EncodeShareSnapshot(snapshot);
  const Record record{.key = encoded_key, .value = value};
  MOLDAU_ASSIGN_OR_RETURN(const log::AppendResult appended, log.Append({&record, 1}));
  return appended.base_offset;
}

absl::Status ShareStateStore::ForgetTopic(const Uuid& topic_id) {
  absl::Status first;
  for (size_t i = 0; i < shards_.size(); ++i) {
    first.Update(ForgetTopicIn(*shards_[i], static_cast<int32_t>(i), topic_id));
  }
  return first;
}

absl::Status ShareStateStore::ForgetTopicIn(Shard& shard, int32_t partition, const Uuid& topic_id) {
  base::MutexLock lock(shard.mutex);
  if (absl::Status loaded = Load(shard, partition); !loaded.ok()) {
    return absl::IsDataLoss(loaded) ? absl::OkStatus() : loaded;
  }
  return Forget(shard, partition, [&](const ShareKey& key) { return key.topic_id == topic_id; });
}

absl::Status ShareStateStore::Forget(Shard& shard, int32_t partition, absl::FunctionRef<bool(const ShareKey&)> which) {
  std::vector<std::string> keys;
  for (const auto& [key, known] : shard.keys) {
    if (which(key)) keys.push_back(EncodeShareKey(ShareRecordKind::kSnapshot, key));
  }
  if (keys.empty()) return absl::OkStatus();
  std::vector<Record> tombstones;
  tombstones.reserve(keys.size());
  for (const std::string& key : keys) tombstones.push_back({.key = key});
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
  MOLDAU_RETURN_IF_ERROR(log->Append(tombstones).status());
  std::erase_if(shard.keys, [&](const auto& entry) { return which(entry.first); });
  return log->Flush();
}

absl::Status ShareStateStore::Truncate(EndOf end_of) {
  for (size_t i = 0; i < shards_.size(); ++i) {
    MOLDAU_RETURN_IF_ERROR(TruncateIn(*shards_[i], static_cast<int32_t>(i), end_of));
  }
  return absl::OkStatus();
}

absl::Status ShareStateStore::AddUnopened(LowestOffsets& lowest) {
  for (size_t i = 0; i < shards_.size(); ++i) {
    const auto partition = static_cast<int32_t>(i);
    Shard& shard = *shards_[i];
    base::MutexLock lock(shard.mutex);
    MOLDAU_RETURN_IF_ERROR(Load(shard, partition));
    bool has_any = false;
    for (const auto& [key, known] : shard.keys) {
      if (known.wants_snapshot != nullptr || !known.state) continue;  // opened, or never written
      const auto [at, is_new] = lowest.try_emplace({key.topic_id, key.partition}, known.state->start_offset);
      if (!is_new) at->second = std::min(at->second, known.state->start_offset);
      has_any = true;
    }
    if (!has_any) continue;
    MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
    if (log != nullptr) MOLDAU_RETURN_IF_ERROR(log->Flush());
  }
  return absl::OkStatus();
}

absl::Status ShareStateStore::TruncateIn(Shard& shard, int32_t partition, EndOf end_of) {
  base::MutexLock lock(shard.mutex);
  if (absl::Status loaded = Load(shard, partition); !loaded.ok()) {
    return absl::IsDataLoss(loaded) ? absl::OkStatus() : loaded;  // what is damaged is refused by Open
  }
  const auto is_gone = [&](const ShareKey& key) {
    return absl::IsNotFound(end_of(key.topic_id, key.partition).status());
  };
  Forget(shard, partition, is_gone).IgnoreError();  // what stays costs space, that is all
  bool changed = false;
  for (auto& [key, known] : shard.keys) {
    const absl::StatusOr<int64_t> end = end_of(key.topic_id, key.partition);
    if (!end.ok() || !known.state->Truncate(*end)) continue;
    MOLDAU_RETURN_IF_ERROR(Rewrite(partition, key, known));
    changed = true;
  }
  if (!changed) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
  return log->Flush();
}

// A snapshot of a key that nobody has opened.
absl::Status ShareStateStore::Rewrite(int32_t partition, const ShareKey& key, Known& known) {
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
  const ShareSnapshot snapshot{.epoch = known.epoch + 1,
                               .state = *known.state,
                               .create_time = known.create_time,
                               .write_time = clock_.WallNow()};
  MOLDAU_ASSIGN_OR_RETURN(known.snapshot_offset, AppendSnapshot(*log, key, snapshot));
  ++known.epoch;
  return absl::OkStatus();
}

// --- keeping the log short ---

absl::Status ShareStateStore::Tidy() {
  absl::Status first;
  for (size_t i = 0; i < shards_.size(); ++i) first.Update(TidyShard(*shards_[i], static_cast<int32_t>(i)));
  return first;
}

absl::Status ShareStateStore::TidyShard(Shard& shard, int32_t partition) {
  base::MutexLock lock(shard.mutex);
  if (!shard.loaded) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
  if (log == nullptr || log->segment_count() < kFewSegments) return absl::OkStatus();
  const int64_t start = log->log_start_offset();
  const int64_t middle = start + (log->log_end_offset() - start) / 2;
  int64_t needed_from = log->log_end_offset();
  for (auto& [key, known] : shard.keys) {
    if (known.snapshot_offset < middle) {
      if (known.wants_snapshot != nullptr) {
        known.wants_snapshot->store(true, std::memory_order_relaxed);
      } else {
        MOLDAU_RETURN_IF_ERROR(Rewrite(partition, key, known));
      }
    }
    needed_from = std::min(needed_from, known.snapshot_offset);
  }
  if (needed_from <= start) return absl::OkStatus();
  // What is trimmed is needed if what replaces it is lost to a power cut.
  MOLDAU_RETURN_IF_ERROR(log->Flush());
  return log->Trim(needed_from);
}

// --- reading ---

absl::Status ShareStateStore::Load(Shard& shard, int32_t partition) {
  if (shard.loaded) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(log::Log* const log, logs_.StateLogForReading(partition));
  if (log != nullptr) MOLDAU_RETURN_IF_ERROR(Replay(*log, shard));
  shard.loaded = true;
  return absl::OkStatus();
}

absl::Status ShareStateStore::Replay(log::Log& log, Shard& shard) {
  shard.keys.clear();  // of a replay that failed half-way
  int64_t offset = log.log_start_offset();
  while (offset < log.high_watermark()) {
    MOLDAU_ASSIGN_OR_RETURN(log::LogSlice slice, log.Read(offset, kReplayBytes));
    MOLDAU_ASSIGN_OR_RETURN(const FetchedRecords records, log::DecodeSlice(std::move(slice), offset, budget_));
    for (const RecordView& record : records) {
      if (absl::Status status = Apply(record, shard); !status.ok()) {
        return base::Error(status.code(), "%s: record at offset %d: %s", kShareStateTopic, record.offset(),
                           std::string(status.message()));
      }
    }
    offset = records.next_offset();
  }
  return absl::OkStatus();
}

absl::Status ShareStateStore::Apply(const RecordView& record, Shard& shard) {
  MOLDAU_ASSIGN_OR_RETURN(const std::optional<ShareRecordKey> decoded, DecodeShareKey(record.key()));
  if (!decoded) return absl::OkStatus();
  if (!record.has_value()) {
    shard.keys.erase(decoded->key);
    return absl::OkStatus();
  }
  if (decoded->kind == ShareRecordKind::kSnapshot) {
    MOLDAU_ASSIGN_OR_RETURN(ShareSnapshot snapshot, DecodeShareSnapshot(record.value()));
    Known& known = shard.keys[decoded->key];
    known.state = std::move(snapshot.state);
    known.is_written = true;
    known.epoch = snapshot.epoch;
    known.create_time = snapshot.create_time;
    known.snapshot_offset = record.offset();
    return absl::OkStatus();
  }
  MOLDAU_ASSIGN_OR_RETURN(const ShareUpdate update, DecodeShareUpdate(record.value()));
  // An update whose snapshot was trimmed is older than the next snapshot.
  const auto known = shard.keys.find(decoded->key);
  if (known != shard.keys.end() && known->second.epoch == update.snapshot_epoch) {
    known->second.state->Apply(update.start_offset, update.changes);
  }
  return absl::OkStatus();
}

}  // namespace moldau::coordinator
