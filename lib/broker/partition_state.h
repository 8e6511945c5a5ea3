// What a Partition handle points to: a partition whose log is opened when it is first used. 10,000 of them cost little
// until then: a name, a number, and what the manifest knows.
//
// Threads: all members may be called from any thread.   Ownership: shared by handles; keeps its environment alive.
// Failure: DataLoss for a log that was refused as damaged, Cancelled after close, NotFound after deletion.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "broker/environment.h"
#include "broker/read_meter.h"
#include "log/log.h"
#include "record/validate.h"

namespace moldau::broker {

// What the partitions of a topic have in common.
struct TopicInfo {
  TopicInfo(std::shared_ptr<Environment> env, std::string topic_name, const Uuid& topic_id, bool is_internal)
      : environment(std::move(env)), name(std::move(topic_name)), id(topic_id), internal(is_internal) {}

  const std::shared_ptr<Environment> environment;
  const std::string name;
  const Uuid id;
  const bool internal;
  base::Mutex mutex;
  log::LogConfig config ABSL_GUARDED_BY(mutex);
  std::atomic<Durability> durability{Durability::kFlushed};
};

// How a partition stands and what it has done since the broker was opened.
struct PartitionFigures {
  log::AppendTotals appended;
  ReadTotals read;
  uint64_t append_waits = 0;
  int64_t log_start_offset = 0;
  int64_t high_watermark = 0;
  int64_t log_end_offset = 0;
  uint64_t size_bytes = 0;
  int segment_count = 0;
  bool is_offline = false;  // damaged, or stopped
};

class PartitionState {
 public:
  // What is known of the partition before its log is opened.
  struct Before {
    std::unique_ptr<log::PartitionEntry> entry;  // null: the manifest does not know it
    bool clean_shutdown = false;
    bool same_boot = false;
  };

  PartitionState(std::shared_ptr<TopicInfo> topic, int32_t id, Before before);
  ~PartitionState();
  PartitionState(const PartitionState&) = delete;
  PartitionState& operator=(const PartitionState&) = delete;

  [[nodiscard]] const TopicInfo& topic() const noexcept { return *topic_; }
  [[nodiscard]] int32_t id() const noexcept { return id_; }
  [[nodiscard]] Environment& environment() const noexcept { return environment_; }
  [[nodiscard]] std::string Directory() const;

  // The log, or null if it has not been opened, has been closed, or belongs to the parent of this process: the hot
  // path's way. The pointer is good as long as this object; a log that is being closed refuses by itself.
  [[nodiscard]] log::Log* open_log() const noexcept {
    if (environment_.in_child()) [[unlikely]]
      return nullptr;
    return log_.load(std::memory_order_acquire);
  }

  // The log, opened (and recovered, if the manifest does not vouch for it) if it was not.
  absl::StatusOr<log::Log*> Log();

  // Makes every later use answer `why`.
  void Refuse(absl::Status why);

  // `status` of the log, said in terms of the partition: a closed log means a closed broker or a deleted topic.
  [[nodiscard]] absl::Status Explain(absl::Status status) const;

  void SetConfig(const log::LogConfig& config);
  // What the topic demands of a batch that somebody else has encoded.
  [[nodiscard]] record::ValidationRules Rules() const;

  // The one claim that may be open at a time, kept here so that a closing broker can take it back from the thread that
  // closes.
  void KeepClaim(log::Log::Claim claim);
  // The claim of the slot `value`, from whatever thread it is committed or given back; nullopt if it was taken back.
  [[nodiscard]] std::optional<log::Log::Claim> TakeClaim(std::span<const std::byte> value);
  void AbortClaimOfThisThread();

  // What the manifest should keep; nullopt if there is nothing on disk.
  [[nodiscard]] std::optional<log::PartitionEntry> Describe();

  // Of a log that was not opened, what the manifest says.
  [[nodiscard]] PartitionFigures Figures();
  // For those who read.
  [[nodiscard]] ReadMeter& reads() noexcept { return reads_; }

  // Whether age or size ask for a deletion, as far as that can be said without opening the log.
  [[nodiscard]] bool MayHaveOldSegments(Timestamp now);

  // Whether compaction may find something to do, as far as that can be said without opening the log.
  [[nodiscard]] bool MayBeCompacted();
  // What the progress of groups and queues means to it.
  [[nodiscard]] log::ConsumedRetention consumed_retention();

  // As Partition::DeleteRecords, but that it is durable only once a manifest has been written.
  absl::StatusOr<int64_t> DeleteRecords(int64_t before);

  // After these every call answers Cancelled, or NotFound, also those that are waiting for records.
  void MarkClosed() { Mark(Life::kClosed); }
  void MarkDeleted() { Mark(Life::kDeleted); }

  // Closes the log of a partition that was marked; waiters wake. Not OK if not everything could be written. Idempotent.
  absl::Status Close();

  // Works on a partition that was marked, too.
  void RemoveTailWaker(base::Waker* waker);

 private:
  enum class Life : uint8_t { kOpen, kClosed, kDeleted };

  absl::StatusOr<log::Log*> OpenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckTopicId() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Mark(Life life);
  [[nodiscard]] log::Log* OwnedLog();
  [[nodiscard]] absl::Status EndStatus(Life life) const;

  const std::shared_ptr<TopicInfo> topic_;
  Environment& environment_;  // the topic's
  const int32_t id_;
  std::atomic<Life> life_{Life::kOpen};
  std::atomic<log::Log*> log_{nullptr};
  base::Mutex mutex_;
  Before before_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<log::Log> owned_log_ ABSL_GUARDED_BY(mutex_);
  ReadMeter reads_;
  base::Mutex claim_mutex_;
  std::optional<log::Log::Claim> claim_ ABSL_GUARDED_BY(claim_mutex_);
  std::thread::id claim_owner_ ABSL_GUARDED_BY(claim_mutex_);  // who began it
};

}  // namespace moldau::broker
