// Receiving: ask the partitions in turn; if none has anything to hand out, wait for all of them.
#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "client/queue_core.h"
#include "client/spin.h"
#include "coordinator/share_time.h"

namespace moldau::client {

// Registered with everything that can end a wait, while it lives.
class QueueCore::Watch {
 public:
  explicit Watch(QueueCore& core, std::shared_ptr<const Partitions> partitions)
      : core_(core), partitions_(std::move(partitions)), waker_(core.event_, core.readiness_) {
    core_.broker_->AddCloseWaker(&waker_);
    core_.broker_->AddTopicsWaker(&waker_);
    for (const auto& partition : partitions_->open) {
      partition->AddWaker(&waker_);
      partition->log().AddTailWaker(&waker_);
    }
  }
  ~Watch() {
    for (const auto& partition : partitions_->open) {
      partition->log().RemoveTailWaker(&waker_);
      partition->RemoveWaker(&waker_);
    }
    core_.broker_->RemoveTopicsWaker(&waker_);
    core_.broker_->RemoveCloseWaker(&waker_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // False once there are partitions that it does not watch.
  [[nodiscard]] bool is_complete() const noexcept {
    return core_.topic_->partition_count() == static_cast<int32_t>(partitions_->size());
  }
  // When a lock or a delay ends, if nothing else happens.
  [[nodiscard]] MonoTime NextDue() const {
    MonoTime due = kForever;
    for (const auto& partition : partitions_->open) due = std::min(due, partition->NextDue());
    return due;
  }

 private:
  QueueCore& core_;
  const std::shared_ptr<const Partitions> partitions_;
  EventWaker waker_;
};

absl::StatusOr<std::vector<Lease>> QueueCore::Receive(size_t max_records, std::chrono::nanoseconds timeout,
                                                      std::stop_token stop) {
  Answer answer = ReceiveWith(nullptr, max_records, timeout, stop);
  return answer ? *std::move(answer) : std::vector<Lease>();
}

QueueCore::Answer QueueCore::TryReceive(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records,
                                        const std::stop_token& stop) {
  return ReceiveWith(listener, max_records, std::chrono::nanoseconds(0), stop);
}

QueueCore::Answer QueueCore::ReceiveWith(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records,
                                         std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  if (max_records == 0) return absl::InvalidArgumentError("queue: max_records is 0");
  Answer answer = Look(max_records, stop);
  if (!answer && timeout.count() > 0) answer = Wait(max_records, timeout, stop);
  if (!answer && (listener != nullptr || readiness_.has_descriptor())) answer = Arm(listener, max_records, stop);
  if (answer) DropIdleWatch();
  return answer;
}

// What is there before `timeout` has passed; nullopt if nothing is.
QueueCore::Answer QueueCore::Wait(size_t max_records, std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  Answer answer;
  Executor& executor = broker_->environment().executor();
  const MonoTime deadline = DeadlineAfter(executor.clock(), timeout);
  const std::stop_callback on_stop(stop, [this] { event_.Wake(); });
  const auto look = [&] { return answer || (answer = Look(max_records, stop)); };
  if (SpinUntil(options_.wait, executor, event_, look, deadline)) return answer;
  while (!answer) {
    absl::StatusOr<std::shared_ptr<const Partitions>> partitions = AllPartitions();
    if (!partitions.ok()) return std::move(partitions).status();
    const Watch watch(*this, *std::move(partitions));
    // A wake-up may also say that a lock or a delay ends earlier than was known.
    MonoTime due{0};
    const auto done = [&] {
      answer = Look(max_records, stop);
      const MonoTime next = answer ? kForever : watch.NextDue();
      return answer.has_value() || !watch.is_complete() || std::exchange(due, next) != next;
    };
    while (!answer && watch.is_complete()) {
      done();
      if (answer || !watch.is_complete()) break;
      executor.WaitUntil(event_, done, std::min(deadline, due));
      if (!answer && executor.clock().Now() >= deadline) return std::nullopt;
    }
  }
  return answer;
}

// Nothing was found: whoever waits elsewhere is told of what comes from here on, and what came before is looked for
// once more.
QueueCore::Answer QueueCore::Arm(const std::shared_ptr<Readiness::Listener>& listener, size_t max_records,
                                 const std::stop_token& stop) {
  for (;;) {
    absl::StatusOr<std::shared_ptr<const Partitions>> partitions = AllPartitions();
    if (!partitions.ok()) return std::move(partitions).status();
    {
      const base::MutexLock lock(watch_mutex_);
      if (watch_ == nullptr || !watch_->is_complete()) watch_ = std::make_shared<Watch>(*this, *std::move(partitions));
      readiness_.Arm(listener);
    }
    Answer answer = Look(max_records, stop);
    if (answer) {
      readiness_.Wake();  // there may be more
      return answer;
    }
    const base::MutexLock lock(watch_mutex_);
    // If it has gone, somebody else was given something, and told all. Locks and delays that end are told by timers of
    // the partitions.
    if (watch_ == nullptr || watch_->is_complete()) return std::nullopt;
  }
}

void QueueCore::DropIdleWatch() {
  if (!readiness_.was_armed()) [[likely]]
    return;
  std::shared_ptr<Watch> dropped;  // after the lock
  const base::MutexLock lock(watch_mutex_);
  if (!readiness_.is_armed()) dropped = std::move(watch_);
}

absl::StatusOr<int> QueueCore::ReadyDescriptor() {
  MOLDAU_RETURN_IF_ERROR(CheckUsable());
  return readiness_.OpenDescriptor();
}

// What a receive has to answer now; nullopt if it has to wait.
QueueCore::Answer QueueCore::Look(size_t max_records, const std::stop_token& stop) {
  if (absl::Status status = CheckUsable(); !status.ok()) return status;
  if (stop.stop_requested()) return std::vector<Lease>();
  const absl::StatusOr<std::shared_ptr<const Partitions>> partitions = AllPartitions();
  if (!partitions.ok()) return partitions.status();
  std::vector<Lease> leases;
  const std::vector<std::shared_ptr<coordinator::SharePartition>>& open = (*partitions)->open;
  const size_t count = (*partitions)->size();
  const size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  for (size_t i = 0; i < count && leases.size() < max_records; ++i) {
    const size_t which = (first + i) % count;
    if (which >= open.size()) {
      if (i == 0) return (*partitions)->refused[which - open.size()];
      continue;
    }
    absl::StatusOr<bool> has_more = true;
    while (has_more.ok() && *has_more && leases.size() < max_records) {
      if (stop.stop_requested() || !CheckUsable().ok()) break;
      has_more = Take(open[which], max_records - leases.size(), leases);
    }
    if (has_more.ok()) continue;
    // What others have given already comes first; then it is this one's turn again.
    if (leases.empty()) return std::move(has_more).status();
    break;
  }
  if (leases.empty()) return std::nullopt;
  return leases;
}

absl::StatusOr<bool> QueueCore::Take(const std::shared_ptr<coordinator::SharePartition>& partition, size_t max_records,
                                     std::vector<Lease>& leases) {
  coordinator::ShareDelivery delivery;
  const std::chrono::nanoseconds lock_duration = coordinator::ToWait(options_.lock_duration);
  MOLDAU_RETURN_IF_ERROR(partition->Acquire(max_records, lock_duration, delivery));
  if (delivery.items.empty()) return delivery.has_more;
  // A record that comes back has waited for other reasons.
  const coordinator::ShareDelivery::Item& first = delivery.items.front();
  if (first.delivery_count == 1) age_meter_.Observe(first.record);
  const auto batch = std::make_shared<const LeaseBatch>(broker_, partition, lock_duration, std::move(delivery.pins));
  LeaseBatch::MakeLeases(batch, delivery.items, leases);
  return delivery.has_more;
}

}  // namespace moldau::client
