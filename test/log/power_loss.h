// A log's life during which the plug is pulled at every single storage operation, with every subset of what the disk
// had not been told to keep (all of them up to eight changes, sampled above). What is left is opened, and for some of
// it the plug is pulled again: at each operation of that recovery, and after what was appended next.
//
// Violation: a record that was promised is missing, one is not what was appended at its offset, or the log is refused.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "support/crash_plans.h"
#include "support/scale.h"
#include "support/violation.h"

namespace moldau::test {

class PowerLoss {
 public:
  PowerLoss(Durability durability, uint64_t seed) : config_(SmallSegments(durability)), random_(seed) {
    config_.retention_bytes = 6000;
  }

  // Writes, flushes, rolls, trims, deletes, closes and reopens, with the plug pulled at each operation on the way.
  void Run() {
    world_.disk().SetHook([this](const storage::Operation&) {
      if (inside_ || broken_ != nullptr) return absl::OkStatus();
      try {
        CrashHere();
      } catch (...) {  // nothing may be thrown through the log
        broken_ = std::current_exception();
      }
      return absl::OkStatus();
    });
    Live(world_.Open(config_).value(), 14);
    Live(Reopen(true), 8);
    Live(Reopen(false), 8);
    world_.disk().SetHook(nullptr);
  }

  [[nodiscard]] int64_t states() const { return states_; }
  [[nodiscard]] int64_t operations() const { return operations_; }
  // Of those, of a recovery from an earlier crash.
  [[nodiscard]] int64_t states_in_recovery() const { return states_in_recovery_; }

 private:
  std::unique_ptr<log::Log> Reopen(bool clean) {
    auto log = world_.Reopen(config_, entry_, clean, true);
    Check();
    DemandOk(log, "opened again");
    return *std::move(log);
  }

  void Check() {
    if (broken_ != nullptr) std::rethrow_exception(broken_);
  }

  void Live(std::unique_ptr<log::Log> log, int rounds) {
    log_ = log.get();
    for (int round = 0; round < rounds; ++round) {
      for (uint64_t n = 1 + random_.Below(3); n > 0; --n) {
        attempted_.push_back(std::to_string(attempted_.size()) + std::string(random_.Below(700), 'x'));
        DemandOk(Append(*log, attempted_.back()), "append");
        completed_ = static_cast<int64_t>(attempted_.size());
      }
      if (round % 3 == 0) DemandOk(log->Flush(), "flush");
      if (round % 4 == 1) world_.Settle();
      if (round % 5 == 2) Checkpoint();
      if (round % 6 == 5) DemandOk(log->Trim(log->log_start_offset() + 1), "trim");
      if (round % 7 == 6) DemandOk(log->ApplyRetention(), "retention");
      if (random_.OneIn(4)) world_.disk().WriteBackSome(random_);
      Check();
    }
    DemandOk(log->Close(), "close");
    Checkpoint();
    log_ = nullptr;
  }

  // What the manifest says from now on; it is durable the moment it says so.
  void Checkpoint() { entry_ = log_->Describe(); }

  void CrashHere() {
    inside_ = true;
    ++operations_;
    promised_ = std::max(entry_.recovery_point, log_ == nullptr ? int64_t{0} : log_->durable_offset());
    ForEachCrashPlan(world_.disk(), random_, Scaled(40), [this](const auto& plan) { Crash(plan); });
    if (config_.durability == Durability::kBuffered) CheckProcessDeath();
    inside_ = false;
  }

  void Crash(const storage::MemoryStorage::CrashPlan& plan) {
    ++states_;
    std::shared_ptr<storage::MemoryStorage> disk = world_.disk().CrashImage(plan);
    const bool again = random_.OneIn(16);
    std::exception_ptr broken;
    if (again) {
      disk->SetHook([&](const storage::Operation&) {
        try {
          if (broken == nullptr) CrashInRecovery(*disk);
        } catch (...) {
          broken = std::current_exception();
        }
        return absl::OkStatus();
      });
    }
    std::shared_ptr<storage::MemoryStorage> second;
    int64_t extra_at = 0;
    {
      LogWorld after(disk);
      auto log = OpenAndCheck(after, false);
      disk->SetHook(nullptr);
      if (broken != nullptr) std::rethrow_exception(broken);
      const auto appended = Append(*log, kExtra);
      DemandOk(appended, "append after a crash");
      extra_at = appended->base_offset;
      DemandOk(log->Flush(), "flush after a crash");
      if (!again) return;
      second = disk->CrashImage(disk->RandomPlan(random_));
    }
    // The plug is pulled again: what was flushed since is there.
    LogWorld later(second);
    auto log = later.Reopen(config_, entry_, false, false);
    DemandOk(log, "opened after the second crash");
    Demand((*log)->log_end_offset() == extra_at + 1, "flushed up to %d, found %d", extra_at + 1,
           (*log)->log_end_offset());
    Demand(ReadValues(**log, extra_at) == std::vector<std::string>{kExtra}, "offset %d is another record", extra_at);
  }

  // Recovery itself is cut short, and what it left is recovered.
  void CrashInRecovery(storage::MemoryStorage& disk) {
    ++states_in_recovery_;
    LogWorld after(disk.CrashImage(disk.RandomPlan(random_)));
    OpenAndCheck(after, false);
  }

  // Only the process dies: all that a buffered log has taken is there.
  void CheckProcessDeath() {
    ++states_;
    LogWorld after(world_.disk().CrashImage({.new_boot = false}));
    auto log = OpenAndCheck(after, true);
    Demand(log->log_end_offset() >= completed_, "appended up to %d, found %d", completed_, log->log_end_offset());
  }

  std::unique_ptr<log::Log> OpenAndCheck(LogWorld& after, bool same_boot) {
    auto log = after.Reopen(config_, entry_, false, same_boot);
    DemandOk(log, "opened after a crash");
    Demand((*log)->log_end_offset() >= promised_, "operation %d: promised up to %d, found %d", operations_, promised_,
           (*log)->log_end_offset());
    Demand((*log)->log_start_offset() >= entry_.log_start_offset, "operation %d: log start fell to %d", operations_,
           (*log)->log_start_offset());
    int64_t offset = (*log)->log_start_offset();
    for (const std::string& value : ReadValues(**log)) {
      const bool appended = static_cast<size_t>(offset) < attempted_.size();
      Demand(appended && value == attempted_[static_cast<size_t>(offset)],
             "operation %d: offset %d is not what was appended there", operations_, offset);
      ++offset;
    }
    Demand(offset == (*log)->log_end_offset(), "operation %d: the log ends at %d, reading it at %d", operations_,
           (*log)->log_end_offset(), offset);
    return *std::move(log);
  }

  static constexpr const char* kExtra = "after the crash";

  LogWorld world_;
  log::LogConfig config_;
  Random random_;
  log::Log* log_ = nullptr;
  log::PartitionEntry entry_;
  std::vector<std::string> attempted_;
  int64_t completed_ = 0;
  int64_t promised_ = 0;
  int64_t states_ = 0;
  int64_t states_in_recovery_ = 0;
  int64_t operations_ = 0;
  bool inside_ = false;
  std::exception_ptr broken_;
};

}  // namespace moldau::test
