// One partition as one queue works on it, for all its consumers in this process: the window of records in flight
// (share_window.h), the log that they lie in, and the state that is written before a record is handed out.
//
//     Acquire --> window says which --> log says what --> state is written --> handed out
//     Settle  --> window says whether the lock is held --> written with the next Acquire, or kWriteDelay later
//
// share_partition.cc hands out and takes verdicts; share_upkeep.cc does what happens by itself: locks that lapse, what
// is written late, dead letters.
//
// Threads: all members may be called from any thread.
// Ownership: shared by the coordinator and by whoever holds something of it; host and store must outlive its last use,
// which Close ends.
// Failure: after Close what that was told; FailedPrecondition (kInvalidRecordState) for a verdict without a lock;
// otherwise what the logs answer.
// Source: KIP-932.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/logger.h"
#include "base/memory_budget.h"
#include "base/spin_mutex.h"
#include "base/task_scope.h"
#include "coordinator/share_state_store.h"
#include "coordinator/share_window.h"
#include "log/log.h"
#include "log/waker_list.h"
#include "moldau/fetched_records.h"
#include "moldau/receipt.h"

namespace moldau::coordinator {

// A partition that a queue reads.
struct ShareSource {
  TopicPartition name;
  Uuid topic_id;
  std::shared_ptr<log::Log> log;
  // What an error of the log means to its partition.
  absl::AnyInvocable<absl::Status(absl::Status) const> explain;
};

// The world around queues: the broker.
class ShareHost : public ShareStateLogs {
 public:
  // Creates the topic that states are written to, if need be; from then on StateLogForWriting does not.
  virtual absl::Status EnsureStateTopic() = 0;
  // Not OK once operations may not begin any more.
  [[nodiscard]] virtual absl::Status CheckOpen() const = 0;
  virtual absl::StatusOr<ShareSource> OpenSource(const TopicPartition& partition) = 0;
  // To a partition of `topic` that depends on `source_partition` alone.
  virtual absl::StatusOr<Receipt> AppendDeadLetter(const std::string& topic, int32_t source_partition,
                                                   const Record& record) = 0;
  // The beginning of a log has changed.
  virtual void RequestCheckpoint() = 0;
  // A queue has written that it stands further on. Called with a lock held; must not wait.
  virtual void ReadersMoved() {}

  [[nodiscard]] virtual Clock& clock() const = 0;
  [[nodiscard]] virtual base::Logger& logger() = 0;
  [[nodiscard]] virtual const std::shared_ptr<base::MemoryBudget>& memory() const = 0;

 protected:
  ~ShareHost() = default;
};

// What all partitions of a queue have in common.
struct ShareOptions {
  ShareWindowOptions window;
  std::string dead_letter;    // a topic; empty: what is given up is dropped
  bool trims_source = false;  // the topic is the queue's own: what is done is removed
  bool flushes = true;        // what was written is flushed soon, and by Commit

  friend bool operator==(const ShareOptions&, const ShareOptions&) = default;
};

// Records that were handed out together, and what keeps their bytes.
struct ShareDelivery {
  struct Item {
    RecordView record;
    LockId lock = 0;
    int16_t delivery_count = 0;
  };
  std::vector<std::shared_ptr<const FetchedRecords>> pins;
  std::vector<Item> items;
  bool has_more = false;  // the log was not looked through: there was much that cannot be handed out
};

// What the holder of a lock says.
struct ShareVerdict {
  enum class Kind : uint8_t { kAcknowledge, kRelease, kReject, kExtend };

  Kind kind = Kind::kAcknowledge;
  int64_t offset = 0;
  LockId lock = 0;
  std::optional<std::chrono::nanoseconds> duration = std::nullopt;  // of the new lock, or before the next delivery
  std::string_view reason = {};                                     // of a rejection
};

struct ShareStatistics {
  int64_t start_offset = 0;
  int64_t end_offset = 0;  // of what was looked at
  size_t in_flight = 0;
  size_t waiting = 0;
  int64_t deliveries = 0;
  int64_t redeliveries = 0;
  int64_t dead_letters = 0;  // that are safe
  int64_t fetches = 0;       // reads of the log that found something, and how much
  int64_t bytes_read = 0;
};

class SharePartition final : public std::enable_shared_from_this<SharePartition> {
 public:
  SharePartition(ShareHost& host, base::TaskScope& tasks, std::string queue, ShareSource source, ShareOptions options,
                 ShareStateStore::Opened opened);
  SharePartition(const SharePartition&) = delete;
  SharePartition& operator=(const SharePartition&) = delete;

  // A consumer comes, or has gone. FailedPrecondition (kInvalidConfig) if others are there with other options, or if
  // locks are held, or dead letters sent, that were given under other options.
  absl::Status Join(const ShareOptions& options);
  void Leave();

  // Locks up to `max_records` and adds them to `delivery`; none if there is nothing to hand out now.
  absl::Status Acquire(size_t max_records, std::chrono::nanoseconds lock_duration, ShareDelivery& delivery);
  // When, without a call of anybody else, there may be something to hand out; kForever if never.
  [[nodiscard]] MonoTime NextDue();

  absl::Status Settle(const ShareVerdict& verdict);
  // Acknowledges all of them; the first failure, if any.
  absl::Status AcknowledgeAll(std::span<const ShareVerdict> verdicts);

