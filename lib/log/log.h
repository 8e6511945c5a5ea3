// The log of one partition: an ordered run of segments in one directory, appended at the end, read anywhere, trimmed at
// the front. It is Kafka's log on disk; in memory the active segment follows the heat of the partition (segment.h).
//
//          trimmed         sealed segments            active
//     . . . . . . . . |================|================|=========>- - - -
//                     ^ log start offset                high watermark ^   ^ log end offset
//
// Readers see records below the high watermark: for `buffered` that is the log end, for `flushed` it is what has been
// flushed, so nobody ever acts on a record that a power cut could take back.
//
// Threads: all members may be called from any thread.   Ownership: slices pin what they view and may outlive the log.
// Failure: InvalidArgument for what the caller can avoid, OutOfRange with Kafka's code and the valid range,
// ResourceExhausted
// when the disk is full (the append that met it had no effect), DataLoss for damage, and after a write or flush error
// FailedPrecondition with kStorageError on every append: the partition has stopped, readers of what is durable go on.
// Source: Kafka's log layout; KIP-101 for leader epochs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/log_config.h"
#include "log/log_meters.h"
#include "log/manifest.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "moldau/storage/storage.h"

namespace moldau::log {

class Segment;

// Whole batches of one segment, as they lie in the mapping, pinned until the slice is dropped. The first batch may
// begin below the offset that was asked for.
struct LogSlice {
  std::shared_ptr<const storage::Mapping> pin;
  std::span<const std::byte> bytes;
  int64_t next_offset = 0;  // where to read on
};

// What an append did. `last_offset` + 1 is the log end offset at that moment.
struct AppendResult {
  int64_t base_offset = -1;
  int64_t last_offset = -1;
  Timestamp log_append_time = kNoTimestamp;  // set if the topic stamps records itself
};

// A sequential reader's place in the log; makes each next read free of look-ups. Used by one thread at a time.
struct LogCursor {
  int64_t offset = 0;  // of the next record to read

  // Private to the log.
  std::shared_ptr<Segment> segment;
  std::shared_ptr<const storage::Mapping> pin;
  uint32_t position = 0;
  int64_t batch_offset = 0;  // the base offset of the batch at `position`
};

struct OffsetAndTimestamp {
  int64_t offset = -1;
  Timestamp timestamp = kNoTimestamp;
};

// How much a compaction may take at a time.
struct CompactionLimits {
  size_t key_bytes = size_t{16} << 20;  // of memory to note keys in: some 400,000 different ones
  size_t step_bytes = size_t{1} << 20;  // of the log that a step reads
};

// What opening a log found and did.
struct RecoveryReport {
  bool recovered = false;  // segments were scanned
  int64_t scanned_bytes = 0;
  int64_t truncated_bytes = 0;  // non-zero bytes cut off behind the last whole batch
  int removed_segments = 0;
  int rebuilt_indexes = 0;
};

class Log {
 public:
  // What the caller knows of a log from the manifest of its data directory.
  struct Known {
    const PartitionEntry* entry = nullptr;  // null: nothing; recover all of it
    bool clean_shutdown = false;            // the entry describes the files exactly; they are not looked at until used
    bool same_boot = false;                 // the page cache has survived: unflushed bytes are as they were written
  };

  // Opens the log in `directory`, recovering it if need be. The directory and its files appear at the first append.
  // DataLoss naming file and position if it is damaged other than at its end.
  static absl::StatusOr<std::unique_ptr<Log>> Open(const LogEnvironment& environment, std::string directory,
                                                   LogIdentity identity, const LogConfig& config, const Known& known);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // --- writing ---

  // Encodes the records as one batch and appends it: all or nothing.
  absl::StatusOr<AppendResult> Append(std::span<const Record> records);

  // The same for one record, by a shorter way that only the usual case takes: -1, nothing having happened, asks for
  // Append.
  int64_t TryAppendOne(const Record& record);

  // Appends a whole encoded batch that has passed record validation; sets its base offset, leader epoch and, where the
  // topic says so, its append time. `batch` itself is not changed. One with a producer id is stored once, however often
  // it comes within the producer's last five: the result is then that of the first time. Otherwise OutOfRange
  // (kOutOfOrderSequenceNumber) or FailedPrecondition (kInvalidProducerEpoch), with the numbers.
  absl::StatusOr<AppendResult> AppendBatch(std::span<const std::byte> batch);
  // The same without a copy: what the log assigns is set in `batch`.
  absl::StatusOr<AppendResult> AppendOwnBatch(std::span<std::byte> batch);

  // A slot of `value_bytes` bytes in the log itself. Other writers wait until it is committed or aborted, so be brief;
  // a second claim or an append by the thread that holds one is FailedPrecondition. Value: where the caller writes.
  class Claim;
  absl::StatusOr<Claim> BeginClaim(std::optional<std::string_view> key, size_t value_bytes);

  // A receipt for what an append returned, done when the batch is durable as the topic promises.
  Receipt MakeReceipt(const AppendResult& result) { return MakeReceipt(result.base_offset); }
  Receipt MakeReceipt(int64_t base_offset);

  // Makes everything appended so far durable, whatever the topic promises.
  absl::Status Flush();

  // Makes segments ready for `bytes` more bytes: allocated, mapped and touched. Only for `buffered` logs; otherwise no
  // effect.
  absl::Status Prepare(uint64_t bytes);

  // --- reading ---

