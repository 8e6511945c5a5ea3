// Polling: ask the partitions in turn; if none has anything, wait for all of them.
#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "client/consumer_core.h"
#include "client/spin.h"

namespace moldau::client {
// Registered with everything that can end a wait, while it lives.
class ConsumerCore::TailWatch {
 public:
  explicit TailWatch(ConsumerCore& core) : core_(core) {
    core_.broker_->AddCloseWaker(&core_.waker_);
    if (core_.selection_) core_.broker_->AddTopicsWaker(&core_.waker_);
    for (const auto& partition : core_.partitions_) {
      // A partition that refuses tells why when it is asked for records.
      if (!partition->paused && partition->partition().AddTailWaker(&core_.waker_).ok())
        watched_.push_back(partition->partition());
    }
  }
  ~TailWatch() {
    for (Partition& partition : watched_) partition.RemoveTailWaker(&core_.waker_);
    if (core_.selection_) core_.broker_->RemoveTopicsWaker(&core_.waker_);
    core_.broker_->RemoveCloseWaker(&core_.waker_);
  }
  TailWatch(const TailWatch&) = delete;
  TailWatch& operator=(const TailWatch&) = delete;

  // False once the consumer has got other partitions.
  [[nodiscard]] bool is_complete() const noexcept { return version_ == core_.assignment_version_; }

 private:
  ConsumerCore& core_;
  const uint64_t version_ = core_.assignment_version_;
  std::vector<Partition> watched_;  // the consumer may give them up meanwhile
};

// A consumer that waits for records, here or elsewhere, is not one that is slow.
class ConsumerCore::PollTime {
 public:
  explicit PollTime(ConsumerCore& core) : core_(core) {
    if (core_.membership_) core_.membership_->EnterPoll();
  }
  ~PollTime() {
    if (core_.membership_ && !core_.readiness_.is_armed()) core_.membership_->LeavePoll();
  }
  PollTime(const PollTime&) = delete;
  PollTime& operator=(const PollTime&) = delete;

