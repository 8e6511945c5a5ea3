// What happens to a queue's partition by itself: locks lapse, verdicts are written that nobody waited for, dead letters
// are sent, and the disk gets back what is done.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_builder.h"
#include "coordinator/share_headers.h"
#include "coordinator/share_partition.h"

namespace moldau::coordinator {
namespace {

// How long verdicts wait for the next Acquire to be written with it.
constexpr std::chrono::milliseconds kWriteDelay{5};
// How long a dead letter that could not be written waits for the next attempt.
constexpr std::chrono::seconds kDeadLetterRetry{1};
// An active segment that holds only what is done is rolled, so that it can go, from this size on.
constexpr uint64_t kRollBytes = uint64_t{1} << 20;

}  // namespace

// --- timers and wake-ups ---

// The end of a section under the lock: what it has made possible or necessary.
SharePartition::Afterwards SharePartition::Finish(MonoTime now) {
  Afterwards afterwards;
  if (stalled_ && window_.MayOffer()) {
    stalled_ = false;
    afterwards.wake = true;
  }
  const MonoTime window_due = window_.NextDue();
  if (window_due < told_due_) {
    told_due_ = window_due;
    afterwards.wake = true;
  }
  if (window_.MayLock() && window_.NextReturned()) afterwards.wake = true;

  if (window_.has_changes() && write_due_ == kForever) write_due_ = now + kWriteDelay;
  MonoTime due = std::min({window_due, write_due_, flush_due_});
  if (window_.has_dead_letters() && !sends_dead_letters_) {
    sends_dead_letters_ = afterwards.send_dead_letters = now >= dead_letters_at_;
    if (!sends_dead_letters_) due = std::min(due, dead_letters_at_);
  }
  // A timer that is armed stays: whatever is due later is armed when it has fired.
  if (timers_.empty() ? due < kForever : due < timers_.back()) {
    timers_.push_back(due);
    afterwards.timer = due;
  }
  afterwards.dropped = std::exchange(dropped_, 0);
  return afterwards;
}

void SharePartition::Do(const Afterwards& afterwards) {
  if (afterwards.wake) wakers_.Notify();
  if (afterwards.timer != kForever) {
    tasks_.PostAt(afterwards.timer, [weak = weak_from_this(), at = afterwards.timer] {
      if (const auto self = weak.lock()) self->OnTimer(at);
    });
  }
  if (afterwards.send_dead_letters) {
    tasks_.Post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->SendDeadLetters();
    });
  }
  if (afterwards.dropped > 0) {
    host_.logger().Warning("queue.dropped", "queue %s: %s-%d: %d records were removed before they were done", queue_,
                           source_.name.topic, source_.name.partition, afterwards.dropped);
  }
}

void SharePartition::OnTimer(MonoTime armed_for) {
  Afterwards afterwards;
  absl::Status status;
  uint64_t flush = 0;
  {
    base::SpinMutexLock lock(mutex_);
    if (!end_.ok()) return;
    const MonoTime now = clock_.Now();
    std::erase(timers_, armed_for);
    window_.Advance(now);
    if (write_due_ <= now) status = WriteChanges();
    if (flush_due_ <= now) {
      flush = writes_;
      flush_due_ = kForever;
    }
    afterwards = Finish(now);
  }
  Do(afterwards);
  if (flush > 0) status.Update(FlushWrites(flush));
  TrimSource(/*always=*/false);
  if (status.ok() || !host_.CheckOpen().ok()) return;
  host_.logger().Error("queue.state", "queue %s: the state of %s-%d is not written: %s", queue_, source_.name.topic,
                       source_.name.partition, std::string(status.message()));
}

// --- dead letters ---

void SharePartition::SendDeadLetters() {
  for (;;) {
    std::vector<ShareWindow::DeadLetter> letters;
    absl::Status status;
    uint64_t unflushed = 0;
    Afterwards afterwards;
    {
      base::SpinMutexLock lock(mutex_);
      const MonoTime now = clock_.Now();
      if (end_.ok() && now >= dead_letters_at_) letters = NextDeadLetters(now);
      if (letters.empty()) {
        sends_dead_letters_ = false;
        if (end_.ok()) afterwards = Finish(now);
      } else {
        // First of all that they were given up: after a crash a record that has a dead letter is not handed out.
        status = WriteChanges();
        if (options_.flushes && flushed_writes_ < writes_) unflushed = writes_;
      }
    }
    if (letters.empty()) return Do(afterwards);
    if (status.ok() && unflushed > 0) status = FlushWrites(unflushed);
    for (const ShareWindow::DeadLetter& letter : letters) {
      const absl::StatusOr<Receipt> receipt = status.ok() ? SendDeadLetter(letter) : status;
      if (!receipt.ok()) {
        OnDeadLetter(letter, receipt.status());
        continue;
      }
      receipt->OnDone([weak = weak_from_this(), letter](const absl::Status& sent) {
        if (const auto self = weak.lock()) self->OnDeadLetter(letter, sent);
      });
    }
  }
}

