#include <utility>

#include "base/status_builder.h"
#include "broker/core.h"
#include "broker/parallel_for.h"

namespace moldau::broker {

// The work is done once, by a thread of the broker's own executor (or whoever drives it), so that the caller can stop
// waiting for it. On an executor of the host, which may have stopped running things by now, the caller does it itself.
absl::Status Core::Close(std::chrono::nanoseconds timeout) {
  MOLDAU_RETURN_IF_ERROR(environment_->CheckProcess());
  const MonoTime deadline = DeadlineAfter(environment_->clock(), timeout);
  bool first = false;
  {
    base::MutexLock lock(close_mutex_);
    first = !std::exchange(close_started_, true);
  }
  if (first) {
    closing_.store(true, std::memory_order_seq_cst);
    for (const auto& partition : AllPartitions()) {
      // A thread that closes what it is still writing to would wait for itself.
      partition->AbortClaimOfThisThread();
      partition->MarkClosed();
    }
    close_wakers_.Notify();
    if (environment_->owns_executor()) {
      // Nobody destroys the core before this has run to its end: the last one to wait takes the lock that it ends with.
      environment_->executor().Post([this] { CloseEverything(); });
    } else {
      CloseEverything();
    }
  }
  const auto done = [this] { return closed_.load(std::memory_order_seq_cst); };
  if (!environment_->executor().WaitUntil(closed_event_, done, deadline)) {
    return base::Error(absl::StatusCode::kDeadlineExceeded, ErrorCode::kRequestTimedOut,
                       "broker %s: is still closing after %d ms", environment_->options().data_dir,
                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  }
  if (!environment_->owns_executor()) environment_->callbacks().RunPosted();
  if (!environment_->callbacks().Drain(deadline)) {
    return base::Error(absl::StatusCode::kDeadlineExceeded, ErrorCode::kRequestTimedOut,
                       "broker %s: is closed, but a callback of a receipt is still running after %d ms",
                       environment_->options().data_dir,
                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  }
  base::MutexLock lock(close_mutex_);
  return close_status_;
}

void Core::CloseEverything() {
  last_call_wakers_.Notify();
  groups_->Close();
  queues_->Close();
  absl::Status status;
  {
    // Decisions that had begun are carried out; those that come later find the broker closing.
    base::MutexLock lock(metadata_mutex_);
    status.Update(metadata_log_->Close());
  }
  environment_->SetCheckpointRequest(nullptr);
  environment_->SetCheckpoint(nullptr);
  // Logs before background work, which may be waiting for one of them.
  status.Update(CloseLogs());
  background_.Close();
  status.Update(Checkpoint(/*clean_shutdown=*/status.ok()));
  directory_->Unlock();
  base::MutexLock lock(close_mutex_);
  close_status_ = std::move(status);  // shared with no thread that does not hold the lock
  closed_.store(true, std::memory_order_seq_cst);
  closed_event_.Notify();
}

absl::Status Core::CloseLogs() {
  const std::vector<std::shared_ptr<PartitionState>> partitions = AllPartitions();
  std::vector<absl::Status> closed(partitions.size());
  ParallelFor(environment_->executor(), environment_->helpers(), partitions.size(), [&](size_t i) {
    partitions[i]->MarkClosed();  // those that were made since
    closed[i] = partitions[i]->Close();
  });
  absl::Status first;
  for (const absl::Status& status : closed) first.Update(status);
  return first;
}

}  // namespace moldau::broker
