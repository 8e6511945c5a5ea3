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

  // Joins the queue on this partition; whoever did so calls Leave. InvalidArgument (kInvalidGroupId); NotFound
  // (kUnknownTopicOrPartition); FailedPrecondition as SharePartition::Join.
  absl::StatusOr<std::shared_ptr<SharePartition>> Open(std::string_view queue, const TopicPartition& partition,
                                                       const ShareOptions& options);

  // Those that have been opened, in no particular order.
  [[nodiscard]] std::vector<std::shared_ptr<SharePartition>> All();

  // As ShareStateStore::Truncate, after an unclean stop.
  absl::Status Truncate(ShareStateStore::EndOf end_of) { return store_.Truncate(end_of); }

  // Ends all work on a topic that is about to be deleted and takes back what is known of it.
  absl::Status ForgetTopic(const Uuid& topic_id);

  // Writes what is to be written; from then on nothing is done any more. The logs must still be open.
  void Close();

 private:
  void TidyLater();
  void Tidy();

  ShareHost& host_;
  ShareStateStore store_;
  base::Mutex mutex_;  // held while a partition is opened
  std::map<ShareKey, std::shared_ptr<SharePartition>> partitions_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  base::TaskScope tasks_;
};

}  // namespace moldau::coordinator