std::vector<ShareWindow::DeadLetter> SharePartition::NextDeadLetters(MonoTime now) {
  DropWhatIsGone(now);
  std::vector<ShareWindow::DeadLetter> letters;
  while (const std::optional<ShareWindow::DeadLetter> letter = window_.NextDeadLetter()) letters.push_back(*letter);
  letters_out_ += letters.size();
  return letters;
}

absl::StatusOr<Receipt> SharePartition::SendDeadLetter(const ShareWindow::DeadLetter& letter) {
  std::string topic;
  std::string reason = letter.rejected ? "rejected" : "handed out too often";
  std::optional<RecordView> record;
  std::shared_ptr<const FetchedRecords> pin;
  {
    base::SpinMutexLock lock(mutex_);
    topic = options_.dead_letter;
    if (const auto given = reasons_.find(letter.offset); given != reasons_.end() && !given->second.empty()) {
      reason = given->second;
    }
    MOLDAU_ASSIGN_OR_RETURN(record, FindRecord(letter.offset));
    pin = again_.records;
  }
  if (!record) return Receipt();  // the log has it no more
  const DeadLetterRecord dead(*record, queue_, source_.name, reason, letter.delivery_count);
  return host_.AppendDeadLetter(topic, source_.name.partition, dead.record());
}

// The source is done only now that the dead letter is as durable as its topic promises.
void SharePartition::OnDeadLetter(const ShareWindow::DeadLetter& letter, const absl::Status& status) {
  Afterwards afterwards;
  bool is_news = false;  // one report for all that fail together
  {
    base::SpinMutexLock lock(mutex_);
    --letters_out_;
    if (!end_.ok()) return;
    const MonoTime now = clock_.Now();
    if (status.ok()) {
      window_.Archive(letter.offset, now);
      reasons_.erase(letter.offset);
      ++dead_letter_count_;
      WriteChanges().IgnoreError();  // made up for later
    } else {
      window_.RetryDeadLetter(letter);
      is_news = now >= dead_letters_at_;
      dead_letters_at_ = now + kDeadLetterRetry;
    }
    afterwards = Finish(now);
  }
  Do(afterwards);
  if (!is_news || !host_.CheckOpen().ok()) return;
  host_.logger().Error("queue.dead_letter",
                       "queue %s: %s-%d: the record at offset %d stays, since its dead letter cannot be written: %s",
                       queue_, source_.name.topic, source_.name.partition, letter.offset,
                       std::string(status.message()));
}

// --- giving back ---

void SharePartition::Tidy() {
  {
    base::SpinMutexLock lock(mutex_);
    if (!end_.ok()) return;
    if (writer_->wants_snapshot()) {
      must_write_ = true;
      WriteChanges().IgnoreError();  // made up for later
    }
  }
  TrimSource(/*always=*/true);
}

absl::StatusOr<int64_t> SharePartition::DurableStart() {
  int64_t start;
  {
    base::SpinMutexLock lock(mutex_);
    if (!end_.ok()) return end_;
    start = written_start_;
  }
  MOLDAU_RETURN_IF_ERROR(writer_->Flush());
  return start;
}

void SharePartition::TrimSource(bool always) {
  log::Log& log = *source_.log;
  int64_t start;
  bool rolls;
  {
    base::SpinMutexLock lock(mutex_);
    start = written_start_;
    if (!end_.ok() || !options_.trims_source) return;
    rolls = always && start == log.log_end_offset() && log.size_bytes() >= kRollBytes;
    const bool is_due = always ? rolls || start > log.log_start_offset() : start > trimmed_ && log.segment_count() >= 2;
    if (!is_due) return;
    trimmed_ = std::max(trimmed_, start);
  }
  absl::Status status;
  if (rolls) status = log.Roll();
  const int before = log.segment_count();
  status.Update(log.Trim(start));
  if (log.segment_count() < before) host_.RequestCheckpoint();
  if (status.ok() || !host_.CheckOpen().ok()) return;
  host_.logger().Warning("queue.trim", "queue %s: what is done of %s-%d stays on disk: %s", queue_, source_.name.topic,
                         source_.name.partition, std::string(status.message()));
}

void SharePartition::Close(absl::Status why) {
  {
    base::SpinMutexLock lock(mutex_);
    if (!end_.ok()) return;
    WriteChanges().IgnoreError();  // what is lost is handed out again
    end_ = std::move(why);
  }
  wakers_.Notify();
}

}  // namespace moldau::coordinator
