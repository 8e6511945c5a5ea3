// The root of everything: a data directory with topics, the background work that keeps it, and the way to all else. A
// program that opens a broker has Kafka's model without a server: no port, no process beside it.
//
//   auto broker = moldau::Broker::Open({.data_dir = "data"}).value();
//   auto orders = broker->OpenTopic("orders", {.partitions = 4}).value();
//
// Threads: all members may be called from any thread, Close too.   Ownership: handles made from it (Topic, Partition,
// Producer, Consumer, receipts, records) may outlive it, in any order; after Close they answer Cancelled, and records
// stay readable.
// Failure: see each member. In a forked child every call is FailedPrecondition: a broker belongs to the process that
// opened it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/base/clock.h"
#include "moldau/base/executor.h"
#include "moldau/base/log_sink.h"
#include "moldau/group_options.h"
#include "moldau/metrics.h"
#include "moldau/storage/storage.h"
#include "moldau/topic.h"
#include "moldau/types.h"

namespace moldau {

namespace broker {
class Core;
}

struct BrokerOptions {
  // Where the logs live. Created, parents excepted, if missing and create_if_missing.
  std::string data_dir;
  bool create_if_missing = true;

  // For media that fail. A page of a log that cannot be read, or that somebody else has cut off the file, raises SIGBUS
  // and ends the process; with the guard the read answers DataLoss, that partition stops, and the others go on.
  // Installs a handler for the signal, for the whole process and for good, which passes on what is none of ours. Reads
  // then touch their pages first, and appends go through the file, both at a price in speed: claims in `buffered`
  // topics are refused (FailedPrecondition), and Prepare has no effect. Out of its reach are pages that fail only once
  // a view of them has been handed out.
  bool sigbus_guard = false;

  // Seams; whatever is given must outlive the broker and every handle made from it. Null: the system's own.
  storage::Storage* storage = nullptr;
  Clock* clock = nullptr;
  Executor* executor = nullptr;

  // Without an executor: how many threads the broker's own has. 0: none, the host calls Poll.
  int threads = 2;

  // Of all randomness; 0 takes the system's entropy.
  uint64_t seed = 0;

  // Who hears what; an empty sink is LogToStandardError.
  LogSink log_sink;
  LogLevel log_level = LogLevel::kError;

  // Bytes that buffers of this broker, its producers and its consumers may hold together; beyond it ResourceExhausted.
  uint64_t memory_limit = uint64_t{512} << 20;

  // Configuration of topics that do not set a name themselves.
  TopicConfig topic_defaults;

  // Committed offsets of consumer groups: how durable a commit is, and over how many partitions new directories spread
  // groups.
  Durability offsets_durability = Durability::kFlushed;
  int32_t offsets_partitions = 50;
  GroupOptions groups;

  // What queues know of their records: how durable an acknowledgement is after Queue::Commit, or a second later at most
  // (it survives the process at once), and over how many partitions new directories spread it.
  Durability queue_state_durability = Durability::kFlushed;
  int32_t queue_state_partitions = 50;

  // How long a partition remembers an idempotent producer that writes nothing, so that a batch that it sends again is
  // stored once, and how often that is looked at.
  std::chrono::milliseconds producer_id_expiration = std::chrono::hours(24);
  std::chrono::milliseconds producer_id_check_interval = std::chrono::minutes(10);

  // How often old segments are looked for, the manifest is written, and what lies idle gives its mappings back.
  std::chrono::milliseconds retention_check_interval = std::chrono::minutes(5);
  std::chrono::milliseconds checkpoint_interval = std::chrono::seconds(60);
  std::chrono::milliseconds cool_down_interval = std::chrono::seconds(30);

