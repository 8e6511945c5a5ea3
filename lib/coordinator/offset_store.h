// Where consumer groups keep how far they have come: committed offsets as records of `__consumer_offsets`, a group's
// all in one partition, with the latest of each in memory. A partition is replayed when its first group is asked for.
//
// Threads: all members may be called from any thread.   Ownership: borrows the logs and the clock.
// Failure: as documented per member, and whatever the log of the group's partition answers.
// Source: Kafka's group coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "coordinator/offset_record.h"
#include "log/log.h"
#include "moldau/base/clock.h"
#include "moldau/receipt.h"

namespace moldau::coordinator {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
inline constexpr size_t kMaxOffsetMetadataBytes = 4096;  // Kafka's offset.metadata.max.bytes
inline constexpr size_t kMaxGroupIdBytes = 32767;

// What the store needs to know of the topics around it.
class OffsetLogs {
 public:
  // Of the offsets topic, whether it is there yet or not; never changes.
  [[nodiscard]] virtual int32_t partition_count() = 0;

  // Creates the offsets topic if need be.
  virtual absl::StatusOr<log::Log*> LogForWriting(int32_t partition) = 0;
  // Null if nothing was ever committed there.
  virtual absl::StatusOr<log::Log*> LogForReading(int32_t partition) = 0;

  // OK if records of this partition can be consumed; else NotFound (kUnknownTopicOrPartition).
  virtual absl::Status CheckPartition(const TopicPartition& partition) = 0;

 protected:
  ~OffsetLogs() = default;
};

using CommittedOffsets = std::map<TopicPartition, CommittedOffset>;

class OffsetStore {
 public:
  OffsetStore(OffsetLogs& logs, Clock& clock, std::shared_ptr<base::MemoryBudget> budget);

  // Stores all of `offsets` as one batch, all or nothing; their commit times are set to now. Fetch sees them at once,
  // the receipt is done when they are as durable as the offsets topic promises. InvalidArgument: kInvalidGroupId,
  // kOffsetMetadataTooLarge, a negative offset; NotFound: kUnknownTopicOrPartition.
  absl::StatusOr<Receipt> Commit(std::string_view group, const CommittedOffsets& offsets);

  // What was committed for each of `partitions`; those without a commit are missing in the answer.
  absl::StatusOr<CommittedOffsets> Fetch(std::string_view group, std::span<const TopicPartition> partitions);

  // All commits of a group; empty for one that is unknown.
  absl::StatusOr<CommittedOffsets> FetchAll(std::string_view group);

  // Takes back every group's commits for a topic that is about to be deleted, durably, so that a topic made later under
  // its name begins without them. What is committed from now on is the caller's to prevent.
  absl::Status ForgetTopic(std::string_view topic);

 private:
  // The groups of one partition of the offsets topic.
  struct Shard {
    base::Mutex mutex;
    bool loaded ABSL_GUARDED_BY(mutex) = false;
    std::map<std::string, CommittedOffsets, std::less<>> groups ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardFor(std::string_view group, int32_t& partition);
  absl::Status Load(Shard& shard, int32_t partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Replay(log::Log& log, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Apply(const RecordView& record, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Check(std::string_view group, const CommittedOffsets& offsets);
  absl::Status ForgetTopicIn(Shard& shard, int32_t partition, std::string_view topic);

  OffsetLogs& logs_;
  Clock& clock_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace moldau::coordinator
