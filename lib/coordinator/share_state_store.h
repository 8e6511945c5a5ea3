// Where queues keep how far they have come: records of `__share_group_state`, a snapshot now and then and updates
// between. A partition of that topic is replayed when its first key is opened; from then on whoever has opened a key
// knows its state, and the store knows where the last snapshot lies, so that what no replay needs is trimmed.
//
// Threads: all members may be called from any thread; a Writer is used by one thread at a time.
// Ownership: borrows logs and clock; a writer must not be used after its store has gone.
// Failure: as documented, and whatever the log answers.
// Source: Kafka's share coordinator.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "coordinator/share_record.h"
#include "coordinator/share_state.h"
#include "log/log.h"
#include "moldau/base/clock.h"

namespace moldau::coordinator {

inline constexpr std::string_view kShareStateTopic = "__share_group_state";
// How many updates follow a snapshot before the next one, if they are not few beside it.
inline constexpr int kUpdatesPerSnapshot = 500;

// What the store needs to know of the topic that it writes to.
class ShareStateLogs {
 public:
  // Whether the topic is there yet or not; never changes.
  [[nodiscard]] virtual int32_t state_partition_count() = 0;
  // Creates the topic if need be.
  virtual absl::StatusOr<log::Log*> StateLogForWriting(int32_t partition) = 0;
  // Null if nothing was ever written there.
  virtual absl::StatusOr<log::Log*> StateLogForReading(int32_t partition) = 0;

 protected:
  ~ShareStateLogs() = default;
};

class ShareStateStore {
 public:
  class Writer;

  ShareStateStore(ShareStateLogs& logs, Clock& clock, std::shared_ptr<base::MemoryBudget> budget);

  struct Opened {
    std::unique_ptr<Writer> writer;
    std::optional<ShareState> state;  // nullopt: nothing was ever written
  };
  // To be opened once, or again if its first snapshot could not be written. Internal otherwise.
  absl::StatusOr<Opened> Open(const ShareKey& key);

  // Whether anything was ever written of it.
  absl::StatusOr<bool> Knows(const ShareKey& key);

  // Takes back, durably, what is known of a topic that was deleted. Its keys must not be written any more. What lies in
  // damaged logs stays.
  absl::Status ForgetTopic(const Uuid& topic_id);

  // After a power cut a log may end before records that were done; others will get their offsets. Forgets what is known
  // of records at and behind the end of their log, which `end_of` tells, durably; and all that is known of a log of
  // which that says NotFound. What is known of a log that it cannot tell the end of stays. Before anything is opened.
  using EndOf = absl::FunctionRef<absl::StatusOr<int64_t>(const Uuid& topic_id, int32_t partition)>;
  absl::Status Truncate(EndOf end_of);

  // Where each key that nobody has opened stands, durably; added to `lowest`, which holds the slowest of each
  // partition.
  using LowestOffsets = std::map<std::pair<Uuid, int32_t>, int64_t>;
  absl::Status AddUnopened(LowestOffsets& lowest);

  // Trims what no replay needs. Where old snapshots keep it from that, those of keys that nobody has opened are written
  // anew, and the others' writers are asked to (Writer::wants_snapshot). For a background task.
  absl::Status Tidy();

 private:
  struct Known {
    std::optional<ShareState> state;  // until it is opened; nullopt also if nothing was written
    bool is_written = false;
    int32_t epoch = 0;
    Timestamp create_time = kNoTimestamp;
    int64_t snapshot_offset = 0;
    std::shared_ptr<std::atomic<bool>> wants_snapshot;  // set once it is open
  };
  // The keys of one partition of the state topic.
  struct Shard {
    base::Mutex mutex;
    bool loaded ABSL_GUARDED_BY(mutex) = false;
    std::map<ShareKey, Known> keys ABSL_GUARDED_BY(mutex);
  };

  absl::Status Load(Shard& shard, int32_t partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Replay(log::Log& log, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static absl::Status Apply(const RecordView& record, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status TidyShard(Shard& shard, int32_t partition);
  absl::Status TruncateIn(Shard& shard, int32_t partition, EndOf end_of);
  absl::Status ForgetTopicIn(Shard& shard, int32_t partition, const Uuid& topic_id);
  absl::Status Forget(Shard& shard, int32_t partition, absl::FunctionRef<bool(const ShareKey&)> which)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Rewrite(int32_t partition, const ShareKey& key, Known& known);
  absl::StatusOr<int64_t> AppendSnapshot(log::Log& log, const ShareKey& key, const ShareSnapshot& snapshot);

  ShareStateLogs& logs_;
  Clock& clock_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

// Writes the state of one key.
class ShareStateStore::Writer {
 public:
  // Appends an update, or the whole state when a snapshot is due (and after a write that failed, whose changes are lost
  // otherwise). After it returns the change survives the process; Flush makes it survive a power cut.
  absl::Status Write(int64_t start_offset, const std::vector<StateBatch>& changes,
                     absl::FunctionRef<ShareState()> state);
  absl::Status WriteSnapshot(const ShareState& state);

  // Whether the log would get shorter by a snapshot.
  [[nodiscard]] bool wants_snapshot() const noexcept { return wants_snapshot_->load(std::memory_order_relaxed); }

  // Makes all that was written durable. From any thread.
  absl::Status Flush() { return log_.Flush(); }

 private:
  friend class ShareStateStore;
  Writer(ShareStateStore& store, Shard& shard, log::Log& log, const ShareKey& key, const Known& known)
      : store_(store),
        shard_(shard),
        log_(log),
        key_(key),
        update_key_(EncodeShareKey(ShareRecordKind::kUpdate, key)),
        create_time_(known.create_time),
        epoch_(known.epoch),
        wants_snapshot_(known.wants_snapshot) {}

  ShareStateStore& store_;
  Shard& shard_;
  log::Log& log_;
  const ShareKey key_;
  const std::string update_key_;
  const Timestamp create_time_;
  int32_t epoch_;  // of the last snapshot
  bool has_snapshot_ = false;
  int updates_ = 0;  // since the last snapshot
  size_t update_bytes_ = 0;
  size_t snapshot_bytes_ = 0;
  const std::shared_ptr<std::atomic<bool>> wants_snapshot_;
};

}  // namespace moldau::coordinator
