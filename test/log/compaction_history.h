// A compacted log against a plain map: keys are written, deleted and written again, compaction goes on in small steps
// in between, and the plug is pulled at every storage operation. Whatever is left after that, the log holds of each key
// the latest record below its end, or nothing if that is a tombstone, and nothing that was not appended.
//
// Violation: a value is lost, one that was deleted is back, a record is not what was appended at its offset, an offset
// leads nowhere, or the log is refused.
#pragma once

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "support/crash_plans.h"
#include "support/scale.h"
#include "support/violation.h"

namespace moldau::test {

struct KeyedRecord {
  std::string key;
  std::optional<std::string> value;
};

inline absl::StatusOr<log::AppendResult> Append(log::Log& log, const KeyedRecord& record) {
  const Record encoded{.key = record.key, .value = record.value};
  return log.Append({&encoded, 1});
}

// A record as it was read.
struct FoundRecord {
  int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
};

// All records from `offset` to the high watermark, and that no offset on the way is left out by the batches.
inline std::vector<FoundRecord> ReadKeyed(log::Log& log, int64_t offset) {
  std::vector<FoundRecord> found;
  log::LogCursor cursor{.offset = offset};
  int64_t next = offset;
  for (;;) {
    const absl::StatusOr<log::LogSlice> slice = log.Read(cursor, 700);
    DemandOk(slice, "read");
    if (slice->bytes.empty()) break;
    record::BatchCursor batches(slice->bytes);
    while (batches.Next()) {
      const record::BatchView& batch = batches.batch();
      Demand(batch.base_offset() <= next && batch.next_offset() > next, "offset %d: covered by no batch", next);
      next = batch.next_offset();
      for (const RecordView& record : batch.records()) {
        if (record.offset() < offset) continue;
        found.push_back({.offset = record.offset(), .key = std::string(record.key())});
        if (record.has_value()) found.back().value = record.value();
      }
    }
    Demand(batches.error() == record::BatchError::kNone, "a batch before offset %d is damaged", slice->next_offset);
  }
  Demand(next == log.high_watermark(), "the log ends at %d, reading it at %d", log.high_watermark(), next);
  return found;
}

// Holds what `log` has against all that was ever appended, by offset.
inline void DemandLatestOfEachKey(log::Log& log, const std::vector<KeyedRecord>& appended) {
  const int64_t start = log.log_start_offset();
  std::map<std::string, int64_t> latest;
  for (int64_t offset = start; offset < log.high_watermark(); ++offset) {
    latest[appended[static_cast<size_t>(offset)].key] = offset;
  }
  std::map<std::string, int64_t> read;
  for (const FoundRecord& found : ReadKeyed(log, start)) {
    const KeyedRecord& wanted = appended[static_cast<size_t>(found.offset)];
    Demand(found.key == wanted.key && found.value == wanted.value, "offset %d is not what was appended", found.offset);
    read[found.key] = found.offset;
  }
  for (const auto& [key, offset] : latest) {
    const auto found = read.find(key);
    const bool is_deleted = !appended[static_cast<size_t>(offset)].value;
    if (found == read.end()) {
      Demand(is_deleted, "the value of %s at offset %d is lost", key, offset);
    } else {
      Demand(found->second == offset, "%s: offset %d is the latest, %d was found", key, offset, found->second);
    }
  }
}

class CompactionHistory {
 public:
  CompactionHistory(Durability durability, uint64_t seed) : config_(SmallSegments(durability)), random_(seed) {
    config_.compact = true;
    config_.delete_old_segments = false;
    config_.min_cleanable_dirty_ratio = 0.2;
    config_.delete_retention = std::chrono::seconds(20);
  }

  // Without a crash, and compared with the map all the time.
  void RunInPeace(int rounds) {
    auto log = world_.Open(config_).value();
    for (int round = 0; round < rounds; ++round) {
      LiveOn(*log, round);
      if (round % 9 == 8) DemandLatestOfEachKey(*log, appended_);
      if (round % 40 == 39) log = Reopen(std::move(log), round % 80 == 39);
    }
    DemandOk(log->Flush(), "flush");
    DemandLatestOfEachKey(*log, appended_);
  }

