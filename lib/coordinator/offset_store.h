// Where consumer groups keep what must outlive a restart: committed offsets, and what their members have agreed on, as
// records of `__consumer_offsets`; all of a group in one partition, with the latest of each in memory. A partition is
// replayed when its first group is asked for.
//
// Threads: all members may be called from any thread.   Ownership: borrows the logs.
// Failure: as documented per member, and whatever the log of the group's partition answers.
// Source: Kafka's group coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "coordinator/group_record.h"
#include "coordinator/offset_record.h"
#include "log/log.h"
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

  // How many partitions a topic has whose records can be consumed; else NotFound (kUnknownTopicOrPartition).
  virtual absl::StatusOr<int32_t> CountPartitions(std::string_view topic) = 0;

  // A group has committed or been forgotten: the slowest one may stand further on. Called with a lock held; must not
  // wait.
  virtual void ReadersMoved() {}

 protected:
  ~OffsetLogs() = default;
};

using CommittedOffsets = std::map<TopicPartition, CommittedOffset>;

// One offset of a commit, as it lies in a request.
struct OffsetToCommit {
  std::string_view topic;
  int32_t partition = 0;
  int64_t offset = -1;
  int32_t leader_epoch = -1;
  std::string_view metadata;
};

class OffsetStore {
 public:
  OffsetStore(OffsetLogs& logs, std::shared_ptr<base::MemoryBudget> budget);

  // --- committed offsets ---

  // OK if all of `offsets` may be committed. InvalidArgument: kInvalidGroupId, kOffsetMetadataTooLarge, a negative
  // offset; NotFound: kUnknownTopicOrPartition.
  absl::Status Check(std::string_view group, std::span<const OffsetToCommit> offsets);

  // Stores all of `offsets` as one batch, all or nothing; errors as Check. Fetch sees them at once, the receipt is done
  // when they are as durable as the offsets topic promises.
  absl::StatusOr<Receipt> Commit(std::string_view group, std::span<const OffsetToCommit> offsets, Timestamp now);

  // What was committed for each of `partitions`; those without a commit are missing in the answer.
  absl::StatusOr<CommittedOffsets> Fetch(std::string_view group, std::span<const TopicPartition> partitions);

  // All commits of a group; empty for one that is unknown.
  absl::StatusOr<CommittedOffsets> FetchAll(std::string_view group);

  // Takes commits back: those for `partitions`, or those that are not younger than `before`.
  absl::Status Forget(std::string_view group, std::span<const TopicPartition> partitions);
  absl::Status Expire(std::string_view group, Timestamp before);

  // Takes back every group's commits for a topic that is about to be deleted, durably, so that a topic made later under
  // its name begins without them. What is committed from now on is the caller's to prevent.
  absl::Status ForgetTopic(std::string_view topic);

  // For each partition that any group has committed an offset of, where the slowest of them stands; durably, so that no
  // crash takes a group further back.
  absl::StatusOr<std::map<TopicPartition, int64_t>> LowestDurable();

  // --- what groups have agreed on ---

  // Nobody waits until it is durable: a group that is found in an older state begins a new generation.
  absl::Status SaveGroup(std::string_view group, const GroupRecord& record);
  absl::StatusOr<std::optional<GroupRecord>> LoadGroup(std::string_view group);

  // Those that have commits or a record; sorted.
  absl::StatusOr<std::vector<std::string>> ListGroups();
  // Everything about a group, durably. NotFound (kGroupIdNotFound).
  absl::Status DeleteGroup(std::string_view group);

 private:
  using TopicOffsets = std::map<int32_t, CommittedOffset>;  // by partition
  struct Entry {
    std::map<std::string, TopicOffsets, std::less<>> offsets;  // by topic
    std::optional<GroupRecord> record;
  };
  // The groups of one partition of the offsets topic.
  struct Shard {
    base::Mutex mutex;
    bool loaded ABSL_GUARDED_BY(mutex) = false;
    std::map<std::string, Entry, std::less<>> groups ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardFor(std::string_view group, int32_t& partition);
  absl::Status Load(Shard& shard, int32_t partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Replay(log::Log& log, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status Apply(const RecordView& record, Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  absl::Status ForgetTopicIn(Shard& shard, int32_t partition, std::string_view topic);
  static absl::Status ForgetAll(log::Log& log, std::string_view group, std::string_view topic, TopicOffsets& offsets);
  // Takes back those commits of a group of which is_over(topic, partition, committed) holds.
  template <typename IsOver>
  absl::Status ForgetWhere(std::string_view group, const IsOver& is_over);

  OffsetLogs& logs_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace moldau::coordinator
