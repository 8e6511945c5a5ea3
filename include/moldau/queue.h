// A queue: each record goes to one of its consumers, under a lock, and is done once that has acknowledged it. What is
// given back, or not acknowledged in time, is handed out again, to whoever comes first.
//
//   auto jobs = moldau::Queue::Open(*broker, "jobs", {.max_deliveries = 5, .dead_letter = "jobs.dead"}).value();
//   auto lease = jobs.Receive(1s).value();
//   if (lease) Work(lease.value()), lease.Ack();     // or Release, Reject, Extend
//
// A queue works on a topic of its own, which it creates and whose records are removed from disk as they are done; or
// on any topic there is, beside other queues and groups, which do not notice it. It has any number of consumers:
// threads that share one Queue, or Queues that were opened under the same name.
//
// Delivery is at least once. How often a record was handed out is written before it is, so that it survives a crash;
// an acknowledgement is written with the next Receive, or a few milliseconds later, and flushed within a second.
// Commit makes it durable now.
//
// Threads: all members of Queue may be called from any thread; a Lease is used by one thread at a time.
// Ownership: leases may outlive the queue, both may outlive the broker.
// Failure: Cancelled after Close of the queue or the broker; FailedPrecondition (kInvalidRecordState, "lock expired")
// for a verdict that comes too late: it changes nothing, and the record may be in other hands.
// Source: KIP-932, share groups.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/awaitable.h"
#include "moldau/base/clock.h"
#include "moldau/consumer.h"
#include "moldau/queue_headers.h"
#include "moldau/receipt.h"
#include "moldau/record.h"
#include "moldau/types.h"

namespace moldau {

class Broker;

namespace client {
class LeaseBatch;
class QueueCore;
}  // namespace client

// How long a record that came back waits for its next delivery.
struct RedeliveryDelay {
  std::chrono::milliseconds initial{0};  // before the second delivery
  double growth = 1;                     // of the delay with each further one; 1: constant, 2: doubled
  std::chrono::milliseconds max = std::chrono::hours(1);
};

struct QueueOptions {
  // How often a record is handed out before it is given up; 0: without limit.
  int max_deliveries = 5;
  // How long a record is locked for whoever received it.
  std::chrono::milliseconds lock_duration = std::chrono::seconds(30);
  RedeliveryDelay redelivery_delay;

  // The topic that gets what was given up or rejected; created if it is not there, with room for whatever the queue's
  // topic takes then. A record is done only when its dead letter is as durable as that topic promises (a crash or a
  // close in between may make two of it); while it cannot be written, the record stays and the rest goes on. Empty:
  // what was given up is dropped.
  std::string dead_letter;

  // Records of one key are handed out in their order, each only when the one before is done.
  bool ordered = false;

  // How many records may be locked at a time, per partition, and how many may be put off (until their time, or behind
  // others of their key): beyond that, the queue reads no further. At most 200,000 together.
  size_t max_in_flight = 2000;
  size_t max_waiting = 100'000;

  // A topic to work on that others may read, too. Empty: the queue's own, of the queue's name.
  std::string topic;
  // Where to begin in a topic in which the queue has never been; kNone is not among the choices.
  OffsetReset auto_offset_reset = OffsetReset::kEarliest;

  // How a Receive waits.
  WaitStrategy wait = WaitStrategy::kPark;

  // Of the queue's own topic, when it is created.
  std::optional<int32_t> partitions;
  std::optional<Durability> durability;
};

struct QueueDescription {
  int64_t depth = 0;         // records between the first that is not done and the end, done ones among them included
  int64_t in_flight = 0;     // locked
  int64_t waiting = 0;       // put off, or about to be handed out again, or about to become dead letters
  int64_t redeliveries = 0;  // since the broker was opened
  int64_t dead_letters = 0;  // likewise
};

// The right to one record, until its lock expires. Destroyed without a verdict it releases the record.
class [[nodiscard]] Lease {
 public:
  // Of nothing.
  Lease() noexcept = default;
  ~Lease();
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;

  // False for a lease of nothing, which is what a Receive that found nothing returns, and after a verdict.
  explicit operator bool() const noexcept { return batch_ != nullptr && !settled_; }

  // The record, valid as long as this object. A lease of nothing has an empty one.
  [[nodiscard]] const RecordView& record() const noexcept { return record_; }
  [[nodiscard]] std::string_view key() const noexcept { return record_.key(); }
  [[nodiscard]] std::string_view value() const noexcept { return record_.value(); }
  [[nodiscard]] int64_t offset() const noexcept { return record_.offset(); }
  // Where it lies. Not for a lease of nothing.
  [[nodiscard]] const TopicPartition& partition() const noexcept;
  // How often the record was handed out, this time included.
  [[nodiscard]] int delivery_count() const noexcept { return delivery_count_; }

