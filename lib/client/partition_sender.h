// The way of records into one partition: they fill the open batch, closed batches are appended in the order in which
// they were closed, by one thread at a time.
//
//   Send ... Send -> [open] --close--> [closed, closed, ...] --drain, in order--> the partition's log
//
// Whoever closes a batch seals it (crc, compression), without the lock, and then drains. A thread that finds another
// one draining leaves its batch to it: nobody waits for somebody else's append, and what collects meanwhile goes as one
// batch.
//
// Threads: all members may be called from any thread.   Ownership: its topic's; batches that are out point to it.
// Failure: of the append goes to the receipts of the batch; Send answers only for its own record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/fast_wall_clock.h"
#include "base/spin_mutex.h"
#include "client/producer_batch.h"
#include "log/log.h"
#include "moldau/receipt.h"
#include "moldau/record.h"

namespace moldau::broker {
class PartitionState;
}

namespace moldau::client {

class ProducerCore;
class ProducerTopic;

class alignas(128) PartitionSender {
 public:
  // `log` is that of `partition`, which keeps it alive.
  PartitionSender(ProducerCore& core, ProducerTopic& topic, std::shared_ptr<broker::PartitionState> partition,
                  log::Log& log, coordinator::ProducerIdentity producer);
  ~PartitionSender();
  PartitionSender(const PartitionSender&) = delete;
  PartitionSender& operator=(const PartitionSender&) = delete;

  [[nodiscard]] int32_t partition() const noexcept { return id_; }

  // As Producer::Send; `may_wait` for memory.
  absl::StatusOr<Receipt> Send(const Record& record, bool may_wait) {
    const Timestamp now = record.timestamp == kNoTimestamp ? clock_.WallNow() : record.timestamp;
    mutex_.Lock();
    if (open_ != nullptr && !eager_ && open_->HasRoomFor(record)) [[likely]] {
      Receipt receipt = open_->Append(record, now);
      mutex_.Unlock();
      return receipt;
    }
    mutex_.Unlock();
    return SendSlow(record, now, may_wait);
  }

  // Appends what is there, at once or as soon as the thread that is draining gets to it; the open batch too, or only if
  // it is this one.
  void Push(const ProducerBatch* only = nullptr);

  // For the linger timer: pushes the open batch if it was opened at or before `opened_until`. When to look again, or
  // kForever if nothing is open; the sender is then not registered with the timer any more.
  MonoTime PushIfOpenedBefore(MonoTime opened_until);

  // A receipt of the last batch that is not settled yet; of nothing if there is none.
  [[nodiscard]] Receipt LastReceipt();

  // Send answers `why` from now on. With `cancel`, what is not appended yet fails with it.
  void Stop(const absl::Status& why, bool cancel);

 private:
  // What became of a record. Neither of these: there is no open batch.
  struct Attempt {
    std::optional<absl::StatusOr<Receipt>> answer;
    ProducerBatch* full = nullptr;  // was closed to make room: to be sealed
  };
  absl::StatusOr<Receipt> SendSlow(const Record& record, Timestamp now, bool may_wait);
  Attempt TryAppend(const Record& record, Timestamp now, ProducerBatch*& fresh);
  absl::Status CheckSize(const Record& record) const;

  // What the draining thread does next; nothing of it: it is done.
  struct Step {
    ProducerBatch* seal = nullptr;
    ProducerBatch* append = nullptr;
    bool leaves_work = false;
  };
  void Drain();
  Step NextStep(bool may_go_on) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ProducerBatch* CloseOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Seal(ProducerBatch* batch);
  void Append(ProducerBatch* batch);
  absl::StatusOr<log::AppendResult> AppendToLog(ProducerBatch* batch);
  void StampAgain(const absl::Status& refused);

  // What every Send touches lies together.
  base::SpinMutex mutex_;
  const bool eager_;  // no linger: push after each record
  ProducerBatch* open_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const base::FastWallClock clock_;
  const int32_t id_;

  bool push_open_ ABSL_GUARDED_BY(mutex_) = false;  // the open batch is to go although it is not full
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool lingering_ ABSL_GUARDED_BY(mutex_) = false;  // the linger timer knows us
  bool cancel_ ABSL_GUARDED_BY(mutex_) = false;
  MonoTime opened_at_ ABSL_GUARDED_BY(mutex_){};
  BatchQueue closed_ ABSL_GUARDED_BY(mutex_);  // the first one stays until it is settled
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
  BatchStamp next_closed_ ABSL_GUARDED_BY(mutex_);  // of the batch that is closed next
  BatchStamp next_appended_;                        // of the one that is appended next; whoever drains has it

  ProducerCore& core_;
  ProducerTopic& topic_;
  const std::shared_ptr<broker::PartitionState> partition_;
  log::Log& log_;
};

}  // namespace moldau::client
