// A consumer behind its handle: its partitions in the order in which they take turns, its place in the group, and the
// wait for records on all partitions at once.
//
// consumer_core.cc opens, closes and commits; consumer_group.cc follows the group's rebalances; consumer_poll.cc polls
// and waits; consumer_async.cc does so for those who wait elsewhere; consumer_positions.cc moves positions.
//
// Threads: as moldau/consumer.h.   Ownership: shared by the Consumer and by calls that are inside it.
// Failure: as documented in moldau/consumer.h.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/core.h"
#include "client/consumer_partition.h"
#include "client/membership.h"
#include "client/readiness.h"
#include "client/topic_selection.h"
#include "moldau/assignor.h"
#include "moldau/base/event_count.h"
#include "moldau/consumer.h"
#include "protocol/offset_commit.h"

namespace moldau::client {

class ConsumerCore final : public std::enable_shared_from_this<ConsumerCore> {
 public:
  // --- consumer_core.cc ---
  static absl::StatusOr<std::shared_ptr<ConsumerCore>> Subscribe(std::shared_ptr<broker::Core> broker,
                                                                 ConsumerOptions options);
  static absl::StatusOr<std::shared_ptr<ConsumerCore>> Assign(std::shared_ptr<broker::Core> broker,
                                                              std::span<const TopicPartition> partitions,
                                                              ConsumerOptions options);
  ConsumerCore(const ConsumerCore&) = delete;
  ConsumerCore& operator=(const ConsumerCore&) = delete;

  absl::StatusOr<Receipt> Commit();
  absl::StatusOr<Receipt> Commit(const Offsets& offsets);
  absl::StatusOr<std::optional<int64_t>> Committed(const TopicPartition& partition);
  // With `confirm` what the last Poll returned counts as done.
  absl::Status Close(bool confirm);

  // --- consumer_poll.cc ---
  absl::StatusOr<ConsumerRecords> Poll(std::chrono::nanoseconds timeout, std::stop_token stop);
  void Wakeup() noexcept;
  absl::StatusOr<int> ReadyDescriptor();
  // What Poll answers at once; nullopt if nothing, and then the listener is told when that may have changed.
  using Answer = std::optional<absl::StatusOr<ConsumerRecords>>;
  Answer TryPoll(const std::shared_ptr<Readiness::Listener>& listener, const std::stop_token& stop);
  [[nodiscard]] Readiness& readiness() noexcept { return readiness_; }

  // --- consumer_async.cc ---
  Awaitable<absl::StatusOr<ConsumerRecords>> PollAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                       std::stop_token stop);
  void OnRecords(Executor& executor, RecordsCallback callback, std::stop_token stop);
  // What the callback that got these records has thrown, in words: they are not done, and are handed out again.
  absl::Status TakeBack(std::span<const PartitionRecords> parts, const std::string& thrown);

  // --- consumer_positions.cc ---
  absl::Status Seek(const TopicPartition& partition, int64_t offset);
  absl::Status SeekToBeginning();
  absl::Status SeekToEnd();
  absl::Status SeekToTime(Timestamp timestamp);
  absl::StatusOr<int64_t> Position(const TopicPartition& partition);
  absl::Status SetPaused(std::span<const TopicPartition> partitions, bool paused);
  std::vector<TopicPartition> Assignment();
  absl::StatusOr<int64_t> Lag(const TopicPartition& partition);
  absl::StatusOr<int64_t> Lag();

 private:
  // Holds the consumer for one call, or for one that a callback makes within another.
  class Entry {
   public:
    explicit Entry(ConsumerCore& core) noexcept : core_(core) {
      std::thread::id nobody;
      entered_ = core.user_.compare_exchange_strong(nobody, std::this_thread::get_id(), std::memory_order_seq_cst);
    }
    ~Entry() {
      if (!entered_) return;
      core_.user_.store({}, std::memory_order_seq_cst);
      core_.left_.Notify();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    [[nodiscard]] bool entered() const noexcept { return entered_; }
    // OK if the call may go on.
    [[nodiscard]] absl::Status status() const;
    // The same for calls that callbacks must not make.
    [[nodiscard]] absl::Status status_outside_callbacks() const;

   private:
    [[nodiscard]] bool is_nested() const noexcept;

    ConsumerCore& core_;
    bool entered_;
  };

  // Wakes the poll that waits, and tells those who wait elsewhere; costs two loads while nobody does.
  class PollWaker final : public base::Waker {
   public:
    PollWaker(base::EventCount& event, Readiness& readiness) noexcept : event_(event), readiness_(readiness) {}
    void Wake() noexcept override {
      event_.Notify();
      readiness_.Wake();
    }

   private:
    base::EventCount& event_;
    Readiness& readiness_;
  };
  class TailWatch;
  class PollTime;

