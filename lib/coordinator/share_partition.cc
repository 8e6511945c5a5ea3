#include "coordinator/share_partition.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/status_builder.h"
#include "coordinator/share_headers.h"
#include "coordinator/share_time.h"
#include "log/decode_slice.h"

namespace moldau::coordinator {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
// After so many of these the lock is given back for others to come in between.
constexpr int kMostReads = 16;
// What is kept of why a record was rejected.
constexpr size_t kMostReasonBytes = 4096;
// Of a record that came back; those behind it have often come back, too.
constexpr size_t kReadAgainBytes = size_t{64} << 10;
// So many verdicts are written at once, together.
constexpr size_t kMostUnwritten = 1000;
// How long what is written waits to be flushed, if nobody commits.
constexpr std::chrono::seconds kFlushDelay{1};
// How long a write that has failed waits for the next attempt.
constexpr std::chrono::seconds kWriteRetry{1};

uint64_t HashOf(const RecordView& record) {
  return record.has_key() ? std::hash<std::string_view>()(record.key()) | 1 : 0;
}

}  // namespace

SharePartition::SharePartition(ShareHost& host, base::TaskScope& tasks, std::string queue, ShareSource source,
                               ShareOptions options, ShareStateStore::Opened opened)
    : host_(host),
      tasks_(tasks),
      clock_(host.clock()),
      queue_(std::move(queue)),
      source_(std::move(source)),
      writer_(std::move(opened.writer)),
      options_(std::move(options)),
      window_(options_.window, *std::move(opened.state)),
      log_cursor_{.offset = window_.end_offset()},
      // What a process wrote that was killed may be in the page cache alone.
      flush_due_(options_.flushes ? Later(clock_.Now(), kFlushDelay) : kForever),
      written_start_(window_.start_offset()) {}

// --- who is there ---

absl::Status SharePartition::Join(const ShareOptions& options) {
  Afterwards afterwards;
  {
    base::SpinMutexLock lock(mutex_);
    MOLDAU_RETURN_IF_ERROR(JoinLocked(options));
    afterwards = Finish(clock_.Now());
  }
  Do(afterwards);
  return absl::OkStatus();
}

absl::Status SharePartition::JoinLocked(const ShareOptions& options) {
  MOLDAU_RETURN_IF_ERROR(end_);
  if (options != options_) {
    window_.Advance(clock_.Now());
    if (members_ > 0 || window_.in_flight() > 0 || letters_out_ > 0) {
      return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInvalidConfig,
                         "queue %s: has %d consumers, %d locked records and %d dead letters on their way under other "
                         "options",
                         queue_, members_, window_.in_flight(), letters_out_);
    }
    WriteChanges().IgnoreError();  // made up for later
    options_ = options;
    window_.Restart(options.window);
    log_cursor_ = {.offset = window_.end_offset()};
    fresh_ = again_ = {};
  }
  ++members_;
  return absl::OkStatus();
}

void SharePartition::Leave() {
  base::SpinMutexLock lock(mutex_);
  --members_;
}

// --- handing out ---

absl::Status SharePartition::Acquire(size_t max_records, std::chrono::nanoseconds lock_duration,
                                     ShareDelivery& delivery) {
  MOLDAU_RETURN_IF_ERROR(host_.CheckOpen());
  Afterwards afterwards;
  absl::Status status;
  {
    base::SpinMutexLock lock(mutex_);
    MOLDAU_RETURN_IF_ERROR(end_);
    const MonoTime now = clock_.Now();
    const MonoTime deadline = Later(now, lock_duration);
    const size_t before = delivery.items.size();
    const size_t max = before + max_records;
    DropWhatIsGone(now);
    window_.Advance(now);
    status = AcquireReturned(max, now, deadline, delivery);
    if (status.ok()) status = AcquireFresh(max, now, deadline, delivery);
    // What was locked before something failed is handed out; the failure comes back with the next call.
    if (delivery.items.size() > before) status = absl::OkStatus();
    if (delivery.items.size() > before || unwritten_ > 0) {
      if (absl::Status written = WriteChanges(); !written.ok()) {
        TakeBack(delivery, before, now);
        status = std::move(written);
      }
    }
    deliveries_ += static_cast<int64_t>(delivery.items.size() - before);
    for (size_t i = before; i < delivery.items.size(); ++i) redeliveries_ += delivery.items[i].delivery_count > 1;
    afterwards = Finish(now);
  }
  Do(afterwards);
  return status;
}