  // Writes what is to be written, and flushes it if the options say so.
  absl::Status Commit();

  // Woken when there may be something to hand out that a new record does not tell, until removed.
  void AddWaker(base::Waker* waker) { wakers_.Add(waker); }
  void RemoveWaker(base::Waker* waker) { wakers_.Remove(waker); }

  [[nodiscard]] const TopicPartition& name() const noexcept { return source_.name; }
  [[nodiscard]] const Uuid& topic_id() const noexcept { return source_.topic_id; }
  [[nodiscard]] log::Log& log() const noexcept { return *source_.log; }
  [[nodiscard]] const std::string& queue() const noexcept { return queue_; }
  [[nodiscard]] ShareStatistics Statistics();

  // --- share_upkeep.cc ---

  // All records below it are done, whatever happens; after this has flushed that.
  absl::StatusOr<int64_t> DurableStart();
  // Gives the disk what it can have back. For a background task, now and then.
  void Tidy();
  // Writes what is to be written; later calls answer `why`.
  void Close(absl::Status why);

 private:
  // A place in records that were read.
  struct Cursor {
    std::shared_ptr<const FetchedRecords> records;
    FetchedRecords::Iterator at;

    [[nodiscard]] bool at_end() const noexcept { return records == nullptr || at == records->end(); }
  };
  // What a section under the lock leaves to be done without it.
  struct Afterwards {
    bool wake = false;
    bool send_dead_letters = false;
    int64_t dropped = 0;  // to be reported
    MonoTime timer = kForever;
  };

  absl::Status JoinLocked(const ShareOptions& options) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AcquireReturned(size_t max, MonoTime now, MonoTime deadline, ShareDelivery& delivery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AcquireFresh(size_t max, MonoTime now, MonoTime deadline, ShareDelivery& delivery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<bool> ReadOn(MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::optional<RecordView>> FindRecord(int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeBack(ShareDelivery& delivery, size_t from, MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SettleLocked(const ShareVerdict& verdict, MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropWhatIsGone(MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteChanges() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountRead(const log::LogSlice& slice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Pin(const Cursor& cursor, ShareDelivery& delivery);

  // --- share_upkeep.cc ---
  [[nodiscard]] Afterwards Finish(MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(const Afterwards& afterwards);
  void OnTimer(MonoTime armed_for);
  void SendDeadLetters();
  std::vector<ShareWindow::DeadLetter> NextDeadLetters(MonoTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Receipt> SendDeadLetter(const ShareWindow::DeadLetter& letter);
  void OnDeadLetter(const ShareWindow::DeadLetter& letter, const absl::Status& status);
  absl::Status FlushWrites(uint64_t writes);
  void TrimSource(bool always);

  ShareHost& host_;
  base::TaskScope& tasks_;
  Clock& clock_;
  const std::string queue_;
  const ShareSource source_;
  const std::unique_ptr<ShareStateStore::Writer> writer_;
  log::WakerList wakers_;

  mutable base::SpinMutex mutex_;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);  // not OK once it is closed
  ShareOptions options_ ABSL_GUARDED_BY(mutex_);
  int members_ ABSL_GUARDED_BY(mutex_) = 0;
  ShareWindow window_ ABSL_GUARDED_BY(mutex_);
  log::LogCursor log_cursor_ ABSL_GUARDED_BY(mutex_);
  Cursor fresh_ ABSL_GUARDED_BY(mutex_);                            // not offered yet
  Cursor again_ ABSL_GUARDED_BY(mutex_);                            // where records that came back were read last
  std::map<int64_t, std::string> reasons_ ABSL_GUARDED_BY(mutex_);  // of rejections whose dead letter is not safe
  int64_t deliveries_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t redeliveries_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t fetches_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_read_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t dead_letter_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;  // by the log, before they were done, and not reported yet

  // What is to be written and flushed, and when at the latest.
  size_t unwritten_ ABSL_GUARDED_BY(mutex_) = 0;     // verdicts
  bool must_write_ ABSL_GUARDED_BY(mutex_) = false;  // a write has failed
  MonoTime write_due_ ABSL_GUARDED_BY(mutex_) = kForever;
  uint64_t writes_ ABSL_GUARDED_BY(mutex_) = 1;  // that of a former life included
  uint64_t flushed_writes_ ABSL_GUARDED_BY(mutex_) = 0;
  MonoTime flush_due_ ABSL_GUARDED_BY(mutex_) = kForever;
  int64_t written_start_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t trimmed_ ABSL_GUARDED_BY(mutex_) = 0;  // tried at least

  std::vector<MonoTime> timers_ ABSL_GUARDED_BY(mutex_);     // that are armed, the earliest last
  bool stalled_ ABSL_GUARDED_BY(mutex_) = false;             // the window was full when somebody wanted more
  MonoTime told_due_ ABSL_GUARDED_BY(mutex_) = kForever;     // what those who wait know
  bool sends_dead_letters_ ABSL_GUARDED_BY(mutex_) = false;  // or is about to
  size_t letters_out_ ABSL_GUARDED_BY(mutex_) = 0;           // being written
  MonoTime dead_letters_at_ ABSL_GUARDED_BY(mutex_){0};      // not earlier, since one has failed
};

}  // namespace moldau::coordinator
