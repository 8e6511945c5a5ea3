// Making it durable. Appends of a `flushed` log collect in memory; whoever waits first writes and flushes the whole
// group, the others find it done. Nothing is published or acknowledged before its flush has succeeded, and a flush that
// failed is final.
#include <algorithm>
#include <chrono>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"

namespace moldau::log {

namespace {

// How long an append to a `flushed` log that nobody waits for may stay unflushed; in a `buffered` one it is flush.ms.
constexpr std::chrono::milliseconds kFlushDelay{5};
constexpr std::chrono::hours kLongestFlushDelay{24 * 365};

std::string ParentOf(const std::string& directory) {
  const size_t slash = directory.rfind('/');
  return slash == std::string::npos ? "." : directory.substr(0, slash);
}

}  // namespace

void Log::Core::PostCallbacks(absl::AnyInvocable<void()> task) { environment.callbacks->Post(std::move(task)); }

void Log::Core::RequestFlush() {
  tasks.Post([this] { Flush().IgnoreError(); });  // receipts carry the error
}

void Log::Core::ArmFlushTimer() {
  std::chrono::nanoseconds delay = kFlushDelay;
  {
    base::SpinMutexLock lock(append_lock);
    if (publishes) delay = std::min<std::chrono::milliseconds>(config.flush_ms, kLongestFlushDelay);
  }
  tasks.PostAt(DeadlineAfter(*environment.clock, delay), [this] {
    {
      base::SpinMutexLock lock(append_lock);
      flush_armed = false;
      if (next_offset <= durable->offset()) return;
    }
    Flush().IgnoreError();  // receipts carry the error
  });
}

absl::Status Log::Core::AwaitDurable(int64_t offset, std::chrono::nanoseconds timeout) {
  const auto done = [&] { return durable->offset() > offset || durable->failed(); };
  if (!done()) MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  const MonoTime deadline = timeout == kForever ? kForever : DeadlineAfter(*environment.clock, timeout);
  base::EventCount::Waiter waiter(durable->event());
  while (!done()) {
    const uint32_t key = durable->event().key();
    if (done()) break;
    if (!flush_running.exchange(true, std::memory_order_seq_cst)) {
      const absl::Status flushed = Flush();
      flush_running.store(false, std::memory_order_seq_cst);
      // A log that is closing flushes once more itself, and then tells; until then there is nothing to do but wait.
      if (flushed.ok()) {
        durable->event().Wake();
        continue;
      }
    }
    if (!environment.clock->WaitUntil(durable->event(), key, deadline) && !done()) {
      return base::Error(absl::StatusCode::kDeadlineExceeded, ErrorCode::kRequestTimedOut,
                         "%s: offset %d is not durable yet", directory, offset);
    }
  }
  return durable->StatusOf(offset);
}

absl::Status Log::Core::Flush() {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  base::MutexLock lock(flush_mutex);
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
  }
  return FlushHoldingMutex();
}

absl::Status Log::Core::FlushHoldingMutex() {
  FlushGate::Pass pass(*environment.flush_gate);
  int64_t target = 0;
  std::vector<PendingRun> runs = TakePending(target);
  if (target <= durable->offset()) return absl::OkStatus();
  const Stopwatch stopwatch(*environment.clock, environment.latencies ? &environment.latencies->flush : nullptr);
  const absl::Status status = flushes() ? FlushPending(std::move(runs), target) : FlushMapped(target);
  if (!status.ok()) {
    StopWriting(status);
    return status;
  }
  durable->Advance(target);
  return absl::OkStatus();
}

std::vector<PendingRun> Log::Core::TakePending(int64_t& target) {
  std::vector<PendingRun> runs;
  base::SpinMutexLock lock(append_lock);
  target = next_offset;
  runs.swap(earlier_runs);
  if (pending.size > 0) {
    const uint32_t start = position;
    std::shared_ptr<Segment> segment = pending.segment;
    runs.push_back(std::move(pending));
    NewPendingBuffer(std::move(segment), start, 1);
    if (is_ready && !indexed_full && allocated > start) {
      direct_end = direct_at + std::min(pending.capacity, allocated - start);
    }
  }
  return runs;
}

