// A producer behind its handle: the topics it has sent to, its memory, what is under way, and how it ends.
//
// Its life: open -> closing (Send refuses, what is there is appended) -> closed. The broker's close does the first step
// too.
//
// Threads: all members may be called from any thread.   Ownership: shared by the Producer and by batches that are out.
// Failure: as documented in moldau/producer.h.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/spin_mutex.h"
#include "base/string_map.h"
#include "base/task_scope.h"
#include "broker/core.h"
#include "client/batch_pool.h"
#include "client/linger_timer.h"
#include "client/producer_topic.h"
#include "moldau/base/random.h"
#include "moldau/producer.h"

namespace moldau::client {

class ProducerCore final : public std::enable_shared_from_this<ProducerCore>, private base::Waker {
 public:
  // A core whose options are bad answers what is wrong with them to every call.
  static std::shared_ptr<ProducerCore> Make(std::shared_ptr<broker::Core> broker, ProducerOptions options);
  ~ProducerCore();

  [[nodiscard]] const absl::Status& options_status() const noexcept { return options_status_; }
  [[nodiscard]] const ProducerOptions& options() const noexcept { return options_; }
  [[nodiscard]] Executor& executor() const noexcept { return executor_; }
  [[nodiscard]] Clock& clock() const noexcept { return broker_->environment().clock(); }
  [[nodiscard]] BatchPool& pool() noexcept { return pool_; }

  // --- as in moldau/producer.h ---
  absl::StatusOr<Receipt> Send(std::string_view topic, const Record& record, bool may_wait) {
    ProducerTopic* found = last_topic_.load(std::memory_order_acquire);
    if (found == nullptr || found->name() != topic) [[unlikely]] {
      absl::StatusOr<ProducerTopic*> looked_up = FindTopic(topic);
      if (!looked_up.ok()) return std::move(looked_up).status();
      found = *looked_up;
    }
    return Send(*found, record, may_wait);
  }
  absl::StatusOr<Receipt> Send(const std::shared_ptr<broker::TopicState>& topic, const Record& record, bool may_wait) {
    ProducerTopic* found = last_topic_.load(std::memory_order_acquire);
    if (found == nullptr || found->state() != topic) [[unlikely]] {
      absl::StatusOr<ProducerTopic*> looked_up = FindTopic(topic);
      if (!looked_up.ok()) return std::move(looked_up).status();
      found = *looked_up;
    }
    return Send(*found, record, may_wait);
  }
  absl::Status Flush(std::chrono::nanoseconds timeout);
  absl::Status Close(std::chrono::nanoseconds timeout);

  // --- for senders ---
  absl::StatusOr<Receipt> Send(ProducerTopic& topic, const Record& record, bool may_wait) {
    absl::StatusOr<PartitionSender*> sender = topic.Choose(record);
    if (!sender.ok()) [[unlikely]]
      return std::move(sender).status();
    return (*sender)->Send(record, may_wait);
  }
  // A batch with room for `bytes`. Makes room by appending other batches; waits if back-pressure says so and
  // `may_wait`.
  absl::StatusOr<ProducerBatch*> Acquire(size_t bytes, bool may_wait);
  // It was not needed.
  void GiveBack(ProducerBatch* batch);
  // The batch has been appended or has failed. The sender keeps its references for now.
  void OnSettled(ProducerBatch* batch);
  // Runs them soon, not on this thread; at once when the producer is closed.
  void PostCallbacks(Receipt receipt, std::vector<ProducerBatch::Callback> callbacks);
  // False once the producer is closed: the task will not run.
  bool Post(Executor::Task task) { return tasks_.Post(std::move(task)) != 0; }
  void Linger(PartitionSender& sender) { linger_.Add(sender); }
  [[nodiscard]] absl::Status CheckProcess() const { return broker_->environment().CheckProcess(); }
  // What marks this producer's batches.
  absl::StatusOr<coordinator::ProducerIdentity> ProducerId();
  // Another one, for a partition that has lost count of the first.
  absl::StatusOr<coordinator::ProducerIdentity> NewProducerId();
  // Its topic is not there any more: the next Send looks its name up again.
  void Forget(const ProducerTopic& topic);

 private:
  ProducerCore(std::shared_ptr<broker::Core> broker, ProducerOptions options);

  absl::StatusOr<ProducerTopic*> FindTopic(std::string_view name);
  absl::StatusOr<ProducerTopic*> FindTopic(const std::shared_ptr<broker::TopicState>& state);
  [[nodiscard]] std::vector<ProducerTopic*> Topics();

  void Wake() noexcept override;  // the broker closes
  void Stop(const absl::Status& why, bool cancel);
  void PushAll();
  void RunCallbacks();

  bool PushOldest();
  bool Reap();
  void OnDone(ProducerBatch* batch);
  void Abandon();
  absl::Status WaitForMemory(size_t bytes, MonoTime deadline, absl::Status full);
  [[nodiscard]] std::optional<Receipt> OldestInFlight();
  std::vector<Receipt> Unfinished();
  // Waits for all that is under way; how many batches still are at the deadline.
  int64_t CountUnfinishedAt(MonoTime deadline);

  const std::shared_ptr<broker::Core> broker_;
  const ProducerOptions options_;
  const absl::Status options_status_;
  Executor& executor_;
  std::atomic<ProducerTopic*> last_topic_{nullptr};  // the one that was asked for last
  BatchPool pool_;
  base::TaskScope tasks_;
  LingerTimer linger_;

  base::Mutex topics_mutex_;
  base::StringMap<ProducerTopic*> topics_ ABSL_GUARDED_BY(topics_mutex_);
  std::vector<std::unique_ptr<ProducerTopic>> all_topics_ ABSL_GUARDED_BY(topics_mutex_);  // forgotten ones too
  absl::Status stopped_ ABSL_GUARDED_BY(topics_mutex_);
  Random random_ ABSL_GUARDED_BY(topics_mutex_);

  base::Mutex producer_id_mutex_;
  std::optional<coordinator::ProducerIdentity> producer_id_ ABSL_GUARDED_BY(producer_id_mutex_);

  // Appended, not yet durable; the oldest first. Each with a reference to its batch, which keeps us alive in turn.
  base::SpinMutex in_flight_mutex_;
  bool abandoned_ ABSL_GUARDED_BY(in_flight_mutex_) = false;  // closed: nobody looks at them any more
  std::deque<ProducerBatch*> in_flight_ ABSL_GUARDED_BY(in_flight_mutex_);
  absl::Status first_failure_ ABSL_GUARDED_BY(in_flight_mutex_);  // since the last Flush

  base::Mutex callbacks_mutex_;
  std::deque<std::pair<Receipt, std::vector<ProducerBatch::Callback>>> callbacks_ ABSL_GUARDED_BY(callbacks_mutex_);

  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
  base::EventCount closed_event_;
  absl::Status close_status_;  // before closed_
};

}  // namespace moldau::client