 private:
  ConsumerCore& core_;
};

absl::StatusOr<ConsumerRecords> ConsumerCore::Poll(std::chrono::nanoseconds timeout, std::stop_token stop) {
  Answer answer = PollWith(nullptr, timeout, stop);
  return answer ? *std::move(answer) : ConsumerRecords();
}

ConsumerCore::Answer ConsumerCore::TryPoll(const std::shared_ptr<Readiness::Listener>& listener,
                                           const std::stop_token& stop) {
  return PollWith(listener, std::chrono::nanoseconds(0), stop);
}

ConsumerCore::Answer ConsumerCore::PollWith(const std::shared_ptr<Readiness::Listener>& listener,
                                            std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  const Entry entry(*this);
  if (absl::Status status = entry.status_outside_callbacks(); !status.ok()) return status;
  const PollTime time(*this);
  ConfirmAndAutoCommit();
  Answer answer = Look(stop);
  if (!answer && timeout.count() > 0) answer = Wait(timeout, stop);
  if (!answer && (listener != nullptr || readiness_.has_descriptor())) answer = Arm(listener, stop);
  if (answer) DropIdleWatch();
  return answer;
}

// What is there before `timeout` has passed; nullopt if nothing is.
ConsumerCore::Answer ConsumerCore::Wait(std::chrono::nanoseconds timeout, const std::stop_token& stop) {
  Answer answer;
  Executor& executor = broker_->environment().executor();
  const MonoTime deadline = DeadlineAfter(executor.clock(), timeout);
  const std::stop_callback on_stop(stop, [this] { event_.Wake(); });
  const auto done = [&] {
    const bool waits = std::exchange(waits_, false);
    if (!answer) answer = Look(stop);
    waits_ = waits;
    return answer.has_value();
  };
  waits_ = true;
  const bool is_done = SpinUntil(options_.wait, executor, event_, done, deadline);
  waits_ = false;
  if (is_done) return answer;
  bool again = true;
  while (again) {
    const TailWatch watch(*this);
    const auto done_or_grown = [&] { return done() || !watch.is_complete(); };
    waits_ = true;
    executor.WaitUntil(event_, done_or_grown, deadline);
    waits_ = false;
    again = !answer && !watch.is_complete();
  }
  return answer;
}

// Nothing was found: whoever waits elsewhere is told of what comes from here on, and what came before is looked for
// once more.
ConsumerCore::Answer ConsumerCore::Arm(const std::shared_ptr<Readiness::Listener>& listener,
                                       const std::stop_token& stop) {
  Answer answer;
  do {
    if (watch_ == nullptr || !watch_->is_complete()) watch_ = std::make_shared<TailWatch>(*this);
    readiness_.Arm(listener);
    answer = Look(stop);
  } while (!answer && !watch_->is_complete());
  if (answer) readiness_.Wake();  // there may be more
  if (!answer && HasToAutoCommit()) readiness_.WakeAt(next_auto_commit_);
  return answer;
}

// What a poll has to answer now; nullopt if it has to wait.
ConsumerCore::Answer ConsumerCore::Look(const std::stop_token& stop) {
  if (closed_.load(std::memory_order_seq_cst)) return absl::CancelledError("consumer: closed");
  if (woken_.load(std::memory_order_relaxed) && woken_.exchange(false, std::memory_order_seq_cst)) {
    return absl::CancelledError("consumer: woken up");
  }
  if (broker_->closing()) return absl::CancelledError("consumer: the broker was closed");
  if (stop.stop_requested()) return ConsumerRecords();
  absl::Status status = membership_ ? FollowGroup() : AddNewPartitions(OffsetReset::kEarliest);
  if (!status.ok()) return status;
  absl::StatusOr<ConsumerRecords> records = FetchAll();
  if (records.ok() && records->empty()) return std::nullopt;
  return records;
}

absl::StatusOr<ConsumerRecords> ConsumerCore::FetchAll() {
  std::vector<PartitionRecords> parts;
  size_t bytes_left = options_.max_poll_bytes;
  size_t records_left = options_.max_poll_records == 0 ? SIZE_MAX : options_.max_poll_records;
  const size_t first = turn_;
  for (size_t i = 0; i < partitions_.size() && bytes_left > 0 && records_left > 0; ++i) {
    const size_t at = (first + i) % partitions_.size();
    if (partitions_[at]->paused) continue;
    absl::StatusOr<std::optional<ConsumerPartition::Fetched>> fetched = partitions_[at]->Fetch(records_left);
    if (!fetched.ok()) {
      // What others have given already comes first; then it is this one's turn again.
      turn_ = parts.empty() ? at + 1 : at;
      if (parts.empty()) return std::move(fetched).status();
      break;
    }
    if (!*fetched) continue;
    parts.push_back(std::move((*fetched)->records));
    bytes_left -= std::min((*fetched)->bytes, bytes_left);
    if (records_left != SIZE_MAX) records_left -= (*fetched)->count;
    turn_ = at + 1;
  }
  return ConsumerRecords(std::move(parts));
}

void ConsumerCore::ConfirmAndAutoCommit() {
  for (const auto& partition : partitions_) partition->Confirm();
  if (!options_.enable_auto_commit || options_.group.empty()) return;
  Clock& clock = broker_->environment().clock();
  if (clock.Now() < next_auto_commit_) return;
  next_auto_commit_ = DeadlineAfter(clock, options_.auto_commit_interval);
  AutoCommit();
}

// Whether something that is done has not been committed yet.
bool ConsumerCore::HasToAutoCommit() const {
  return options_.enable_auto_commit && !options_.group.empty() &&
         std::any_of(partitions_.begin(), partitions_.end(),
                     [](const auto& partition) { return partition->Uncommitted().has_value(); });
}

void ConsumerCore::DropIdleWatch() {
  if (watch_ != nullptr && !readiness_.is_armed()) watch_.reset();
}

void ConsumerCore::Wakeup() noexcept {
  woken_.store(true, std::memory_order_seq_cst);
  event_.Wake();
  readiness_.Wake();
}

absl::StatusOr<int> ConsumerCore::ReadyDescriptor() {
  if (closed_.load(std::memory_order_seq_cst)) return absl::CancelledError("consumer: closed");
  MOLDAU_RETURN_IF_ERROR(broker_->environment().CheckProcess());
  return readiness_.OpenDescriptor();
}

}  // namespace moldau::client
