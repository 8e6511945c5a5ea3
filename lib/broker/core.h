// The broker itself, behind the handle: topics, their partitions, committed offsets, background work, and the order in
// which all of it opens and closes. Its parts by event: core_<event>.cc implements the members listed under its name.
//
// Locks, in the order in which they may be taken, after that of a consumer group and that of the producer ids:
//   metadata_mutex_     decisions about topics. Held across the flush of the metadata log.
//   (the share coordinator, a partition of a queue)
//   checkpoint_mutex_   one manifest at a time. Held across I/O.
//   (a shard of the offset store, a partition)
//   topics_mutex_       the map of topics; held to look something up.
//
// Threads: all members may be called from any thread.   Ownership: shared by the Broker handle and by clients.
// Failure: every operation answers Cancelled once Close has begun, and FailedPrecondition in a forked child.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/task_scope.h"
#include "broker/data_directory.h"
#include "broker/environment.h"
#include "broker/topic_state.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/offset_store.h"
#include "coordinator/producer_ids.h"
#include "coordinator/share_coordinator.h"
#include "log/waker_list.h"
#include "metadata/metadata_log.h"
#include "moldau/broker.h"

namespace moldau::broker {

class QueueHost;

class Core final : private coordinator::OffsetLogs {
 public:
  // --- core_open.cc ---
  static absl::StatusOr<std::shared_ptr<Core>> Open(BrokerOptions options);
  ~Core();

  // --- core.cc ---
  // OK while operations may begin.
  [[nodiscard]] absl::Status CheckOpen() const;
  [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_seq_cst); }
  [[nodiscard]] Environment& environment() const noexcept { return *environment_; }
  [[nodiscard]] const std::shared_ptr<Environment>& shared_environment() const noexcept { return environment_; }
  // What consumer groups ask for, whoever sends it.
  [[nodiscard]] coordinator::GroupCoordinator& groups() noexcept { return *groups_; }
  [[nodiscard]] coordinator::ShareCoordinator& queues() noexcept { return *queues_; }
  [[nodiscard]] coordinator::ProducerIds& producer_ids() noexcept { return producer_ids_; }
  [[nodiscard]] const Uuid& cluster_id() const noexcept { return cluster_id_; }
  [[nodiscard]] const RecoverySummary& recovery() const noexcept { return recovery_; }

  // Woken once, when Close begins: what clients that block on something else than a partition wait with. Whoever adds a
  // waker must look at closing() afterwards.
  void AddCloseWaker(base::Waker* waker) { close_wakers_.Add(waker); }
  void RemoveCloseWaker(base::Waker* waker) { close_wakers_.Remove(waker); }

  // Woken by the closing work itself, before it closes the logs: those who have taken records and not appended them yet
  // do so now. Partitions refuse to be opened by then; logs that are open still take appends.
  void AddLastCallWaker(base::Waker* waker) { last_call_wakers_.Add(waker); }
  void RemoveLastCallWaker(base::Waker* waker) { last_call_wakers_.Remove(waker); }

  // Rises with every topic and partition that is added or removed. Its wakers are woken after it has risen.
  [[nodiscard]] uint64_t topics_version() const noexcept { return topics_version_.load(std::memory_order_seq_cst); }
  void AddTopicsWaker(base::Waker* waker) { topics_wakers_.Add(waker); }
  void RemoveTopicsWaker(base::Waker* waker) { topics_wakers_.Remove(waker); }

  absl::Status Flush();

  // --- core_metrics.cc ---
  MetricsSnapshot Metrics(bool with_internal);