  // The record is done and will not be handed out again.
  absl::Status Ack();
  // Somebody else may have it, after `delay` (unset: as the queue's options say). Counts as a delivery.
  absl::Status Release(std::optional<std::chrono::milliseconds> delay = std::nullopt);
  // Nobody can make anything of it: to the dead letters with it, and with the first 4 KiB of `reason`.
  absl::Status Reject(std::string_view reason = {});
  // Keeps the record for `duration` from now on (unset: the queue's lock_duration). InvalidArgument, and the lock is as
  // it was, for less than a millisecond.
  absl::Status Extend(std::optional<std::chrono::milliseconds> duration = std::nullopt);

 private:
  friend class client::LeaseBatch;
  friend class Queue;
  Lease(std::shared_ptr<const client::LeaseBatch> batch, const RecordView& record, uint64_t lock, int delivery_count);
  void ReleaseIfHeld() noexcept;

  std::shared_ptr<const client::LeaseBatch> batch_;
  RecordView record_;
  uint64_t lock_ = 0;
  int delivery_count_ = 0;
  bool settled_ = false;
};

// Told what was received; see Queue::OnLeases.
using LeasesCallback = absl::AnyInvocable<void(absl::StatusOr<std::vector<Lease>>)>;

class Queue final {
 public:
  // InvalidArgument naming every problem of the options; NotFound (kUnknownTopicOrPartition) for options.topic;
  // FailedPrecondition if the queue is in use with other options (lock_duration and auto_offset_reset apart; locks and
  // dead letters on their way are use), if options.topic is the own one of another queue, or if the topic of the
  // queue's name is not its own; DataLoss if all partitions are damaged.
  static absl::StatusOr<Queue> Open(Broker& broker, std::string_view name, QueueOptions options = {});

  // Leases stay good.
  ~Queue();
  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::string& topic() const noexcept;

  // Locks the next record; a lease of nothing after `timeout`, or when `stop` is requested. A partition whose log
  // refuses, or that is damaged (DataLoss), makes it fail each time its turn comes; the others go on.
  absl::StatusOr<Lease> Receive(std::chrono::nanoseconds timeout, std::stop_token stop = {});
  // The same for as many records as there are, at most `max_records`; waits only while there is none. Cheaper by far
  // than one at a time. The records are pinned together until the last of the leases has gone.
  absl::StatusOr<std::vector<Lease>> ReceiveMany(size_t max_records, std::chrono::nanoseconds timeout,
                                                 std::stop_token stop = {});

  // --- waiting elsewhere than in Receive ---

  // As Consumer::ReadyDescriptor: readable as soon as a Receive may find something (a new record, one that came back, a
  // delay or a lock that has ended, Close), and until one has found nothing.
  absl::StatusOr<int> ReadyDescriptor();

  // Receives up to `max_records` at a time in tasks of `executor` and calls `callback` there, one call at a time, until
  // the one with an error, which is the last: Cancelled after Close or a request to stop, or what Receive answers. If
  // it throws, the leases that it holds release their records as they are destroyed, and that is reported to the log
  // with topic, partition and offsets; the next call follows. Several callbacks share the work. The executor must
  // outlive the last call.
  void OnLeases(Executor& executor, size_t max_records, LeasesCallback callback, std::stop_token stop = {});

  // Receive and ReceiveMany for coroutines: co_await them (moldau/awaitable.h). They receive, and go on, in tasks of
  // `executor`.
  Awaitable<absl::StatusOr<Lease>> ReceiveAsync(Executor& executor, std::chrono::nanoseconds timeout = kForever,
                                                std::stop_token stop = {});
  Awaitable<absl::StatusOr<std::vector<Lease>>> ReceiveManyAsync(Executor& executor, size_t max_records,
                                                                 std::chrono::nanoseconds timeout = kForever,
                                                                 std::stop_token stop = {});

  // --- what became of it ---

  // Acknowledges all that have no verdict; cheaper than one by one. The first failure, if any; the others are done
  // nevertheless.
  static absl::Status AckAll(std::span<Lease> leases);

  // All verdicts so far, of all consumers of the queue, are as durable as the broker's queue_state_durability says.
  absl::Status Commit();

  // Appends a record to the queue's topic, by the partitioner of Producer's default. With `not_before` it is not handed
  // out earlier, whatever its headers said. The receipt is that of Producer::Send.
  absl::StatusOr<Receipt> Send(const Record& record, std::optional<Timestamp> not_before = std::nullopt);

  absl::StatusOr<QueueDescription> Describe() const;

  // Wakes every Receive that waits; they and all later calls answer Cancelled. Commits. Idempotent. Leases stay good.
  absl::Status Close();

 private:
  explicit Queue(std::shared_ptr<client::QueueCore> core) noexcept;
  std::shared_ptr<client::QueueCore> core_;
};

}  // namespace moldau