  // Whole batches from the one that holds `offset` on, about `max_bytes` but at least one batch; empty at the high
  // watermark.
  absl::StatusOr<LogSlice> Read(int64_t offset, size_t max_bytes);
  // The same from where the cursor stands, which moves on.
  absl::StatusOr<LogSlice> Read(LogCursor& cursor, size_t max_bytes);

  // The same, waiting for the first batch until `deadline`; empty then.
  absl::StatusOr<LogSlice> ReadWait(LogCursor& cursor, size_t max_bytes, MonoTime deadline, WaitStrategy strategy);
  // Gives back what the cursor keeps open if it stands at the end: for a reader that does not come back at once.
  void Rest(LogCursor& cursor) const noexcept;

  // The first record whose timestamp is at least `timestamp`, counting a record as at least as late as all before it;
  // nullopt if there is none below the high watermark.
  absl::StatusOr<std::optional<OffsetAndTimestamp>> FindByTimestamp(Timestamp timestamp);

  // Wakes `waker` after each rise of the high watermark, on close, on failure, until removed. One wake per batch at
  // most.
  void AddTailWaker(base::Waker* waker);
  void RemoveTailWaker(base::Waker* waker);

  // Blocks until the high watermark exceeds `offset`: OK; DeadlineExceeded; Cancelled if the log was closed.
  absl::Status WaitForData(int64_t offset, MonoTime deadline, WaitStrategy strategy);

  // --- offsets and size ---

  [[nodiscard]] int64_t log_start_offset() const noexcept;
  [[nodiscard]] int64_t log_end_offset() const noexcept;  // of the next append
  [[nodiscard]] int64_t high_watermark() const noexcept;  // readers see below it
  [[nodiscard]] int64_t durable_offset() const noexcept;  // flushed below it
  [[nodiscard]] uint64_t size_bytes() const;              // of all batches kept
  [[nodiscard]] int segment_count() const;

  // --- what it has done; no lock is taken ---
  [[nodiscard]] AppendTotals appended() const noexcept;
  [[nodiscard]] uint64_t append_waits() const noexcept;  // for others at the end of the log
  [[nodiscard]] bool has_stopped() const noexcept;       // it takes no appends: see health

  // --- upkeep ---

  // Starts a new segment if the active one holds anything.
  absl::Status Roll();
  // Removes everything at or above `offset` (suffix), a batch as a whole; if that batch began below the log start, the
  // log is empty at its log start afterwards. Views that readers hold stay valid. The manifest on disk must not call
  // flushed what is removed here: store one first whose recovery point is at most the log end that will result.
  absl::Status Truncate(int64_t offset);
  // Removes everything below `offset` (prefix): the log start offset rises, whole segments below it are deleted.
  absl::Status Trim(int64_t offset);
  // Rolls and deletes by age and size as configured, and by what has been read; returns how many segments were deleted.
  // `unread_from`: where the slowest group or queue stands; nullopt: there is none. Counts only if the topic says so.
  absl::StatusOr<int> ApplyRetention(std::optional<int64_t> unread_from = std::nullopt);
  // How many offsets age and size have taken since the log was opened that the slowest group or queue had not read.
  [[nodiscard]] int64_t dropped_unread() const noexcept;
  // Does a step of compaction if the topic is compacted and enough of the log has been written since the last time:
  // about `limits.step_bytes` are read. True if there is more to do: call again, as fast as the disk may be used.
  // Appends do not wait for it.
  absl::StatusOr<bool> Compact(const CompactionLimits& limits);
  // Below it compaction has been: of each key only the latest record there, and its tombstone for a while, is left.
  [[nodiscard]] int64_t cleaned_offset() const noexcept;
  // Forgets idempotent producers that have written nothing for this long; returns how many.
  size_t ExpireProducers(std::chrono::milliseconds expiration);
  // A new leader epoch from the log end on; must exceed the latest.
  absl::Status AssignLeaderEpoch(int32_t epoch);
  // Gives mappings and descriptors of a log that nobody has used since the last call back.
  void CoolDown();
  // Changes what the topic's configuration says; takes effect with the next append.
  void SetConfig(const LogConfig& config);

  // What the manifest keeps of this log. After Close it describes the files exactly.
  [[nodiscard]] PartitionEntry Describe() const;
  [[nodiscard]] const RecoveryReport& recovery() const noexcept;
  // OK, or why the log has stopped taking appends.
  [[nodiscard]] absl::Status health() const;

  // Makes readers that wait, and those that come later, return Cancelled: the beginning of a close, without the part
  // that may take as long as the disk does.
  void Interrupt() noexcept;
  // Flushes, trims the active segment, writes its indexes, wakes all waiters. Idempotent; later calls of other members
  // return Cancelled.
  absl::Status Close();
  // Removes all files of a closed log from disk; readers that pin parts of it keep them.
  absl::Status Delete();

  struct Core;

 private:
  explicit Log(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

// See BeginClaim. Aborts when destroyed without a commit.
class Log::Claim {
 public:
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&&) = delete;
  ~Claim();

  // Where the value goes; uninitialised.
  [[nodiscard]] std::span<std::byte> value() const noexcept { return value_; }

  // Completes the batch (length, CRC) and publishes it.
  absl::StatusOr<AppendResult> Commit();
  void Abort();

 private:
  friend class Log;
  friend struct Log::Core;
  Claim(std::shared_ptr<Core> core, std::span<std::byte> value) : core_(std::move(core)), value_(value) {}
  std::shared_ptr<Core> core_;
  std::span<std::byte> value_;
};

}  // namespace moldau::log
