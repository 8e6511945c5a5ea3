// A queue behind its handle: the partitions that it works on, in the order in which they take turns, and the wait for
// records, for locks that lapse and for delays that end, on all partitions at once.
//
// queue_core.cc opens and closes; queue_receive.cc hands out; queue_async.cc does so for those who wait elsewhere.
//
// Threads: all members may be called from any thread.   Ownership: shared by the Queue and by calls that are inside it.
// Failure: as documented in moldau/queue.h.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "broker/core.h"
#include "client/age_meter.h"
#include "client/readiness.h"
#include "coordinator/share_partition.h"
#include "moldau/base/event_count.h"
#include "moldau/producer.h"
#include "moldau/queue.h"

namespace moldau::client {

// What the leases of one receive from one partition have in common: the bytes of their records, and whom to tell.
class LeaseBatch {
 public:
  LeaseBatch(std::shared_ptr<broker::Core> broker, std::shared_ptr<coordinator::SharePartition> partition,
             std::chrono::nanoseconds lock_duration, std::vector<std::shared_ptr<const FetchedRecords>> pins)
      : broker_(std::move(broker)),
        partition_(std::move(partition)),
        lock_duration_(lock_duration),
        pins_(std::move(pins)) {}

  [[nodiscard]] coordinator::SharePartition& partition() const noexcept { return *partition_; }
  [[nodiscard]] std::chrono::nanoseconds lock_duration() const noexcept { return lock_duration_; }

  // Appends a lease for each item.
  static void MakeLeases(const std::shared_ptr<const LeaseBatch>& batch,
                         const std::vector<coordinator::ShareDelivery::Item>& items, std::vector<Lease>& leases);

 private:
  const std::shared_ptr<broker::Core> broker_;  // goes last
  const std::shared_ptr<coordinator::SharePartition> partition_;
  const std::chrono::nanoseconds lock_duration_;
  const std::vector<std::shared_ptr<const FetchedRecords>> pins_;
};

class QueueCore final : public std::enable_shared_from_this<QueueCore> {
 public:
  // --- queue_core.cc ---
  static absl::StatusOr<std::shared_ptr<QueueCore>> Open(std::shared_ptr<broker::Core> broker, std::string_view name,
                                                         QueueOptions options, Producer producer);
  ~QueueCore();
  QueueCore(const QueueCore&) = delete;
  QueueCore& operator=(const QueueCore&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& topic() const noexcept { return topic_->info().name; }

  absl::Status Commit();
  absl::StatusOr<Receipt> Send(const Record& record, std::optional<Timestamp> not_before);
  absl::StatusOr<QueueDescription> Describe();
  // With `commit` the verdicts so far are durable.
  absl::Status Close(bool commit);

  // --- queue_receive.cc ---
  absl::StatusOr<std::vector<Lease>> Receive(size_t max_records, std::chrono::nanoseconds timeout,
                                             std::stop_token stop);
  absl::StatusOr<int> ReadyDescriptor();
  // What Receive answers at once; nullopt if nothing, and then the listener is told when that may have changed.
  using Answer = std::optional<absl::StatusOr<std::vector<Lease>>>;
  Answer TryReceive(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records,
                    const std::stop_token& stop);
  [[nodiscard]] Readiness& readiness() noexcept { return readiness_; }

  // --- queue_async.cc ---
  Awaitable<absl::StatusOr<Lease>> ReceiveAsync(Executor& executor, std::chrono::nanoseconds timeout,
                                                std::stop_token stop);
  Awaitable<absl::StatusOr<std::vector<Lease>>> ReceiveManyAsync(Executor& executor, size_t max_records,
                                                                 std::chrono::nanoseconds timeout,
                                                                 std::stop_token stop);
  void OnLeases(Executor& executor, size_t max_records, LeasesCallback callback, std::stop_token stop);
  [[nodiscard]] base::Logger& logger() const noexcept { return broker_->environment().logger(); }

 private:
  struct Partitions {
    std::vector<std::shared_ptr<coordinator::SharePartition>> open;
    std::vector<absl::Status> refused;  // of those that are damaged: what a receive answers when their turn comes

    [[nodiscard]] size_t size() const noexcept { return open.size() + refused.size(); }
  };

  // Wakes the receives that wait, and tells those who wait elsewhere.
  class EventWaker final : public base::Waker {
   public:
    EventWaker(base::EventCount& event, Readiness& readiness) noexcept : event_(event), readiness_(readiness) {}
    void Wake() noexcept override {
      event_.Notify();
      readiness_.Wake();
    }

   private:
    base::EventCount& event_;
    Readiness& readiness_;
  };
  class Watch;

  QueueCore(std::shared_ptr<broker::Core> broker, std::string_view name, QueueOptions options, Producer producer);

  // --- queue_core.cc ---
  absl::Status OpenTopic();
  absl::Status OpenDeadLetterTopic();
  [[nodiscard]] coordinator::ShareOptions ForPartitions() const;
  [[nodiscard]] absl::Status CheckUsable() const;
  // Those that the topic has by now.
  absl::StatusOr<std::shared_ptr<const Partitions>> AllPartitions();

  // --- queue_receive.cc ---
  Answer ReceiveWith(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records,
                     std::chrono::nanoseconds timeout, const std::stop_token& stop);
  Answer Look(size_t max_records, const std::stop_token& stop);
  Answer Wait(size_t max_records, std::chrono::nanoseconds timeout, const std::stop_token& stop);
  Answer Arm(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records, const std::stop_token& stop);
  void DropIdleWatch();
  // Whether there is more to look at.
  absl::StatusOr<bool> Take(const std::shared_ptr<coordinator::SharePartition>& partition, size_t max_records,
                            std::vector<Lease>& leases);

  const std::shared_ptr<broker::Core> broker_;
  const std::string name_;
  const QueueOptions options_;
  std::shared_ptr<broker::TopicState> topic_;
  bool owns_topic_ = false;
  Producer producer_;
  AgeMeter age_meter_;

  base::Mutex mutex_;
  std::shared_ptr<const Partitions> partitions_ ABSL_GUARDED_BY(mutex_);
  std::atomic<size_t> turn_{0};  // which partition is asked first
  std::atomic<bool> closed_{false};
  base::EventCount event_;  // something that a waiting receive looks at has changed
  Readiness readiness_;     // the same for those who wait without standing in Receive
  base::Mutex watch_mutex_;
  std::shared_ptr<Watch> watch_ ABSL_GUARDED_BY(watch_mutex_);  // at least while the readiness is armed
};

}  // namespace moldau::client
