// One partition of a topic: an ordered log of records, and the low-level way in. Appends go to the end and get the next
// offsets; reads start anywhere between the log start and the high watermark and see each batch where it lies.
//
//     log start offset <= high watermark <= log end offset
//     |== readable records ==|== appended, not yet as durable as the topic promises ==|
//
// Threads: all members of Partition may be called from any thread; a TailReader or a Claim is used by one thread at a
// time.
// Ownership: a cheap handle (one pointer); it may outlive its Topic and Broker. After the broker is closed or the topic
// is deleted every call answers Cancelled or NotFound; records that were read stay valid.
// Failure: InvalidArgument for what the caller can avoid, OutOfRange (kOffsetOutOfRange) naming the valid range,
// ResourceExhausted when the disk is full (that append had no effect), DataLoss for a damaged log, naming file and
// position, FailedPrecondition (kStorageError) once a write or a flush has failed: the partition has stopped, what is
// durable can be read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/base/event_count.h"
#include "moldau/fetched_records.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "moldau/types.h"

namespace moldau {

namespace broker {
class PartitionState;
struct Access;
}  // namespace broker

// DeleteRecords: whatever the high watermark is.
inline constexpr int64_t kHighWatermark = -1;

struct ReadOptions {
  size_t max_bytes = size_t{1} << 20;   // about; at least one batch is returned if there is one
  std::chrono::nanoseconds timeout{0};  // how long to wait at the end of the log; 0: do not
  WaitStrategy wait = WaitStrategy::kPark;
};

// A record as the search by time finds it.
struct OffsetAndTime {
  int64_t offset = -1;
  Timestamp timestamp = kNoTimestamp;
};

struct PartitionDescription {
  int64_t log_start_offset = 0;
  int64_t high_watermark = 0;
  int64_t log_end_offset = 0;
  uint64_t size_bytes = 0;
  int segment_count = 0;
  std::string directory;  // appears at the first append
  absl::Status health;    // OK, or why the partition takes no appends
  // Records that retention has taken since the broker was opened though the slowest group or queue had not read them.
  // Counted where the topic's `moldau.retention.consumed` is not `none`.
  int64_t dropped_unread = 0;
  // Below it compaction has left the latest record of each key.
  int64_t cleaned_offset = 0;
};

class TailReader;

class Partition {
 public:
  class Claim;

  [[nodiscard]] const std::string& topic() const noexcept;
  [[nodiscard]] int32_t id() const noexcept;

  // --- writing: one record, one atomic batch, an encoded batch, or a slot in the log itself ---

  // Appends one record as a batch of its own. The receipt knows the offset at once. Key and value must not change while
  // the call lasts.
  absl::StatusOr<Receipt> Append(const Record& record);

  // Appends all records as one batch: all or nothing. The receipt's offset is the first record's. InvalidArgument if
  // empty; kMessageTooLarge with both numbers above max.message.bytes.
  absl::StatusOr<Receipt> Append(std::span<const Record> records);

  // Appends one encoded record batch as a producer built it. It is checked completely (kCorruptMessage,
  // kInvalidRecord); base offset and leader epoch are set in the log's copy.
  absl::StatusOr<Receipt> AppendBatch(std::span<const std::byte> batch);

  // A slot for a value of `value_bytes` bytes in the log itself. Until it is committed or dropped other writers of the
  // partition wait, and what else changes it: be brief. FailedPrecondition if this thread holds one already, as for all
  // that it must not wait for meanwhile.
  absl::StatusOr<Claim> BeginClaim(std::optional<std::string_view> key, size_t value_bytes);

  // --- reading ---

  // The batches from the one that holds `offset` on; empty if `offset` is the end and nothing came within the timeout.
  absl::StatusOr<FetchedRecords> Read(int64_t offset, ReadOptions options = {});

  // A reader that goes on from `offset`; each of its reads costs no look-up. `options.timeout` is not used.
  absl::StatusOr<TailReader> Tail(int64_t offset, ReadOptions options = {});

  // The first record at least as late as `timestamp`; nullopt if there is none below the high watermark.
  absl::StatusOr<std::optional<OffsetAndTime>> FindOffset(Timestamp timestamp);

  // Wakes `waker` after each rise of the high watermark, on failure and on close, until it is removed: what to build a
  // wait for several partitions on. Remove it before it is destroyed.
  absl::Status AddTailWaker(base::Waker* waker);
  void RemoveTailWaker(base::Waker* waker);

  // --- offsets and size ---

  absl::StatusOr<int64_t> log_start_offset() const;  // of the oldest record that is kept
  absl::StatusOr<int64_t> high_watermark() const;    // readers see below it
  absl::StatusOr<int64_t> log_end_offset() const;    // of the next append
  absl::StatusOr<uint64_t> size_bytes() const;       // of all batches kept
  absl::StatusOr<PartitionDescription> Describe() const;

  // --- upkeep ---

  // Makes everything appended so far durable, whatever the topic promises.
  absl::Status Flush();
  // Makes segments ready for `bytes` more bytes: allocated, mapped and touched. No effect on topics that are not
  // `buffered`.
  absl::Status Prepare(uint64_t bytes);
  // Starts a new segment if the active one holds anything.
  absl::Status Roll();
  // Removes every record below `offset`, which must not exceed the high watermark (OutOfRange). Whole segments below it
  // are given back to the disk. A process that dies before the manifest has been written, moments later, may find the
  // others again.
  absl::Status Trim(int64_t offset);
  // The same, durably, as Kafka's DeleteRecords: returns the log start offset, which no crash takes back.
  // kHighWatermark deletes all that readers see. InvalidArgument (kInvalidTopic) for a topic that Moldau keeps for
  // itself, FailedPrecondition (kPolicyViolation) if the topic's cleanup.policy does not include delete. Cost: a
  // manifest is written; Broker::DeleteRecords shares it among partitions.
  absl::StatusOr<int64_t> DeleteRecords(int64_t before);

 private:
  friend class Topic;
  friend class TailReader;
  friend struct broker::Access;
  explicit Partition(std::shared_ptr<broker::PartitionState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<broker::PartitionState> state_;
};

// See Partition::BeginClaim. Gives the slot back when destroyed without a commit.
class Partition::Claim {
 public:
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&&) = delete;
  ~Claim();

  // Where the value goes; uninitialised.
  [[nodiscard]] std::span<std::byte> value() const noexcept { return value_; }

  // Completes the record and publishes it. Once.
  absl::StatusOr<Receipt> Commit();
  // Gives the slot back.
  void Abort();

 private:
  friend class Partition;
  Claim(std::shared_ptr<broker::PartitionState> state, std::span<std::byte> value) noexcept;
  std::shared_ptr<broker::PartitionState> state_;  // null after Commit or Abort
  std::span<std::byte> value_;
};

// Follows a partition: what a spinning or parked reader of one log uses. Move-only.
class TailReader {
 public:
  TailReader(TailReader&&) noexcept;
  TailReader& operator=(TailReader&&) noexcept;
  ~TailReader();

  // What follows the last records returned; empty after `timeout`. OutOfRange if retention has overtaken the reader,
  // Cancelled after close.
  absl::StatusOr<FetchedRecords> Next(std::chrono::nanoseconds timeout = kForever);

  // Of the record that Next returns first.
  [[nodiscard]] int64_t position() const noexcept;

 private:
  friend class Partition;
  struct State;
  explicit TailReader(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace moldau
