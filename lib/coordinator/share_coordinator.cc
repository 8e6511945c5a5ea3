#include "coordinator/share_coordinator.h"

#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "coordinator/offset_store.h"

namespace moldau::coordinator {
namespace {

constexpr std::chrono::seconds kTidyInterval{5};

}  // namespace

ShareCoordinator::ShareCoordinator(ShareHost& host, Executor& executor)
    : host_(host), store_(host, host.clock(), host.memory()), tasks_(executor) {}

absl::StatusOr<ShareCoordinator::Joined> ShareCoordinator::Open(std::string_view queue, const std::string& topic,
                                                                int32_t first, int32_t end, const ShareOptions& options,
                                                                bool from_latest) {
  if (queue.empty() || queue.size() > kMaxGroupIdBytes) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidGroupId,
                       "queue name: has %d bytes, must have 1 to %d", queue.size(), kMaxGroupIdBytes);
  }
  // Before the lock, which whoever deletes a topic takes while no topic can be created.
  MOLDAU_RETURN_IF_ERROR(host_.EnsureStateTopic());
  base::MutexLock lock(mutex_);
  if (closed_) return absl::CancelledError("queues: closed");
  from_latest = from_latest && !HasBeenIn(queue, topic);
  Joined joined;
  // The first partition comes last: until it is known a queue has not been in the topic, whatever crashes.
  for (int32_t id = end; id-- > first;) {
    joined.push_back(OpenOne(queue, {topic, id}, options, from_latest));
    const absl::Status status = joined.back().status();
    if (status.ok() || absl::IsDataLoss(status)) continue;
    for (const auto& partition : joined) {
      if (partition.ok()) (*partition)->Leave();
    }
    return status;
  }
  std::reverse(joined.begin(), joined.end());
  return joined;
}

absl::StatusOr<std::shared_ptr<SharePartition>> ShareCoordinator::OpenOne(std::string_view queue,
                                                                          const TopicPartition& partition,
                                                                          const ShareOptions& options,
                                                                          bool from_latest) {
  MOLDAU_ASSIGN_OR_RETURN(ShareSource source, host_.OpenSource(partition));
  const ShareKey key{.group = std::string(queue), .topic_id = source.topic_id, .partition = partition.partition};
  if (const auto found = partitions_.find(key); found != partitions_.end()) {
    MOLDAU_RETURN_IF_ERROR(found->second->Join(options));
    return found->second;
  }
  MOLDAU_ASSIGN_OR_RETURN(ShareStateStore::Opened opened, store_.Open(key));
  if (!opened.state) {
    // Written at once, so that "from what comes now on" means the same after a restart.
    opened.state =
        ShareState{.start_offset = from_latest ? source.log->high_watermark() : source.log->log_start_offset()};
    MOLDAU_RETURN_IF_ERROR(opened.writer->WriteSnapshot(*opened.state));
  }
  auto made = std::make_shared<SharePartition>(host_, tasks_, key.group, std::move(source), options, std::move(opened));
  MOLDAU_RETURN_IF_ERROR(made->Join(options));
  partitions_.emplace(key, made);
  StartTidying();
  return made;
}

// Partitions that a topic gets later are new to a queue that has been in the first one, and nothing in them is old.
bool ShareCoordinator::HasBeenIn(std::string_view queue, const std::string& topic) {
  const absl::StatusOr<ShareSource> source = host_.OpenSource({topic, 0});
  if (!source.ok()) return false;
  const absl::StatusOr<bool> known = store_.Knows({.group = std::string(queue), .topic_id = source->topic_id});
  return known.ok() && *known;
}

void ShareCoordinator::ForgetTopic(const Uuid& topic_id) {
  {
    base::MutexLock lock(mutex_);
    for (auto at = partitions_.begin(); at != partitions_.end();) {
      if (at->first.topic_id != topic_id) {
        ++at;
        continue;
      }
      at->second->Close(base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                                    "topic %s: was deleted", at->second->name().topic));
      at = partitions_.erase(at);
    }
    forgotten_.push_back(topic_id);
  }
  ForgetTopics().IgnoreError();  // the next Tidy tries again, and tells
}

absl::Status ShareCoordinator::ForgetTopics() {
  base::MutexLock lock(mutex_);
  absl::Status first;
  std::erase_if(forgotten_, [&](const Uuid& topic_id) {
    const absl::Status status = store_.ForgetTopic(topic_id);
    first.Update(status);
    return status.ok();
  });
  if (!forgotten_.empty()) StartTidying();
  return first;
}

std::vector<std::shared_ptr<SharePartition>> ShareCoordinator::All() {
  std::vector<std::shared_ptr<SharePartition>> all;
  base::MutexLock lock(mutex_);
  for (const auto& [key, partition] : partitions_) all.push_back(partition);
  return all;
}

void ShareCoordinator::StartTidying() {
  if (!std::exchange(tidies_, true)) TidyLater();
}

// First those that nobody has opened: one that is opened meanwhile is met twice and not missed.
absl::StatusOr<ShareStateStore::LowestOffsets> ShareCoordinator::LowestDurable() {
  ShareStateStore::LowestOffsets lowest;
  MOLDAU_RETURN_IF_ERROR(store_.AddUnopened(lowest));
  for (const auto& partition : All()) {
    MOLDAU_ASSIGN_OR_RETURN(const int64_t start, partition->DurableStart());
    const auto [at, is_new] = lowest.try_emplace({partition->topic_id(), partition->name().partition}, start);
    if (!is_new) at->second = std::min(at->second, start);
  }
  return lowest;
}

void ShareCoordinator::TidyLater() {
  tasks_.PostAt(host_.clock().Now() + kTidyInterval, [this] {
    Tidy();
    TidyLater();
  });
}

void ShareCoordinator::Tidy() {
  for (const auto& partition : All()) partition->Tidy();
  absl::Status status = ForgetTopics();
  status.Update(store_.Tidy());
  if (status.ok() || !host_.CheckOpen().ok()) return;
  host_.logger().Warning("queue.tidy", "%s: what is not needed stays: %s", kShareStateTopic,
                         std::string(status.message()));
}

void ShareCoordinator::Close() {
  std::vector<std::shared_ptr<SharePartition>> all;
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [key, partition] : partitions_) all.push_back(partition);
    partitions_.clear();
  }
  tasks_.Close();
  for (const auto& partition : all) {
    partition->Close(base::Error(absl::StatusCode::kCancelled, "queue %s: the broker was closed", partition->queue()));
  }
}

}  // namespace moldau::coordinator