  // With the plug pulled at each operation.
  void RunWithCrashes() {
    world_.disk().SetHook([this](const storage::Operation&) {
      if (inside_ || broken_ != nullptr) return absl::OkStatus();
      inside_ = true;
      try {
        CrashHere();
      } catch (...) {  // nothing may be thrown through the log
        broken_ = std::current_exception();
      }
      inside_ = false;
      return absl::OkStatus();
    });
    auto log = world_.Open(config_).value();
    for (int round = 0; round < 30 && broken_ == nullptr; ++round) {
      log_ = log.get();
      LiveOn(*log, round);
      if (round % 10 != 9) continue;
      log_ = nullptr;
      log = Reopen(std::move(log), round % 20 == 9);
    }
    log_ = nullptr;
    DemandOk(log->Close(), "close");
    world_.disk().SetHook(nullptr);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
  }

  [[nodiscard]] int64_t states() const { return states_; }
  [[nodiscard]] int64_t appended() const { return static_cast<int64_t>(appended_.size()); }
  [[nodiscard]] int64_t runs() const { return runs_; }

 private:
  using Entries = std::vector<storage::DirectoryEntry>;

  void LiveOn(log::Log& log, int round) {
    for (uint64_t n = 1 + random_.Below(4); n > 0; --n) {
      KeyedRecord record{.key = "key " + std::to_string(random_.Below(12))};
      if (!random_.OneIn(5)) record.value = std::to_string(appended_.size()) + std::string(random_.Below(500), 'x');
      appended_.push_back(record);  // known before it may be on disk
      DemandOk(Append(log, record), "append");
    }
    if (round % 3 == 0) DemandOk(log.Flush(), "flush");
    if (random_.OneIn(6)) DemandOk(log.Roll(), "roll");
    if (round % 4 == 1) world_.Settle();
    world_.clock.Advance(std::chrono::seconds(random_.Below(6)));
    const int64_t cleaned = log.cleaned_offset();
    for (uint64_t steps = random_.Below(6); steps > 0; --steps) {
      DemandOk(log.Compact({.key_bytes = 24 * (4 + random_.Below(40)), .step_bytes = 200 + random_.Below(6000)}),
               "compact");
    }
    if (log.cleaned_offset() > cleaned) ++runs_;
    if (random_.OneIn(12)) DemandOk(log.Trim(std::min(log.log_start_offset() + 3, log.high_watermark())), "trim");
    if (round % 5 == 2) entry_ = log.Describe();
    if (random_.OneIn(4)) world_.disk().WriteBackSome(random_);
  }

  std::unique_ptr<log::Log> Reopen(std::unique_ptr<log::Log> log, bool clean) {
    DemandOk(log->Close(), "close");
    entry_ = log->Describe();
    log = nullptr;
    auto again = world_.Reopen(config_, entry_, clean, true);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
    DemandOk(again, "opened again");
    return *std::move(again);
  }

  void CrashHere() {
    promised_ = std::max(entry_.recovery_point, log_ == nullptr ? int64_t{0} : log_->durable_offset());
    ForEachCrashPlan(world_.disk(), random_, Scaled(4), [this](const auto& plan) { Crash(plan); });
  }

  // What is left is opened, and for some of it the plug is pulled at each operation of that, too.
  void Crash(const storage::MemoryStorage::CrashPlan& plan) {
    ++states_;
    std::shared_ptr<storage::MemoryStorage> disk = world_.disk().CrashImage(plan);
    std::exception_ptr broken;
    if (random_.OneIn(12)) {
      disk->SetHook([&](const storage::Operation&) {
        try {
          if (broken == nullptr) Check(disk->CrashImage(disk->RandomPlan(random_)));
        } catch (...) {
          broken = std::current_exception();
        }
        return absl::OkStatus();
      });
    }
    Check(disk);
    disk->SetHook(nullptr);
    if (broken != nullptr) std::rethrow_exception(broken);
  }

  void Check(std::shared_ptr<storage::MemoryStorage> disk) {
    LogWorld after(std::move(disk));
    after.identity = world_.identity;
    auto log = after.Reopen(config_, entry_, false, false);
    DemandOk(log, "opened after a crash");
    Demand((*log)->log_end_offset() >= promised_, "promised up to %d, found %d", promised_, (*log)->log_end_offset());
    DemandLatestOfEachKey(**log, appended_);
    for (const auto& file : after.storage->List(after.directory).value_or(Entries())) {
      Demand(!file.name.ends_with(".cleaned") && !file.name.ends_with(".swap"), "%s is left", file.name);
    }
  }

  LogWorld world_;
  log::LogConfig config_;
  Random random_;
  log::Log* log_ = nullptr;
  log::PartitionEntry entry_;
  std::vector<KeyedRecord> appended_;
  int64_t promised_ = 0;
  int64_t states_ = 0;
  int64_t runs_ = 0;
  bool inside_ = false;
  std::exception_ptr broken_;
};

}  // namespace moldau::test