absl::Status SharePartition::AcquireReturned(size_t max, MonoTime now, MonoTime deadline, ShareDelivery& delivery) {
  while (delivery.items.size() < max && window_.MayLock()) {
    const std::optional<int64_t> offset = window_.NextReturned();
    if (!offset) return absl::OkStatus();
    const absl::StatusOr<std::optional<RecordView>> found = FindRecord(*offset);
    if (!found.ok()) {
      const bool overtaken = *offset < source_.log->log_start_offset();
      if (!overtaken) return found.status();
      DropWhatIsGone(now);
      continue;
    }
    const std::optional<RecordView>& record = *found;
    const ShareWindow::Locked locked = window_.LockReturned(deadline);
    if (!record) {  // compacted away: done by whoever wrote the next record of its key
      MOLDAU_RETURN_IF_ERROR(window_.Acknowledge(locked.offset, locked.lock, now));
      continue;
    }
    Pin(again_, delivery);
    delivery.items.push_back({.record = *record, .lock = locked.lock, .delivery_count = locked.delivery_count});
  }
  return absl::OkStatus();
}

absl::Status SharePartition::AcquireFresh(size_t max, MonoTime now, MonoTime deadline, ShareDelivery& delivery) {
  const Timestamp wall_now = clock_.WallNow();
  int reads = 0;
  while (delivery.items.size() < max) {
    stalled_ = !window_.MayOffer();
    if (stalled_) return absl::OkStatus();
    if (fresh_.at_end()) {
      if (reads++ == kMostReads) {
        delivery.has_more = true;
        return absl::OkStatus();
      }
      MOLDAU_ASSIGN_OR_RETURN(const bool more, ReadOn(now));
      if (!more) return absl::OkStatus();
    }
    const RecordView record = *fresh_.at;
    if (record.offset() >= window_.end_offset()) {
      ShareWindow::Candidate candidate{.offset = record.offset()};
      if (options_.window.ordered) candidate.key = HashOf(record);
      if (!record.headers().empty()) {
        // The calendar is asked once: a clock that jumps later changes nothing.
        const std::optional<Timestamp> not_before = NotBefore(record);
        if (not_before && *not_before > wall_now) candidate.not_before = Later(now, WaitUntil(*not_before, wall_now));
      }
      if (const std::optional<ShareWindow::Locked> locked = window_.Offer(candidate, now, deadline)) {
        Pin(fresh_, delivery);
        delivery.items.push_back({.record = record, .lock = locked->lock, .delivery_count = locked->delivery_count});
      }
    }
    ++fresh_.at;
    if (fresh_.at_end()) window_.SkipTo(fresh_.records->next_offset());
  }
  return absl::OkStatus();
}

// Reads what has not been offered yet; false at the end of the log.
absl::StatusOr<bool> SharePartition::ReadOn(MonoTime now) {
  for (;;) {
    window_.SkipDone(source_.log->high_watermark());
    if (log_cursor_.offset < window_.end_offset()) log_cursor_ = {.offset = window_.end_offset()};
    const int64_t from = log_cursor_.offset;
    absl::StatusOr<log::LogSlice> slice = source_.log->Read(log_cursor_, kReadBytes);
    if (!slice.ok()) {
      const bool overtaken = from < source_.log->log_start_offset();
      if (!overtaken) return source_.explain(std::move(slice).status());
      DropWhatIsGone(now);
      continue;
    }
    if (slice->bytes.empty()) return false;
    CountRead(*slice);
    MOLDAU_ASSIGN_OR_RETURN(FetchedRecords records, log::DecodeSlice(*std::move(slice), from, host_.memory()));
    fresh_.records = std::make_shared<const FetchedRecords>(std::move(records));
    fresh_.at = fresh_.records->begin();
    if (!fresh_.at_end()) return true;
    window_.SkipTo(fresh_.records->next_offset());
  }
}