  // --- core_topics.cc ---
  absl::StatusOr<std::shared_ptr<TopicState>> CreateTopic(std::string_view name, const TopicOptions& options);
  absl::StatusOr<std::shared_ptr<TopicState>> OpenTopic(std::string_view name, const TopicOptions& options);
  absl::StatusOr<std::shared_ptr<TopicState>> FindTopic(std::string_view name) const;
  // A topic that the broker keeps for itself; null from FindOrNull while it is not there.
  absl::StatusOr<std::shared_ptr<TopicState>> EnsureInternalTopic(std::string_view name, const TopicOptions& options);
  [[nodiscard]] std::shared_ptr<TopicState> FindOrNull(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> ListTopics(bool with_internal) const;
  absl::Status AlterTopicConfig(std::string_view name,
                                const std::map<std::string, std::optional<std::string>>& changes);
  absl::Status AddPartitions(std::string_view name, int32_t total);

  // --- core_delete.cc ---
  absl::Status DeleteTopic(std::string_view name);
  absl::StatusOr<std::map<TopicPartition, absl::StatusOr<int64_t>>> DeleteRecords(
      const std::map<TopicPartition, int64_t>& before);

  // --- core_background.cc ---
  // Writes the manifest soon; for those who changed what must not be forgotten for a whole interval.
  void RequestCheckpoint();
  // The slowest group or queue of some partition may stand further on; gives the disk back soon where a topic says so.
  void ReadersMoved() override;

  // --- core_close.cc ---
  absl::Status Close(std::chrono::nanoseconds timeout);

 private:
  explicit Core(std::shared_ptr<Environment> environment);

  // --- core_open.cc ---
  absl::Status Open();
  absl::Status OpenMetadata() ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  absl::Status OpenTopics() ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  std::shared_ptr<TopicState> MakeTopicState(const metadata::TopicEntry& entry, const log::LogConfig& config)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  std::shared_ptr<PartitionState> MakePartitionState(const std::shared_ptr<TopicInfo>& topic, int32_t id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  void RefuseMissing();
  absl::Status TruncateQueues();

  // --- core_recovery.cc ---
  absl::Status RemoveLeftovers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  void RecoverAll();
  void Report(PartitionState& partition, const absl::Status& opened);

  // --- core.cc ---
  [[nodiscard]] std::vector<std::shared_ptr<PartitionState>> AllPartitions() const;
  // coordinator::OffsetLogs
  int32_t partition_count() override;
  absl::StatusOr<log::Log*> LogForWriting(int32_t partition) override;
  absl::StatusOr<log::Log*> LogForReading(int32_t partition) override;
  absl::StatusOr<int32_t> CountPartitions(std::string_view topic) override;

  // --- core_topics.cc ---
  absl::Status CheckNoForeignDirectory(std::string_view name, int32_t first, int32_t end) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  absl::StatusOr<std::shared_ptr<TopicState>> CreateLocked(std::string_view name, const TopicOptions& options,
                                                           bool internal)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  absl::StatusOr<std::shared_ptr<TopicState>> EnsureOffsetsTopic();
  absl::StatusOr<int64_t> TakeProducerIds();
  metadata::PartitionRecord NewPartitionRecord(const Uuid& topic_id, int32_t partition) const;
  void TopicsHaveChanged();

  // --- core_metrics.cc ---
  // `ends`: of the topics that are to be told of, the high watermark of each partition.
  void AddGroupMetrics(const std::map<std::string, std::vector<int64_t>, std::less<>>& ends,
                       std::vector<MetricFamily>& families);

  // --- core_delete.cc ---
  absl::Status EndPartition(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  absl::Status RemoveDirectorySoon(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(metadata_mutex_);
  void RemoveSoon(std::string directory);

  // --- core_background.cc ---
  void StartBackground();
  void Repeat(std::chrono::milliseconds interval, void (Core::*work)());
  void ApplyRetention();
  void ApplyConsumedRetention();
  void ApplyRetentionTo(bool only_by_readers);
  absl::StatusOr<std::map<TopicPartition, int64_t>> SlowestReaders();
  void LookForCompaction();
  void CompactOne();
  [[nodiscard]] bool CompactStep(PartitionState& partition);
  void ExpireOffsets();
  void ExpireProducers();
  void CoolDown();
  void CheckpointNow();
  absl::Status Checkpoint(bool clean_shutdown);

  // --- core_close.cc ---
  void CloseEverything();
  absl::Status CloseLogs();

  const std::shared_ptr<Environment> environment_;
  std::unique_ptr<DataDirectory> directory_;
  Uuid cluster_id_;
  RecoverySummary recovery_;

  base::Mutex metadata_mutex_;
  std::unique_ptr<metadata::MetadataLog> metadata_ ABSL_GUARDED_BY(metadata_mutex_);
  log::Log* metadata_log_ = nullptr;  // of metadata_; safe from any thread

  base::Mutex checkpoint_mutex_;
  std::string last_checkpoint_ ABSL_GUARDED_BY(checkpoint_mutex_);  // encoded, to see whether anything has changed
  bool closed_cleanly_ ABSL_GUARDED_BY(checkpoint_mutex_) = false;
  std::atomic<bool> checkpoint_requested_{false};
  std::atomic<bool> heeds_readers_{false};  // there is, or was, a topic whose retention does
  std::atomic<bool> retention_requested_{false};

  // What is still to be compacted in this round, the one at hand first.
  base::Mutex compaction_mutex_;
  std::deque<std::shared_ptr<PartitionState>> to_compact_ ABSL_GUARDED_BY(compaction_mutex_);

  mutable base::Mutex topics_mutex_;
  std::map<std::string, std::shared_ptr<TopicState>, std::less<>> topics_ ABSL_GUARDED_BY(topics_mutex_);

  std::unique_ptr<coordinator::OffsetStore> offsets_;
  std::unique_ptr<coordinator::GroupCoordinator> groups_;
  std::unique_ptr<QueueHost> queue_host_;
  std::unique_ptr<coordinator::ShareCoordinator> queues_;
  coordinator::ProducerIds producer_ids_{[this] { return TakeProducerIds(); }};

  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
  base::EventCount closed_event_;
  std::atomic<uint64_t> topics_version_{1};
  log::WakerList topics_wakers_;
  log::WakerList close_wakers_;
  log::WakerList last_call_wakers_;
  base::Mutex close_mutex_;
  bool close_started_ ABSL_GUARDED_BY(close_mutex_) = false;
  absl::Status close_status_ ABSL_GUARDED_BY(close_mutex_);

  base::TaskScope background_;
};

}  // namespace moldau::broker
