#include "client/partition_sender.h"

#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "broker/partition_state.h"
#include "client/producer_core.h"
#include "client/producer_topic.h"

namespace moldau::client {
namespace {

// How many batches a thread appends in a row before it leaves the rest to others.
constexpr int kBatchesPerDrain = 16;

size_t BatchSizeBound(const Record& record) noexcept {
  return record::layout::kHeaderSize + record::RecordSizeBound(record);
}

}  // namespace

PartitionSender::PartitionSender(ProducerCore& core, ProducerTopic& topic,
                                 std::shared_ptr<broker::PartitionState> partition, log::Log& log,
                                 coordinator::ProducerIdentity producer)
    : eager_(core.options().linger.count() == 0),
      clock_(core.clock()),
      id_(partition->id()),
      next_closed_(BatchStamp::First(producer)),
      next_appended_(next_closed_),
      core_(core),
      topic_(topic),
      partition_(std::move(partition)),
      log_(log) {}

PartitionSender::~PartitionSender() = default;

// --- filling ---

absl::Status PartitionSender::CheckSize(const Record& record) const {
  const size_t limit = topic_.max_message_bytes();
  size_t size = BatchSizeBound(record);
  if (size <= limit) return absl::OkStatus();
  // What is far too large cannot even be measured: lengths are of 32 bits.
  if (size < size_t{1} << 31) size = record::layout::kHeaderSize + record::RecordSize(record, 0, 0);
  if (size <= limit) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kMessageTooLarge,
                     "topic %s: a record of %d bytes exceeds max.message.bytes of %d", topic_.name(), size, limit);
}

absl::StatusOr<Receipt> PartitionSender::SendSlow(const Record& record, Timestamp now, bool may_wait) {
  MOLDAU_RETURN_IF_ERROR(CheckSize(record));
  ProducerBatch* fresh = nullptr;
  for (;;) {
    Attempt attempt = TryAppend(record, now, fresh);
    if (attempt.full != nullptr) {
      Seal(attempt.full);
      Drain();
      // Another partition's turn has come.
      if (fresh == nullptr && topic_.IsFree(record)) return core_.Send(topic_, record, may_wait);
    } else if (attempt.answer) {
      if (fresh != nullptr) core_.GiveBack(fresh);
      if (eager_) Push();
      return *std::move(attempt.answer);
    } else {
      const size_t usual = std::min(core_.options().batch_size_bytes, topic_.max_message_bytes());
      MOLDAU_ASSIGN_OR_RETURN(fresh, core_.Acquire(std::max(usual, BatchSizeBound(record)), may_wait));
    }
  }
}

PartitionSender::Attempt PartitionSender::TryAppend(const Record& record, Timestamp now, ProducerBatch*& fresh) {
  Attempt attempt;
  bool opened = false;
  {
    const base::SpinMutexLock lock(mutex_);
    if (!stopped_.ok()) return {.answer = stopped_};
    if (open_ == nullptr && fresh != nullptr) {
      open_ = std::exchange(fresh, nullptr);
      open_->Open(*this);
      opened_at_ = core_.clock().Now();
      opened = !eager_ && !std::exchange(lingering_, true);
    }
    if (open_ != nullptr && open_->HasRoomFor(record)) {
      attempt.answer = open_->Append(record, now);
    } else if (open_ != nullptr) {
      attempt.full = CloseOpen();
    }
  }
  if (opened) core_.Linger(*this);
  return attempt;
}

// --- emptying ---

ProducerBatch* PartitionSender::CloseOpen() {
  ProducerBatch* const batch = std::exchange(open_, nullptr);
  batch->Close(next_closed_);
  next_closed_ = next_closed_.After(batch->record_count());
  closed_.Push(batch);
  push_open_ = false;
  topic_.OnBatchClosed(id_);
  return batch;
}

void PartitionSender::Seal(ProducerBatch* batch) {
  batch->Seal(core_.options().compression);
  const base::SpinMutexLock lock(mutex_);
  batch->sealed = true;
}

void PartitionSender::Push(const ProducerBatch* only) {
  {
    const base::SpinMutexLock lock(mutex_);
    if (open_ != nullptr && (only == nullptr || only == open_)) push_open_ = true;
  }
  Drain();
}

