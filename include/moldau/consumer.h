// Reads topics, from where its group stopped or from wherever it is told, and remembers how far it came.
//
//   auto baristas = moldau::Consumer::Subscribe(*broker, {.group = "baristas", .topics = {"orders"}}).value();
//   auto records = baristas.Poll(100ms).value();
//   for (const moldau::ConsumerRecord& r : records) Brew(r.key(), r.value());
//   baristas.Commit();
//
// Delivery is at least once: a position is committed only after the records before it were handed out and a later Poll,
// Commit or Close said that they are done. A consumer that is destroyed without Close commits nothing of its last Poll.
//
// Threads: one at a time, or FailedPrecondition; but Wakeup and Close may be called from any thread at any time.
// Ownership: records may outlive the consumer, the consumer may outlive the broker.
// Failure: Cancelled after Close of the consumer or the broker; FailedPrecondition for a partition that is not
// assigned.
// Source: Kafka's consumer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/base/clock.h"
#include "moldau/consumer_records.h"
#include "moldau/types.h"

namespace moldau {

class Broker;

namespace client {
class ConsumerCore;
}

// Where to read a partition of which the group has committed nothing, or of which the position is gone.
enum class OffsetReset : uint8_t {
  kEarliest,  // from the oldest record that is kept
  kLatest,    // only what comes from now on
  kNone,      // OutOfRange naming the valid range
};

struct ConsumerOptions {
  // Whose committed offsets to use. Empty: none, there is nothing to commit. A group has one member at a time.
  std::string group;
  // What Subscribe reads: all partitions, those added later too.
  std::vector<std::string> topics;

  OffsetReset auto_offset_reset = OffsetReset::kEarliest;

  // About how much one Poll returns; a batch is never split, so it may be more.
  size_t max_poll_bytes = size_t{1} << 20;
  // How many records one Poll returns at most; 0: as many as max_poll_bytes holds.
  size_t max_poll_records = 0;

  WaitStrategy wait = WaitStrategy::kPark;

  // Commits what earlier Polls returned: in a Poll, but not more often than this, and at Close.
  bool enable_auto_commit = true;
  std::chrono::milliseconds auto_commit_interval = std::chrono::seconds(5);

  // Checks the crc of every batch, also of those that this process has written or checked before.
  bool check_crcs = false;
};

class Consumer final {
 public:
  // Reads all partitions of options.topics as the only member of options.group. InvalidArgument naming every problem;
  // NotFound (kUnknownTopicOrPartition); FailedPrecondition (kGroupMaxSizeReached) while the group has another member.
  static absl::StatusOr<Consumer> Subscribe(Broker& broker, ConsumerOptions options);

  // Reads these partitions. A group, if given, is used for committed offsets only and may be shared.
  static absl::StatusOr<Consumer> Assign(Broker& broker, std::span<const TopicPartition> partitions,
                                         ConsumerOptions options = {});

  // Leaves its group; commits what a later Poll has confirmed.
  ~Consumer();
  Consumer(Consumer&& other) noexcept;
  Consumer& operator=(Consumer&& other) noexcept;

  // The next records, taken from the partitions in turn; empty after `timeout`, or when `stop` is requested. Calling it
  // says that the records of the Poll before are done. Cancelled after Wakeup (once) and after Close. An error of one
  // partition, such as OutOfRange or DataLoss, comes back each time its turn comes; the others can be read on.
  absl::StatusOr<ConsumerRecords> Poll(std::chrono::nanoseconds timeout, std::stop_token stop = {});

  // Makes the Poll that is waiting, or else the next one, return Cancelled.
  void Wakeup() noexcept;

  // --- positions ---

  // Poll goes on at `offset`. Whether there is such a record shows when it is polled (auto_offset_reset).
  absl::Status Seek(const TopicPartition& partition, int64_t offset);
  // The same for all partitions, at the oldest record, behind the last one, or at the first that is as late as
  // `timestamp` (behind the last one if none is).
  absl::Status SeekToBeginning();
  absl::Status SeekToEnd();
  absl::Status SeekToTime(Timestamp timestamp);

  // Of the record that Poll returns next.
  absl::StatusOr<int64_t> Position(const TopicPartition& partition) const;

  // Poll leaves these out, or in again; their positions stay.
  absl::Status Pause(std::span<const TopicPartition> partitions);
  absl::Status Resume(std::span<const TopicPartition> partitions);

  [[nodiscard]] std::vector<TopicPartition> Assignment() const;

  // How many records lie between the position and the end, of one partition and of all.
  absl::StatusOr<int64_t> Lag(const TopicPartition& partition) const;
  absl::StatusOr<int64_t> Lag() const;

  // --- committed offsets, as durable as the broker's offsets_durability says ---

  // Commits the positions: all that Poll returned is done. FailedPrecondition (kInvalidGroupId) without a group.
  absl::Status Commit();
  // Commits these: the offset of the next record to read, for partitions of any topic that exists.
  absl::Status Commit(const Offsets& offsets);
  // What the group has committed; nullopt if nothing.
  absl::StatusOr<std::optional<int64_t>> Committed(const TopicPartition& partition) const;

  // Wakes a Poll that waits, commits the positions if enable_auto_commit, and leaves the group. Idempotent.
  absl::Status Close();

 private:
  explicit Consumer(std::shared_ptr<client::ConsumerCore> core) noexcept;
  void CloseIfOpen() noexcept;
  std::shared_ptr<client::ConsumerCore> core_;
};

}  // namespace moldau
