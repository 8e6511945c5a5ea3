// Reads topics, from where its group stopped or from wherever it is told, and remembers how far it came.
//
//   auto baristas = moldau::Consumer::Subscribe(*broker, {.group = "baristas", .topics = {"orders"}}).value();
//   auto records = baristas.Poll(100ms).value();
//   for (const moldau::ConsumerRecord& r : records) Brew(r.key(), r.value());
//   baristas.Commit();
//
// The consumers of a group share the partitions of their topics: each partition belongs to one of them at a time. When
// one comes, leaves, or is not heard of for too long, the group rebalances: what a consumer has to give up it is told
// (on_revoked) before anyone else gets it.
//
// Delivery is at least once: a position is committed only after the records before it were handed out and a later Poll,
// Commit or Close said that they are done. A consumer that is destroyed without Close commits nothing of its last Poll.
//
// Threads: one at a time, or FailedPrecondition; but Wakeup, ReadyDescriptor and Close may be called from any thread at
// any time. Its callbacks run on the thread that is in Poll, Close or Subscribe, and may use the consumer, but for Poll
// and Close.
// Ownership: records may outlive the consumer, the consumer may outlive the broker.
// Failure: Cancelled after Close of the consumer or the broker; FailedPrecondition for a partition that is not
// assigned. What a group refuses carries Kafka's code: kUnknownMemberId, kIllegalGeneration, kRebalanceInProgress,
// kFencedInstanceId (for good: another consumer has taken the group_instance_id over), kInconsistentGroupProtocol, …
// Source: Kafka's consumer; KIP-62, KIP-345, KIP-429.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/assignor.h"
#include "moldau/awaitable.h"
#include "moldau/base/clock.h"
#include "moldau/consumer_records.h"
#include "moldau/receipt.h"
#include "moldau/types.h"

namespace moldau {

class Broker;
class Consumer;

namespace client {
class ConsumerCore;
}

// Where to read a partition of which the group has committed nothing, or of which the position is gone.
enum class OffsetReset : uint8_t {
  kEarliest,  // from the oldest record that is kept
  kLatest,    // only what comes from now on
  kNone,      // OutOfRange naming the valid range
};

// One of Kafka's assignors by its name, or one of the host's own (moldau/assignor.h).
class AssignorChoice {
 public:
  AssignorChoice(const char* name) : name_(name) {}             // NOLINT(google-explicit-constructor)
  AssignorChoice(std::string name) : name_(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  template <std::derived_from<Assignor> Own>
  AssignorChoice(std::shared_ptr<Own> own) : own_(std::move(own)) {}  // NOLINT(google-explicit-constructor)

  // InvalidArgument (kInconsistentGroupProtocol) for a name that is none.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const Assignor>> Find() const {
    if (own_ != nullptr) return own_;
    return FindAssignor(name_);
  }

 private:
  std::string name_;
  std::shared_ptr<const Assignor> own_;
};

// Told what is assigned to a consumer, or no longer. A callback that throws changes nothing: the Poll in which it ran
// returns Internal with what it threw, the partitions and their positions.
using RebalanceCallback = std::function<void(Consumer&, std::span<const TopicPartition>)>;

// Told what was polled; see Consumer::OnRecords.
using RecordsCallback = absl::AnyInvocable<void(absl::StatusOr<ConsumerRecords>)>;

struct ConsumerOptions {
  // With whom to share the partitions, and whose committed offsets to use. Empty: none; all partitions are read, and
  // there is nothing to commit.
  std::string group;
  // What Subscribe reads: topics that exist, or those whose whole name matches a pattern (an ECMAScript regular
  // expression), which may come and go. All partitions, those added later too.
  std::vector<std::string> topics;
  std::string pattern;

  // How the group's partitions are shared out, the most wanted first; its members must have one in common. Partitions
  // that stay are consumed on during a rebalance if all that are named are cooperative. A group that also has Kafka's
  // own clients may need "range", which all of them know.
  std::vector<AssignorChoice> assignors = {"cooperative-sticky"};

  // A name that the consumer keeps when it is started again (a static member): it then gets the same partitions as
  // before, without a rebalance, if it is back within session_timeout. Whoever comes with the name of another one
  // fences it. Made as the name of a topic is: at most 249 of a-z, A-Z, 0-9, '.', '_' and '-'.
  std::string group_instance_id;

  // Not heard of for so long, the consumer counts as dead and loses its partitions; within what the broker allows
  // (BrokerOptions::groups). It is heard of every heartbeat_interval, through the broker's executor and in Poll.
  std::chrono::milliseconds session_timeout = std::chrono::seconds(45);
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(3);
  // The longest time between two Polls. A consumer that needs longer leaves its group, and others go on where it
  // committed last; it joins again in its next Poll (on_lost). Also how long a rebalance waits for it.
  std::chrono::milliseconds max_poll_interval = std::chrono::minutes(5);

  // After partitions were added, and their positions found; before partitions are given up, when offsets can still be
  // committed (what earlier Polls returned has been, if enable_auto_commit); and instead of the latter if they belong
  // to others already, or their topic was deleted (on_revoked, if there is no on_lost).
  RebalanceCallback on_assigned;
  RebalanceCallback on_revoked;
  RebalanceCallback on_lost;

