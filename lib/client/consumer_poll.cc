// Polling: ask the partitions in turn; if none has anything, wait for all of them.
#include <algorithm>
#include <utility>

#include "base/cpu_relax.h"
#include "base/status_builder.h"
#include "client/consumer_core.h"

namespace moldau::client {
namespace {

// About ten microseconds of looking before a thread goes to sleep: less than what a sleep and a wake-up cost.
constexpr int kBackoffSpins = 200;
// How often a spinning thread looks at the clock and lets the host's executor work.
constexpr int kSpinsPerBreak = 256;

}  // namespace

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

// A consumer that waits for records is not one that is slow.
class ConsumerCore::PollTime {
 public:
  explicit PollTime(std::optional<Membership>& membership) : membership_(membership) {
    if (membership_) membership_->EnterPoll();
  }
  ~PollTime() {
    if (membership_) membership_->LeavePoll();
  }
  PollTime(const PollTime&) = delete;
  PollTime& operator=(const PollTime&) = delete;

 private:
  std::optional<Membership>& membership_;
};

absl::StatusOr<ConsumerRecords> ConsumerCore::Poll(std::chrono::nanoseconds timeout, std::stop_token stop) {
  const Entry entry(*this);
  MOLDAU_RETURN_IF_ERROR(entry.status_outside_callbacks());
  const PollTime time(membership_);
  ConfirmAndAutoCommit();
  Answer answer = Look(stop);
  if (answer) return *std::move(answer);
  if (timeout.count() <= 0) return ConsumerRecords();

  Executor& executor = broker_->environment().executor();
  const MonoTime deadline = DeadlineAfter(executor.clock(), timeout);
  const std::stop_callback on_stop(stop, [this] { event_.Wake(); });
  const auto done = [&] { return answer || (answer = Look(stop)); };
  if (options_.wait == WaitStrategy::kSpin) {
    while (!Spin(done, kSpinsPerBreak) && executor.clock().Now() < deadline) {
      executor.WaitUntil(event_, done, executor.clock().Now());
    }
  } else if (options_.wait != WaitStrategy::kBackoff || !Spin(done, kBackoffSpins)) {
    bool again = true;
    while (again) {
      const TailWatch watch(*this);
      const auto done_or_grown = [&] { return done() || !watch.is_complete(); };
      executor.WaitUntil(event_, done_or_grown, deadline);
      again = !answer && !watch.is_complete();
    }
  }
  if (answer) return *std::move(answer);
  return ConsumerRecords();
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

// Calls done() some times; true once it says so.
bool ConsumerCore::Spin(absl::FunctionRef<bool()> done, int times) {
  for (int i = 0; i < times; ++i) {
    if (done()) return true;
    base::CpuRelax();
  }
  return false;
}

void ConsumerCore::ConfirmAndAutoCommit() {
  for (const auto& partition : partitions_) partition->Confirm();
  if (!options_.enable_auto_commit || options_.group.empty()) return;
  Clock& clock = broker_->environment().clock();
  if (clock.Now() < next_auto_commit_) return;
  next_auto_commit_ = DeadlineAfter(clock, options_.auto_commit_interval);
  AutoCommit();
}

void ConsumerCore::Wakeup() noexcept {
  woken_.store(true, std::memory_order_seq_cst);
  event_.Wake();
}

}  // namespace moldau::client
