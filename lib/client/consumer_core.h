// A consumer behind its handle: its partitions in the order in which they take turns, its place in the group, and the
// wait for records on all partitions at once.
//
// consumer_core.cc opens, closes and commits; consumer_poll.cc polls and waits; consumer_positions.cc moves positions.
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
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/core.h"
#include "client/consumer_partition.h"
#include "coordinator/group_registry.h"
#include "coordinator/offset_store.h"
#include "moldau/base/event_count.h"
#include "moldau/consumer.h"

namespace moldau::client {

class ConsumerCore final {
 public:
  // --- consumer_core.cc ---
  static absl::StatusOr<std::shared_ptr<ConsumerCore>> Subscribe(std::shared_ptr<broker::Core> broker,
                                                                 ConsumerOptions options);
  static absl::StatusOr<std::shared_ptr<ConsumerCore>> Assign(std::shared_ptr<broker::Core> broker,
                                                              std::span<const TopicPartition> partitions,
                                                              ConsumerOptions options);
  ConsumerCore(const ConsumerCore&) = delete;
  ConsumerCore& operator=(const ConsumerCore&) = delete;

  absl::Status Commit();
  absl::Status Commit(const Offsets& offsets);
  absl::StatusOr<std::optional<int64_t>> Committed(const TopicPartition& partition);
  // With `confirm` what the last Poll returned counts as done.
  absl::Status Close(bool confirm);

  // --- consumer_poll.cc ---
  absl::StatusOr<ConsumerRecords> Poll(std::chrono::nanoseconds timeout, std::stop_token stop);
  void Wakeup() noexcept;

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
  // Holds the consumer for one call.
  class Entry {
   public:
    explicit Entry(ConsumerCore& core) noexcept
        : core_(core), entered_(!core.in_use_.exchange(true, std::memory_order_seq_cst)) {}
    ~Entry() {
      if (!entered_) return;
      core_.in_use_.store(false, std::memory_order_seq_cst);
      core_.left_.Notify();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    [[nodiscard]] bool entered() const noexcept { return entered_; }
    // OK if the call may go on.
    [[nodiscard]] absl::Status status() const;

   private:
    ConsumerCore& core_;
    const bool entered_;
  };

  // Wakes the poll that waits; costs one load while none does.
  class PollWaker final : public base::Waker {
   public:
    explicit PollWaker(base::EventCount& event) noexcept : event_(event) {}
    void Wake() noexcept override { event_.Notify(); }

   private:
    base::EventCount& event_;
  };
  class TailWatch;

  struct Subscription {
    std::shared_ptr<broker::TopicState> topic;
    int32_t known_partitions = 0;
  };

  ConsumerCore(std::shared_ptr<broker::Core> broker, ConsumerOptions options);

  // --- consumer_core.cc ---
  absl::Status JoinGroup();
  absl::Status AddPartitions(std::span<const TopicPartition> sources, OffsetReset reset);
  // Those that subscribed topics have got since the last look. Nothing in them is missed.
  absl::Status AddNewPartitions(OffsetReset reset);
  absl::StatusOr<ConsumerPartition*> Find(const TopicPartition& source);
  absl::Status CheckGroup() const;
  absl::StatusOr<Receipt> StartCommit(const Offsets& offsets);
  absl::Status CommitConfirmed();

  // --- consumer_poll.cc ---
  using Answer = std::optional<absl::StatusOr<ConsumerRecords>>;
  Answer Look(const std::stop_token& stop);
  absl::StatusOr<ConsumerRecords> FetchAll();
  static bool Spin(absl::FunctionRef<bool()> done, int times);
  void ConfirmAndAutoCommit();

  // --- consumer_positions.cc ---
  absl::Status ForEach(absl::FunctionRef<absl::Status(ConsumerPartition&)> visit);

  const std::shared_ptr<broker::Core> broker_;
  const ConsumerOptions options_;
  std::vector<Subscription> subscriptions_;
  std::vector<std::unique_ptr<ConsumerPartition>> partitions_;
  std::map<TopicPartition, ConsumerPartition*> index_;
  size_t turn_ = 0;  // who is asked first
  coordinator::GroupRegistry::Membership membership_;
  MonoTime next_auto_commit_{};
  absl::Status close_status_;
  bool has_left_ = false;

  base::EventCount event_;  // something that a waiting poll looks at has changed
  PollWaker waker_{event_};
  std::atomic<bool> woken_{false};
  std::atomic<bool> closed_{false};
  std::atomic<bool> in_use_{false};
  base::EventCount left_;  // in_use_ became false
};

}  // namespace moldau::client
