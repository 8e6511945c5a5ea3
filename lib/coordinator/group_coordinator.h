// All consumer groups of a broker: finds the group of a request, keeps time for it, and commits offsets for those who
// may. Members in this process and members behind a network send the same requests, as the same values.
//
// A group is read from `__consumer_offsets` when it is first asked for; its members then have a whole session to be
// heard of again.
//
// group_coordinator.cc finds groups and keeps time; group_offsets.cc commits, fetches and expires offsets;
// group_admin.cc lists, describes and deletes.
//
// Locks, in the order in which they may be taken: a group's, then the map's or a shard's of the offset store.
//
// Threads: all members may be called from any thread. Replies come on the calling thread or on the executor's, with no
// lock held.   Ownership: borrows the store and the executor.
// Failure: Kafka's error codes in the responses.   Source: Kafka's classic group protocol.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/task_scope.h"
#include "coordinator/group.h"
#include "coordinator/offset_store.h"
#include "moldau/base/random.h"
#include "moldau/group_options.h"
#include "moldau/receipt.h"
#include "protocol/delete_groups.h"
#include "protocol/describe_groups.h"
#include "protocol/list_groups.h"
#include "protocol/offset_commit.h"
#include "protocol/offset_delete.h"
#include "protocol/offset_fetch.h"

namespace moldau::coordinator {

class GroupCoordinator {
 public:
  GroupCoordinator(OffsetStore& store, Executor& executor, GroupOptions options, Random random);
  ~GroupCoordinator();
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;

  // --- membership ---
  void Join(protocol::JoinGroupRequest request, GroupClient client, Reply<protocol::JoinGroupResponse> reply);
  void Sync(protocol::SyncGroupRequest request, Reply<protocol::SyncGroupResponse> reply);
  protocol::HeartbeatResponse Heartbeat(const protocol::HeartbeatRequest& request);
  protocol::LeaveGroupResponse Leave(const protocol::LeaveGroupRequest& request);

  // --- offsets (group_offsets.cc) ---
  struct Commitment {
    protocol::OffsetCommitResponse response;  // partition by partition
    Receipt receipt;                          // done when what was taken is as durable as the offsets topic promises
  };
  // Fetch sees the offsets at once.
  Commitment Commit(const protocol::OffsetCommitRequest& request);
  protocol::OffsetFetchResponse Fetch(const protocol::OffsetFetchRequest& request);
  protocol::OffsetDeleteResponse DeleteOffsets(const protocol::OffsetDeleteRequest& request);

  // Forgets what groups without members committed too long ago, and groups of which nothing is left. Called at
  // intervals, and by tests.
  absl::Status ExpireOffsets();

  // --- administration (group_admin.cc) ---
  protocol::ListGroupsResponse List(const protocol::ListGroupsRequest& request);
  protocol::DescribeGroupsResponse Describe(const protocol::DescribeGroupsRequest& request);
  protocol::DeleteGroupsResponse Delete(const protocol::DeleteGroupsRequest& request);

  // How many groups are kept in memory.
  [[nodiscard]] size_t size() const;

  // Answers everyone who waits with kCoordinatorNotAvailable; later requests get the same. Idempotent.
  void Close();

 private:
  struct Slot;
  using SlotPtr = std::shared_ptr<Slot>;
  enum class IfMissing : uint8_t { kFail, kCreate };

  // The group, read if need be; else null with the reason in `error`: kGroupIdNotFound (it was never heard of),
  // kInvalidGroupId, kCoordinatorNotAvailable (closed), or what reading it met.
  SlotPtr Find(std::string_view group, IfMissing if_missing, ErrorCode& error);
  SlotPtr Insert(std::string_view group, ErrorCode& error);
  [[nodiscard]] Random NewRandom();
  // Lets go of a group that is dead.
  void Erase(const SlotPtr& slot);
  // Runs event(group, now, replies) under the group's lock, and afterwards what it wants to be called. Lets go of what
  // is overdue, too, if the group's timer is: nobody may be driving the executor.
  template <typename Event>
  void Handle(const SlotPtr& slot, const Event& event);
  void OnTimer(const SlotPtr& slot);
  // Calendar time as it would be had nobody set the clock since this began: a clock that jumps expires nothing.
  [[nodiscard]] Timestamp CalendarNow() const;

  // --- group_offsets.cc ---
  std::vector<protocol::OffsetFetchResponse::Topic> FetchTopics(
      std::string_view group, const std::optional<std::vector<protocol::OffsetFetchRequest::Topic>>& topics,
      ErrorCode& error);
  absl::Status ExpireOffsetsOf(const SlotPtr& slot, Timestamp before);

  // --- group_admin.cc ---
  protocol::DescribeGroupsResponse::Group DescribeOne(std::string_view id);
  ErrorCode DeleteOne(std::string_view id);

  OffsetStore& store_;
  Executor& executor_;
  const GroupOptions options_;
  const MonoTime began_;
  const Timestamp began_wall_;

  mutable base::Mutex mutex_;
  Random random_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, SlotPtr, std::less<>> slots_ ABSL_GUARDED_BY(mutex_);
  base::TaskScope timers_;
};

}  // namespace moldau::coordinator
