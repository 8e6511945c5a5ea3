// An idempotent producer writes, the log is truncated now and then, also down to where nothing is left of the producer
// but a snapshot, and the plug is pulled at every storage operation on the way and behind each close. Whatever prefix
// of the batches the disk has kept, the log knows exactly these: a copy of the last one is answered with its offset,
// the next one is appended, and one that comes too early is refused.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>

#include "log/log_world.h"
#include "log/producer_batches.h"
#include "moldau/base/random.h"
#include "moldau/error.h"
#include "support/scale.h"
#include "support/violation.h"

namespace moldau::test {

class ProducerPowerLoss {
 public:
  ProducerPowerLoss(Durability durability, uint64_t seed) : config_(SmallSegments(durability)), random_(seed) {}

  void Run() {
    world_.disk().SetHook([this](const storage::Operation&) {
      if (inside_ || broken_ != nullptr) return absl::OkStatus();
      inside_ = true;
      try {
        for (int i = Scaled(6); i > 0; --i) Crash(false);
      } catch (...) {  // nothing may be thrown through the log
        broken_ = std::current_exception();
      }
      inside_ = false;
      return absl::OkStatus();
    });
    Live({}, 8);
    Live({.entry = &entry_, .clean_shutdown = true, .same_boot = true}, 6);
    Live({.entry = &entry_, .clean_shutdown = false, .same_boot = true}, 6);
    world_.disk().SetHook(nullptr);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
  }

  [[nodiscard]] int64_t states() const { return states_; }

 private:
  void Live(const log::Log::Known& known, int rounds) {
    auto log = world_.Open(config_, known);
    DemandOk(log, "open");
    for (int round = 0; round < rounds; ++round) {
      for (uint64_t n = 1 + random_.Below(4); n > 0; --n, ++sent_) DemandAppended(**log, sent_);
      if (round % 3 == 0) DemandOk((*log)->Flush(), "flush");
      if (round % 4 == 1) world_.Settle();
      if (round % 5 == 2) entry_ = (*log)->Describe();
      if (round % 6 == 3) Trim(**log);
      if (round % 6 == 4) CutBack(**log);
      if (random_.OneIn(4)) world_.disk().WriteBackSome(random_);
    }
    DemandOk((*log)->Close(), "close");
    entry_ = (*log)->Describe();
    for (int i = Scaled(6); i > 0; --i) Crash(true);
  }

  // As retention does, and a queue whose jobs are done: what is full goes, and all is if the log does not wait for
  // flushes.
  static void Trim(log::Log& log) {
    DemandOk(log.Roll(), "roll");
    DemandOk(log.Trim(log.high_watermark()), "trim");
  }

  // As a follower does whose leader has less.
  void CutBack(log::Log& log) {
    sent_ = std::max(sent_ - static_cast<int32_t>(random_.Below(8)), static_cast<int32_t>(log.log_start_offset()));
    entry_.recovery_point = std::min<int64_t>(entry_.recovery_point, sent_);
    DemandOk(log.Truncate(sent_), "truncate");
    entry_ = log.Describe();
  }

  void Crash(bool closed) {
    ++states_;
    LogWorld after(world_.disk().CrashImage(world_.disk().RandomPlan(random_)));
    after.identity = world_.identity;
    auto log = after.Reopen(config_, entry_, closed, false);
    DemandOk(log, "opened after a crash");
    const auto count = static_cast<int32_t>((*log)->log_end_offset());
    if (count > 0) {
      DemandAppended(**log, count - 1);
      const absl::Status early = Send(**log, Batch(count + 1)).status();
      Demand(GetErrorCode(early) == ErrorCode::kOutOfOrderSequenceNumber, "of %d batches, batch %d: %s", count,
             count + 1, early.ToString());
    }
    DemandAppended(**log, count);
  }

  // Batch i of the producer lies at offset i, whether it is there already or comes now.
  static void DemandAppended(log::Log& log, int32_t i) {
    const auto result = Send(log, Batch(i));
    DemandOk(result, "append");
    Demand(result->base_offset == i, "batch %d lies at offset %d", i, result->base_offset);
  }

  static ProducerBatch Batch(int32_t i) {
    return {.producer_id = 7, .sequence = i, .value = std::string(static_cast<size_t>(i) * 37 % 600, 'x')};
  }

  LogWorld world_;
  log::LogConfig config_;
  Random random_;
  log::PartitionEntry entry_;
  int32_t sent_ = 0;
  int64_t states_ = 0;
  bool inside_ = false;
  std::exception_ptr broken_;
};

}  // namespace moldau::test