MonoTime PartitionSender::PushIfOpenedBefore(MonoTime opened_until) {
  {
    const base::SpinMutexLock lock(mutex_);
    if (open_ == nullptr) {
      lingering_ = false;
      return kForever;
    }
    if (opened_at_ > opened_until) return opened_at_ + core_.options().linger;
    push_open_ = true;
    lingering_ = false;
  }
  Drain();
  return kForever;
}

PartitionSender::Step PartitionSender::NextStep(bool may_go_on) {
  const bool open_is_next = closed_.empty() && push_open_;
  const bool closed_is_next = !closed_.empty() && closed_.front()->sealed;
  if (may_go_on && open_is_next) return {.seal = CloseOpen()};
  if (may_go_on && closed_is_next) return {.append = closed_.front()};
  draining_ = false;
  return {.leaves_work = open_is_next || closed_is_next};
}

void PartitionSender::Drain() {
  ProducerBatch* settled = nullptr;
  {
    const base::SpinMutexLock lock(mutex_);
    if (std::exchange(draining_, true)) return;
  }
  for (int appended = 0;;) {
    Step step;
    {
      const base::SpinMutexLock lock(mutex_);
      if (settled != nullptr) closed_.Pop();
      step = NextStep(appended < kBatchesPerDrain);
    }
    if (settled != nullptr) std::exchange(settled, nullptr)->DropSenderReferences();
    if (step.seal != nullptr) {
      Seal(step.seal);
    } else if (step.append != nullptr) {
      settled = step.append;
      Append(settled);
      ++appended;
    } else {
      if (step.leaves_work && !core_.Post([this] { Drain(); })) Drain();  // closing: there are no others
      return;
    }
  }
}

void PartitionSender::Append(ProducerBatch* batch) {
  absl::StatusOr<log::AppendResult> result = AppendToLog(batch);
  if (result.ok()) {
    batch->SettleAppended(result->base_offset, log_.MakeReceipt(*result));
  } else {
    batch->SettleFailed(result.status());
    if (absl::IsNotFound(result.status())) core_.Forget(topic_);
  }
  core_.OnSettled(batch);
}

absl::StatusOr<log::AppendResult> PartitionSender::AppendToLog(ProducerBatch* batch) {
  {
    const base::SpinMutexLock lock(mutex_);
    if (cancel_) return stopped_;
  }
  absl::Status failed = batch->bytes().status();
  if (failed.ok()) {
    batch->Restamp(next_appended_);
    const absl::StatusOr<log::AppendResult> result = log_.AppendOwnBatch(*batch->bytes());
    if (result.ok()) {
      next_appended_ = next_appended_.After(batch->record_count());
      return result;
    }
    failed = result.status();
  }
  StampAgain(failed);
  return partition_->Explain(std::move(failed));
}

// A batch that was not appended leaves its place in the count to the next one. If the log has lost count of this
// producer, batches that come later are those of a new one.
void PartitionSender::StampAgain(const absl::Status& refused) {
  const ErrorCode code = GetErrorCode(refused);
  if (code == ErrorCode::kOutOfOrderSequenceNumber || code == ErrorCode::kInvalidProducerEpoch) {
    // Without a new id the next batch is refused too, and asks again.
    if (const auto producer = core_.NewProducerId(); producer.ok()) next_appended_ = BatchStamp::First(*producer);
  }
  const base::SpinMutexLock lock(mutex_);
  next_closed_ = next_appended_;
  for (const ProducerBatch* batch = closed_.front()->next; batch != nullptr; batch = batch->next) {
    next_closed_ = next_closed_.After(batch->record_count());
  }
}

Receipt PartitionSender::LastReceipt() {
  const base::SpinMutexLock lock(mutex_);
  ProducerBatch* const last = open_ != nullptr ? open_ : closed_.back();
  if (last == nullptr) return {};
  last->AddReference();
  return Receipt(last, 0);
}

void PartitionSender::Stop(const absl::Status& why, bool cancel) {
  const base::SpinMutexLock lock(mutex_);
  stopped_ = why;
  cancel_ = cancel;
}

}  // namespace moldau::client