// A record that was read before; nullopt if the log has it no more. again_ keeps its bytes.
absl::StatusOr<std::optional<RecordView>> SharePartition::FindRecord(int64_t offset) {
  if (again_.at_end() || (*again_.at).offset() > offset || again_.records->next_offset() <= offset) {
    log::LogCursor cursor{.offset = offset};
    absl::StatusOr<log::LogSlice> slice = source_.log->Read(cursor, kReadAgainBytes);
    if (!slice.ok()) return source_.explain(std::move(slice).status());
    CountRead(*slice);
    MOLDAU_ASSIGN_OR_RETURN(FetchedRecords records, log::DecodeSlice(*std::move(slice), offset, host_.memory()));
    again_.records = std::make_shared<const FetchedRecords>(std::move(records));
    again_.at = again_.records->begin();
  }
  while (!again_.at_end() && (*again_.at).offset() < offset) ++again_.at;
  if (again_.at_end() || (*again_.at).offset() != offset) return std::nullopt;
  return *again_.at;
}

void SharePartition::CountRead(const log::LogSlice& slice) {
  fetches_ += 1;
  bytes_read_ += static_cast<int64_t>(slice.bytes.size());
}

void SharePartition::Pin(const Cursor& cursor, ShareDelivery& delivery) {
  if (delivery.pins.empty() || delivery.pins.back() != cursor.records) delivery.pins.push_back(cursor.records);
}

// What could not be written must not be handed out, nor count as if it had been: a disk that is full for long would
// use up every record's deliveries.
void SharePartition::TakeBack(ShareDelivery& delivery, size_t from, MonoTime now) {
  for (size_t i = from; i < delivery.items.size(); ++i) {
    const ShareDelivery::Item& item = delivery.items[i];
    window_.TakeBack({.offset = item.record.offset(), .lock = item.lock}, now);
  }
  delivery.items.resize(from);
}

void SharePartition::DropWhatIsGone(MonoTime now) {
  const int64_t log_start = source_.log->log_start_offset();
  if (log_start <= window_.start_offset()) [[likely]]
    return;
  reasons_.erase(reasons_.begin(), reasons_.lower_bound(log_start));
  dropped_ += window_.DropBelow(log_start, now);
}

MonoTime SharePartition::NextDue() {
  base::SpinMutexLock lock(mutex_);
  return told_due_ = window_.NextDue();
}

// --- verdicts ---

absl::Status SharePartition::Settle(const ShareVerdict& verdict) {
  MOLDAU_RETURN_IF_ERROR(host_.CheckOpen());
  Afterwards afterwards;
  {
    base::SpinMutexLock lock(mutex_);
    MOLDAU_RETURN_IF_ERROR(end_);
    const MonoTime now = clock_.Now();
    MOLDAU_RETURN_IF_ERROR(SettleLocked(verdict, now));
    afterwards = Finish(now);
  }
  Do(afterwards);
  return absl::OkStatus();
}

absl::Status SharePartition::AcknowledgeAll(std::span<const ShareVerdict> verdicts) {
  MOLDAU_RETURN_IF_ERROR(host_.CheckOpen());
  Afterwards afterwards;
  absl::Status first;
  {
    base::SpinMutexLock lock(mutex_);
    MOLDAU_RETURN_IF_ERROR(end_);
    const MonoTime now = clock_.Now();
    for (const ShareVerdict& verdict : verdicts) first.Update(SettleLocked(verdict, now));
    afterwards = Finish(now);
  }
  Do(afterwards);
  return first;
}