absl::Status Log::Core::FlushPending(std::vector<PendingRun> runs, int64_t target) {
  for (size_t i = 0; i < runs.size(); ++i) {
    PendingRun& run = runs[i];
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, run.segment->File());
    MOLDAU_RETURN_IF_ERROR(file->Write(run.start, {run.bytes.get(), run.size}));
    const bool last_of_segment = i + 1 == runs.size() || runs[i + 1].segment != run.segment;
    if (last_of_segment && !MOLDAU_NAMED_BUG(M1)) {
      absl::Status status = file->Flush();
      if (!status.ok() && MOLDAU_NAMED_BUG(M6)) status = file->Flush();
      MOLDAU_RETURN_IF_ERROR(status);
    }
  }
  MOLDAU_RETURN_IF_ERROR(FlushNames());
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::shared_ptr<Segment>& segment = runs[i].segment;
    segment->Publish(
        {runs[i].start + runs[i].size, static_cast<uint32_t>(runs[i].end_offset - segment->base_offset())});
    FinishIfComplete(segment);
  }
  RaiseHighWatermark(target);
  base::SpinMutexLock lock(append_lock);
  if (!runs.empty() && spare_buffer == nullptr) {
    spare_buffer = std::move(runs.back().bytes);
    spare_capacity = runs.back().capacity;
  }
  return absl::OkStatus();
}

void Log::Core::RaiseHighWatermark(int64_t offset) {
  visible_end.store(offset, std::memory_order_seq_cst);
  tail.Notify();
}

// Names first appear here and in the data directory; without this a power cut could take the whole file.
absl::Status Log::Core::FlushNames() {
  if (MOLDAU_NAMED_BUG(M2)) return absl::OkStatus();
  if (names_dirty.exchange(false, std::memory_order_acq_rel)) {
    MOLDAU_RETURN_IF_ERROR(environment.storage->FlushDirectory(directory));
  }
  if (parent_dirty.exchange(false, std::memory_order_acq_rel)) {
    MOLDAU_RETURN_IF_ERROR(environment.storage->FlushDirectory(ParentOf(directory)));
  }
  return absl::OkStatus();
}

// A `buffered` log: everything between the durable end and `target` lies in segments, mapped or not.
absl::Status Log::Core::FlushMapped(int64_t target) {
  const int64_t from = durable->offset();
  std::shared_ptr<Segment> current;
  uint32_t to;
  {
    base::SpinMutexLock lock(append_lock);
    current = active;
    to = position;
  }
  const std::shared_ptr<const SegmentList> list = segments();
  for (const std::shared_ptr<Segment>& segment : *list) {
    if (segment->base_offset() >= target || (segment != current && segment->end_offset() <= from)) continue;
    MOLDAU_RETURN_IF_ERROR(FlushSegment(*segment, segment == current, to));
  }
  return FlushNames();
}

// The active segment has pages that were touched but not used: only the used range is flushed, after the file's size is
// durable.
absl::Status Log::Core::FlushSegment(Segment& segment, bool is_active, uint32_t to) {
  const std::shared_ptr<storage::Mapping> mapping = is_active ? segment.writable_mapping() : nullptr;
  if (mapping != nullptr && flushed_size_of == segment.base_offset()) {
    MOLDAU_RETURN_IF_ERROR(mapping->Flush(flushed_position, to - flushed_position));
  } else {
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
    MOLDAU_RETURN_IF_ERROR(file->Flush());
  }
  if (mapping != nullptr) {
    flushed_size_of = segment.base_offset();
    flushed_position = to;
  }
  return absl::OkStatus();
}

}  // namespace moldau::log
