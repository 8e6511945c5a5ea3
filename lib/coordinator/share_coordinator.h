// The queues of a broker: for each (queue, partition) the one object that all its consumers work on, opened when the
// first of them comes and kept until the broker closes or the topic goes.
//
// Threads: all members may be called from any thread.   Ownership: borrows host and executor; the partitions that it
// hands out may outlive it, closed.
// Failure: as documented.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/task_scope.h"
#include "coordinator/share_partition.h"
#include "coordinator/share_state_store.h"

namespace moldau::coordinator {

class ShareCoordinator {
 public:
  ShareCoordinator(ShareHost& host, Executor& executor);

  // Joins the queue on the partitions from `first` to `end` - 1 of a topic; whoever did so calls Leave of each. With
  // `from_latest` a queue that has never been in the topic begins behind what is there, not with the oldest record. A
  // partition that is damaged, or whose state is, answers DataLoss in its place; if anything else goes wrong none is
  // joined. InvalidArgument (kInvalidGroupId); NotFound (kUnknownTopicOrPartition); FailedPrecondition as
  // SharePartition::Join.
  using Joined = std::vector<absl::StatusOr<std::shared_ptr<SharePartition>>>;
  absl::StatusOr<Joined> Open(std::string_view queue, const std::string& topic, int32_t first, int32_t end,
                              const ShareOptions& options, bool from_latest);

  // Those that have been opened, in no particular order.
  [[nodiscard]] std::vector<std::shared_ptr<SharePartition>> All();

  // As ShareStateStore::Truncate, after an unclean stop.
  absl::Status Truncate(ShareStateStore::EndOf end_of) { return store_.Truncate(end_of); }

  // For each partition that any queue reads, where the slowest of them stands, durably.
  absl::StatusOr<ShareStateStore::LowestOffsets> LowestDurable();

  // Ends all work on a topic that was deleted and takes back what is known of it, later if it cannot be done now.
  void ForgetTopic(const Uuid& topic_id);

  // Writes what is to be written; from then on nothing is done any more. The logs must still be open.
  void Close();

 private:
  absl::StatusOr<std::shared_ptr<SharePartition>> OpenOne(std::string_view queue, const TopicPartition& partition,
                                                          const ShareOptions& options, bool from_latest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] bool HasBeenIn(std::string_view queue, const std::string& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartTidying() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TidyLater();
  void Tidy();
  absl::Status ForgetTopics();

  ShareHost& host_;
  ShareStateStore store_;
  base::Mutex mutex_;  // held while a partition is opened
  std::map<ShareKey, std::shared_ptr<SharePartition>> partitions_ ABSL_GUARDED_BY(mutex_);
  std::vector<Uuid> forgotten_ ABSL_GUARDED_BY(mutex_);  // topics of which something is still known
  bool tidies_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  base::TaskScope tasks_;
};

}  // namespace moldau::coordinator