namespace {

absl::Status Tell(ShareWindow& window, const ShareVerdict& verdict, MonoTime now) {
  switch (verdict.kind) {
    case ShareVerdict::Kind::kAcknowledge:
      return window.Acknowledge(verdict.offset, verdict.lock, now);
    case ShareVerdict::Kind::kRelease:
      return window.Release(verdict.offset, verdict.lock, now, verdict.duration);
    case ShareVerdict::Kind::kReject:
      return window.Reject(verdict.offset, verdict.lock, now);
    case ShareVerdict::Kind::kExtend:
      break;
  }
  return window.Extend(verdict.offset, verdict.lock, now, Later(now, *verdict.duration));
}

}  // namespace

absl::Status SharePartition::SettleLocked(const ShareVerdict& verdict, MonoTime now) {
  if (absl::Status status = Tell(window_, verdict, now); !status.ok()) {
    return base::Error(status.code(), ErrorCode::kInvalidRecordState, "queue %s: %s-%d: %s", queue_, source_.name.topic,
                       source_.name.partition, std::string(status.message()));
  }
  if (verdict.kind == ShareVerdict::Kind::kReject && options_.window.dead_letters) {
    reasons_[verdict.offset] = verdict.reason.substr(0, kMostReasonBytes);
  }
  // The verdict counts, written or not: a write that fails is made up for later.
  if (window_.has_changes() && ++unwritten_ >= kMostUnwritten) WriteChanges().IgnoreError();
  return absl::OkStatus();
}

// --- writing ---

absl::Status SharePartition::WriteChanges() {
  if (!window_.has_changes() && !must_write_) {
    write_due_ = kForever;
    return absl::OkStatus();
  }
  const int64_t start = window_.start_offset();
  const MonoTime now = clock_.Now();
  const absl::Status status =
      writer_->Write(start, window_.TakeChanges(), std::bind_front(&ShareWindow::Snapshot, &window_));
  unwritten_ = 0;
  must_write_ = !status.ok();
  write_due_ = must_write_ ? Later(now, kWriteRetry) : kForever;
  if (must_write_) return status;
  ++writes_;
  if (std::exchange(written_start_, start) != start) host_.ReadersMoved();
  if (options_.flushes && flush_due_ == kForever) flush_due_ = Later(now, kFlushDelay);
  return absl::OkStatus();
}

absl::Status SharePartition::Commit() {
  MOLDAU_RETURN_IF_ERROR(host_.CheckOpen());
  uint64_t writes;
  bool flush;
  {
    base::SpinMutexLock lock(mutex_);
    MOLDAU_RETURN_IF_ERROR(end_);
    MOLDAU_RETURN_IF_ERROR(WriteChanges());
    writes = writes_;
    flush = options_.flushes && flushed_writes_ < writes;
  }
  return flush ? FlushWrites(writes) : absl::OkStatus();
}

absl::Status SharePartition::FlushWrites(uint64_t writes) {
  MOLDAU_RETURN_IF_ERROR(writer_->Flush());
  base::SpinMutexLock lock(mutex_);
  flushed_writes_ = std::max(flushed_writes_, writes);
  if (flushed_writes_ == writes_) flush_due_ = kForever;
  return absl::OkStatus();
}

ShareStatistics SharePartition::Statistics() {
  base::SpinMutexLock lock(mutex_);
  return {.start_offset = window_.start_offset(),
          .end_offset = window_.end_offset(),
          .in_flight = window_.in_flight(),
          .waiting = window_.waiting(),
          .deliveries = deliveries_,
          .redeliveries = redeliveries_,
          .dead_letters = dead_letter_count_,
          .fetches = fetches_,
          .bytes_read = bytes_read_};
}

}  // namespace moldau::coordinator