  OffsetReset auto_offset_reset = OffsetReset::kEarliest;

  // About how much one Poll returns; a batch is never split, so it may be more.
  size_t max_poll_bytes = size_t{1} << 20;
  // How many records one Poll returns at most; 0: as many as max_poll_bytes holds.
  size_t max_poll_records = 0;

  WaitStrategy wait = WaitStrategy::kPark;

  // Commits what earlier Polls returned: in a Poll, but not more often than this, before a partition is given up, and
  // at Close.
  bool enable_auto_commit = true;
  std::chrono::milliseconds auto_commit_interval = std::chrono::seconds(5);

  // Checks the crc of every batch, also of those that this process has written or checked before.
  bool check_crcs = false;
};

class Consumer final {
 public:
  // Reads options.topics or what options.pattern matches, as a member of options.group. A consumer that is alone in its
  // group has its partitions when this returns; with others it gets them in Poll, as they give them up in theirs.
  // InvalidArgument naming every problem; NotFound (kUnknownTopicOrPartition); what the group refuses
  // (kInconsistentGroupProtocol, kInvalidSessionTimeout, kGroupMaxSizeReached); Internal if an assignor throws.
  // A topic that is deleted and made anew under its name is another one: it is read from its first record on.
  static absl::StatusOr<Consumer> Subscribe(Broker& broker, ConsumerOptions options);

  // Reads these partitions, whoever else does. A group, if given, is used for committed offsets only; while it has
  // members it refuses commits from outside (kUnknownMemberId).
  static absl::StatusOr<Consumer> Assign(Broker& broker, std::span<const TopicPartition> partitions,
                                         ConsumerOptions options = {});

  // Leaves its group; commits what a later Poll has confirmed.
  ~Consumer();
  Consumer(Consumer&& other) noexcept;
  Consumer& operator=(Consumer&& other) noexcept;

  // The next records, taken from the partitions in turn, and what the group has to settle; empty after `timeout`, or
  // when `stop` is requested. Calling it says that the records of the Poll before are done. Cancelled after Wakeup
  // (once) and after Close. An error of one partition, such as OutOfRange or DataLoss, comes back each time its turn
  // comes; the others can be read on.
  absl::StatusOr<ConsumerRecords> Poll(std::chrono::nanoseconds timeout, std::stop_token stop = {});

  // Makes the Poll that is waiting, or else the next one, return Cancelled.
  void Wakeup() noexcept;

  // --- waiting elsewhere than in Poll ---

  // For the event loop of the host (epoll, Asio, libuv): readable as soon as there may be
  // something to do, which is records, but also a rebalance, an offset to commit, Wakeup or Close; and until a Poll has
  // found nothing, so that a loop calls Poll(0) each time and need not drain. Appends cost a system call only when they
  // make it readable. While it is not, the consumer counts as one that is in Poll.
  //
  // The same each time; nobody but the consumer, which owns it, reads or closes it. A host that drives the broker's
  // executor goes on to do so: timers make it readable, too. Cancelled after Close (it stays readable); an error if
  // there is no descriptor left.
  absl::StatusOr<int> ReadyDescriptor();

  // Polls in tasks of `executor` and calls `callback` there with what is found, one call at a time, until the one with
  // an error, which is the last: Cancelled after Close, Wakeup or a request to stop, or what Poll answers. If it throws
  // that is reported to the log with topic, partition and offsets, the positions go back to the first of these records,
  // and one more call tells it Internal.
  //
  // The tasks are the consumer's one user; until the last call, other members are for the callback. The executor must
  // outlive that call.
  void OnRecords(Executor& executor, RecordsCallback callback, std::stop_token stop = {});

  // Poll for coroutines: co_await it (moldau/awaitable.h). It polls, and goes on, in tasks of `executor`.
  Awaitable<absl::StatusOr<ConsumerRecords>> PollAsync(Executor& executor, std::chrono::nanoseconds timeout = kForever,
                                                       std::stop_token stop = {});

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

  // Commits the positions: all that Poll returned is done. FailedPrecondition (kInvalidGroupId) without a group, and if
  // the group refuses: a consumer that has lost its partitions changes nothing.
  absl::Status Commit();
  // Commits these: the offset of the next record to read, for partitions of any topic that exists.
  absl::Status Commit(const Offsets& offsets);
  // The same without waiting until they are durable. Whoever fetches them sees them at once.
  absl::StatusOr<Receipt> CommitAsync();
  absl::StatusOr<Receipt> CommitAsync(const Offsets& offsets);
  // What the group has committed; nullopt if nothing.
  absl::StatusOr<std::optional<int64_t>> Committed(const TopicPartition& partition) const;

  // Wakes a Poll that waits, commits the positions if enable_auto_commit, gives the partitions up (on_revoked) and
  // leaves the group; a static member stays in it until its session ends. Idempotent. FailedPrecondition in a callback
  // or an assignor of its own; a task that the executor runs on the thread that waits in Poll may close it.
  absl::Status Close();

 private:
  friend class client::ConsumerCore;  // makes the handle that callbacks get
  explicit Consumer(std::shared_ptr<client::ConsumerCore> core) noexcept;
  void CloseIfOpen() noexcept;
  std::shared_ptr<client::ConsumerCore> core_;
};

}  // namespace moldau