  // Compaction: how often topics are looked for that it is worth it for, how much memory the keys of one partition may
  // take at a time (a partition with more of them takes several runs), and how many bytes of logs it reads in a second.
  std::chrono::milliseconds compaction_check_interval = std::chrono::seconds(15);
  uint64_t compaction_memory = uint64_t{16} << 20;
  uint64_t compaction_bytes_per_second = uint64_t{64} << 20;
};

// What opening the data directory found and did.
struct RecoverySummary {
  struct Cut {
    TopicPartition partition;
    int64_t truncated_bytes = 0;  // behind the last whole batch
    int removed_segments = 0;
    int64_t log_end_offset = 0;  // afterwards
  };
  struct Refusal {
    TopicPartition partition;
    absl::Status status;  // names file and position
  };
  bool clean_shutdown = true;    // the last user of the directory had closed it
  int recovered_partitions = 0;  // whose files were scanned
  int64_t scanned_bytes = 0;
  int rebuilt_indexes = 0;
  std::vector<Cut> cut;          // partitions that lost an unfinished tail
  std::vector<Refusal> refused;  // damaged: every call on them answers this; see RepairPartition in offline.h
};

class Broker {
 public:
  // Opens the data directory, recovering what an unclean stop left. InvalidArgument listing every problem of the
  // options; FailedPrecondition naming path and holder if another broker has it open, or if it is of a newer format;
  // DataLoss if the topics' own log is damaged. A damaged partition refuses its own calls only: see recovery().
  static absl::StatusOr<std::unique_ptr<Broker>> Open(BrokerOptions options);

  // Closes, waiting without limit for what must be written.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // --- topics ---

  // InvalidArgument (kInvalidTopic, kInvalidPartitions, kInvalidConfig) naming every problem, AlreadyExists
  // (kTopicAlreadyExists). Durable when it returns.
  absl::StatusOr<Topic> CreateTopic(std::string_view name, const TopicOptions& options = {});

  // The topic, created if it is not there. FailedPrecondition naming each contradiction if it is there with other
  // options.
  absl::StatusOr<Topic> OpenTopic(std::string_view name, const TopicOptions& options = {});

  // NotFound (kUnknownTopicOrPartition).
  absl::StatusOr<Topic> FindTopic(std::string_view name) const;
  absl::StatusOr<TopicDescription> DescribeTopic(std::string_view name) const;

  // Sorted; those that Moldau keeps for itself are left out unless asked for.
  [[nodiscard]] std::vector<std::string> ListTopics(bool with_internal = false) const;

  // Removes the topic and its files; records that readers hold stay valid.
  absl::Status DeleteTopic(std::string_view name);

  // Sets names, or puts them back to their default (nullopt); all or nothing. Effective with the next append.
  absl::Status AlterTopicConfig(std::string_view name,
                                const std::map<std::string, std::optional<std::string>>& changes);

  // Raises the number of partitions to `total`; kInvalidPartitions if that is not more. Keys may move to other
  // partitions.
  absl::Status AddPartitions(std::string_view name, int32_t total);

  // Partition::DeleteRecords for several at once: each with its new log start offset, or why it keeps its records. All
  // that were deleted are so durably when it returns; not OK if that cannot be said.
  absl::StatusOr<std::map<TopicPartition, absl::StatusOr<int64_t>>> DeleteRecords(
      const std::map<TopicPartition, int64_t>& before);

  // --- the whole ---

  [[nodiscard]] const Uuid& cluster_id() const noexcept;  // of the directory, from its creation on
  [[nodiscard]] const RecoverySummary& recovery() const noexcept;
  [[nodiscard]] const std::string& data_dir() const noexcept;

  // What the broker has done since it was opened, and how it stands (metrics.h names it all). May be asked for at any
  // time: nobody waits for it, and no log is opened, but the first one reads what groups have committed. Topics that
  // Moldau keeps for itself are left out unless asked for. Empty after Close and in a forked child.
  [[nodiscard]] MetricsSnapshot Metrics(bool with_internal = false) const;

  // Makes everything appended so far to any topic durable.
  absl::Status Flush();

  // With threads = 0: runs at most `max_tasks` due tasks on this thread and returns how long it has nothing more to do
  // (0: call again at once; kForever: until something is posted). With threads of its own: nothing, kForever.
  std::chrono::nanoseconds Poll(int max_tasks = 64);

  // Wakes every blocked call, flushes, writes the manifest and gives the directory back. Idempotent; any number of
  // threads may call it, all wait. DeadlineExceeded if that takes longer than `timeout`: handles are dead then, the
  // rest of the work goes on behind the back of the caller, and the next Open may have to wait or to recover. Waits for
  // the callbacks of receipts too, unless it is called by one.
  absl::Status Close(std::chrono::nanoseconds timeout = std::chrono::seconds(30));

 private:
  friend struct broker::Access;
  explicit Broker(std::shared_ptr<broker::Core> core) noexcept;
  std::shared_ptr<broker::Core> core_;
};

}  // namespace moldau