  ConsumerCore(std::shared_ptr<broker::Core> broker, ConsumerOptions options);

  // --- consumer_core.cc ---
  // Where each partition begins; one that cannot tell yet says so when it is polled.
  enum class IfUnreadable : uint8_t { kFail, kKeep };
  absl::Status AddPartitions(std::span<const TopicPartition> sources, OffsetReset reset, IfUnreadable if_unreadable);
  // Without a group: those that the topics have got since the last look. Nothing in them is missed.
  absl::Status AddNewPartitions(OffsetReset reset);
  void RemoveReplaced();
  absl::StatusOr<std::map<TopicPartition, int64_t>> FetchCommitted(std::span<const TopicPartition> sources);
  absl::StatusOr<ConsumerPartition*> Find(const TopicPartition& source);
  absl::Status CheckGroup() const;
  absl::StatusOr<Receipt> SendCommit(protocol::OffsetCommitRequest request);
  absl::StatusOr<Receipt> CommitConfirmed();
  void AutoCommit();
  absl::Status FinishClose(bool confirm);
  // A topic as it is now; not there if it has no partitions.
  struct KnownTopic {
    Uuid id;
    int32_t partitions = 0;
  };
  [[nodiscard]] KnownTopic LookUp(const std::string& topic) const;

  // --- consumer_group.cc ---
  // Does what the group's state asks for, as far as that goes without waiting for others.
  absl::Status FollowGroup();
  absl::Status TakeSteps();
  void LookForNewTopics();
  absl::Status Join();
  absl::Status Sync();
  absl::Status AdoptAssignment();
  [[nodiscard]] bool IsYoungerThanSubscription(const TopicPartition& source) const;
  void Revoke(std::span<const TopicPartition> sources);
  void Lose(std::span<const TopicPartition> sources);
  void Remove(std::span<const TopicPartition> sources);
  void Call(const char* name, const RebalanceCallback& callback, std::span<const TopicPartition> sources);
  [[nodiscard]] std::vector<TopicPartition> Sources() const;

  // --- consumer_poll.cc ---
  Answer PollWith(const std::shared_ptr<Readiness::Listener>& listener, std::chrono::nanoseconds timeout,
                  const std::stop_token& stop);
  Answer Look(const std::stop_token& stop);
  Answer Wait(std::chrono::nanoseconds timeout, const std::stop_token& stop);
  Answer Arm(const std::shared_ptr<Readiness::Listener>& listener, const std::stop_token& stop);
  absl::StatusOr<ConsumerRecords> FetchAll();
  void ConfirmAndAutoCommit();
  [[nodiscard]] bool HasToAutoCommit() const;
  void DropIdleWatch();

  // --- consumer_positions.cc ---
  absl::Status ForEach(absl::FunctionRef<absl::Status(ConsumerPartition&)> visit);
  absl::Status MoveEach(absl::FunctionRef<absl::Status(ConsumerPartition&)> move);

  const std::shared_ptr<broker::Core> broker_;
  const ConsumerOptions options_;
  std::optional<TopicSelection> selection_;         // of a subscription
  std::map<std::string, KnownTopic> known_topics_;  // in a group, of the time of the subscription
  std::vector<std::unique_ptr<ConsumerPartition>> partitions_;
  uint64_t assignment_version_ = 0;  // changes with partitions_ and with which of them are paused
  std::map<TopicPartition, ConsumerPartition*> index_;
  size_t turn_ = 0;  // who is asked first
  std::vector<std::shared_ptr<const Assignor>> assignors_;
  bool is_cooperative_ = false;  // all of them are
  std::vector<std::string> joined_topics_;
  PartitionCounts led_counts_;  // what the assignment was made from, if this is the leader; else empty
  absl::Status callback_problem_;
  MonoTime next_auto_commit_{};
  Receipt last_commit_;  // durable only after all commits before it are
  absl::Status close_status_;
  bool has_left_ = false;
  bool waits_ = false;  // in Poll, and looks at nothing: what runs on its thread meanwhile may close the consumer

  base::EventCount event_;  // something that a waiting poll looks at has changed
  Readiness readiness_;     // the same for those who wait without standing in Poll
  PollWaker waker_{event_, readiness_};
  std::atomic<bool> woken_{false};
  std::atomic<bool> closed_{false};
  std::atomic<std::thread::id> user_{};             // who is inside
  std::atomic<std::thread::id> callback_thread_{};  // that is in a callback now
  base::EventCount left_;                           // nobody is inside any more
  std::shared_ptr<TailWatch> watch_;                // while the readiness is armed, and until the next answer
  std::optional<Membership> membership_;            // goes first: it wakes the waker
};

}  // namespace moldau::client
