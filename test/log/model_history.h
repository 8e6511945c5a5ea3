// A log against a plain list: random operations on both, and every look-up compared with a linear scan of the list.
//
// Violation: the two differ, or the log refuses what the list can do.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "moldau/error.h"
#include "support/violation.h"

namespace moldau::test {

struct ModelRecord {
  std::string value;
  int64_t timestamp;
};

// How many operations of each kind were tried.
struct OperationCounts {
  int64_t appends = 0;
  int64_t look_ups = 0;  // by offset, by cursor, by time
  int64_t flushes = 0;
  int64_t rolls = 0;
  int64_t trims = 0;
  int64_t truncations = 0;
  int64_t reopenings = 0;  // after a close or a death
  int64_t other = 0;

  [[nodiscard]] int64_t total() const {
    return appends + look_ups + flushes + rolls + trims + truncations + reopenings + other;
  }
  void Add(const OperationCounts& more) {
    appends += more.appends;
    look_ups += more.look_ups;
    flushes += more.flushes;
    rolls += more.rolls;
    trims += more.trims;
    truncations += more.truncations;
    reopenings += more.reopenings;
    other += more.other;
  }
};

// The log under test, what it should hold, and one random history of both.
class ModelHistory {
 public:
  ModelHistory(Durability durability, uint64_t seed) : random_(seed), config_(SmallSegments(durability, 8192)) {
    config_.timestamp_after_max = log::kUnlimitedTime;
    log_ = world_.Open(config_).value();
  }

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) Step();
    Compare();
  }

  [[nodiscard]] const OperationCounts& counts() const { return counts_; }

 private:
  [[nodiscard]] int64_t end() const { return start_ + static_cast<int64_t>(records_.size()); }
  [[nodiscard]] int64_t readable_end() const { return log_->high_watermark(); }

  void Step() {
    const uint64_t choice = random_.Below(1000);
    if (choice < 420) {
      ++counts_.appends;
      AppendSome();
    } else if (choice < 440) {
      ++counts_.appends;
      ClaimOne();
    } else if (choice < 700) {
      ++counts_.look_ups;
      ReadAt(start_ + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(end() - start_) + 1)));
    } else if (choice < 850) {
      ++counts_.look_ups;
      FollowOn();
    } else if (choice < 920) {
      ++counts_.look_ups;
      FindByTime();
    } else if (choice < 940) {
      ++counts_.flushes;
      DemandOk(log_->Flush(), "flush");
      Demand(log_->high_watermark() == end(), "high watermark %d after a flush of all up to %d", log_->high_watermark(),
             end());
    } else if (choice < 965) {
      ++counts_.other;
      world_.Settle();
    } else if (choice < 972) {
      ++counts_.rolls;
      DemandOk(log_->Roll(), "roll");
    } else if (choice < 977) {
      ++counts_.trims;
      Trim();
    } else if (choice < 982) {
      ++counts_.truncations;
      Truncate();
    } else if (choice < 988) {
      ++counts_.other;
      log_->CoolDown();
    } else if (choice < 990) {
      ++counts_.other;
      DemandOk(log_->Prepare(random_.Below(20'000)), "prepare");
    } else if (choice < 997) {
      ++counts_.reopenings;
      Reopen();
    } else {
      ++counts_.reopenings;
      Die();
    }
  }

  std::string NextValue() {
    return std::to_string(counter_++) + std::string(random_.Below(random_.OneIn(50) ? 3000 : 60), 'v');
  }

  void AppendSome() {
    std::vector<ModelRecord> added;
    for (uint64_t n = 1 + random_.Below(4); n > 0; --n) {
      added.push_back(
          {NextValue(), 1'000'000 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(counter_) * 10 + 1))});
    }
    std::vector<Record> records;
    for (const ModelRecord& r : added) {
      records.push_back({.value = r.value, .timestamp = Timestamp(std::chrono::milliseconds(r.timestamp))});
    }
    const auto result = log_->Append(records);
    // Four large values may exceed the limit of a batch.
    if (GetErrorCode(result.status()) == ErrorCode::kMessageTooLarge) return;
    DemandOk(result, "append");
    Demand(result->base_offset == end(), "appended at %d, the end was %d", result->base_offset, end());
    records_.insert(records_.end(), added.begin(), added.end());
    DemandEnd();
  }

  void ClaimOne() {
    const std::string value = NextValue();
    auto claim = log_->BeginClaim(std::nullopt, value.size());
    DemandOk(claim, "claim");
    if (random_.OneIn(3)) return;  // dropped
    std::copy(value.begin(), value.end(), reinterpret_cast<char*>(claim->value().data()));
    const auto result = claim->Commit();
    DemandOk(result, "commit");
    Demand(result->base_offset == end(), "committed at %d, the end was %d", result->base_offset, end());
    records_.push_back({value, world_.clock.WallNow().time_since_epoch().count()});
  }

  // Compares the records of a slice from `from` on.
  void Expect(const log::LogSlice& slice, int64_t from) {
    int64_t next = from;
    ForEachRecord(slice, [&](const RecordView& record) {
      if (record.offset() < from) return;
      Demand(record.offset() == next && next < end() && record.value() == Model(next).value, "offset %d differs", next);
      ++next;
    });
    Demand(next == slice.next_offset && next <= end(), "a read up to %d says that it goes on at %d", next,
           slice.next_offset);
  }

  const ModelRecord& Model(int64_t offset) { return records_.at(static_cast<size_t>(offset - start_)); }

  void ReadAt(int64_t offset) {
    const auto slice = log_->Read(offset, 1 + random_.Below(2000));
    DemandOk(slice, "read");
    Demand(slice->bytes.empty() == (offset >= readable_end()), "read at %d of %d", offset, readable_end());
    if (!slice->bytes.empty()) Expect(*slice, offset);
  }

  void FollowOn() {
    if (cursor_.offset < start_ || cursor_.offset > readable_end()) cursor_ = {.offset = start_};
    const int64_t from = cursor_.offset;
    const auto slice = log_->Read(cursor_, 1 + random_.Below(3000));
    DemandOk(slice, "read by cursor");
    Demand(slice->bytes.empty() == (from >= readable_end()), "cursor at %d of %d", from, readable_end());
    if (!slice->bytes.empty()) Expect(*slice, from);
  }

  void FindByTime() {
    const auto wanted = 1'000'000 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(counter_) * 10 + 10));
    const auto found = log_->FindByTimestamp(Timestamp(std::chrono::milliseconds(wanted)));
    DemandOk(found, "find by timestamp");
    int64_t expected = start_;
    while (expected < readable_end() && Model(expected).timestamp < wanted) ++expected;
    const int64_t at = found->has_value() ? (*found)->offset : readable_end();
    Demand(at == expected, "timestamp %d found at %d, it is at %d", wanted, at, expected);
  }

  void Trim() {
    const int64_t offset =
        start_ + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(readable_end() - start_) + 1));
    DemandOk(log_->Trim(offset), "trim");
    while (start_ < offset) {
      records_.pop_front();
      ++start_;
    }
    Demand(log_->log_start_offset() == start_, "log start %d after a trim to %d", log_->log_start_offset(), start_);
    if (start_ == 0) return;
    Demand(absl::IsOutOfRange(log_->Read(start_ - 1, 100).status()), "a trimmed record can be read");
  }

  void Truncate() {
    const int64_t offset = end() - static_cast<int64_t>(random_.Below(std::min<uint64_t>(20, records_.size() + 1)));
    DemandOk(log_->Truncate(offset), "truncate");
    // A batch goes as a whole.
    Demand(log_->log_end_offset() <= std::max(offset, start_), "log end %d after a truncation to %d",
           log_->log_end_offset(), offset);
    while (end() > log_->log_end_offset() && !records_.empty()) records_.pop_back();
    DemandEnd();
  }

  void Reopen() {
    DemandOk(log_->Close(), "close");
    const log::PartitionEntry entry = log_->Describe();
    cursor_ = {};
    log_ = nullptr;
    auto reopened = world_.Reopen(config_, entry, true, true);
    DemandOk(reopened, "opened again");
    log_ = *std::move(reopened);
    Compare();
  }

  // The process dies: nothing that a `buffered` log has appended is lost, and of a `flushed` one nothing that is
  // durable.
  void Die() {
    const int64_t promised = config_.durability == Durability::kBuffered ? end() : log_->durable_offset();
    const log::PartitionEntry entry = log_->Describe();
    std::shared_ptr<storage::MemoryStorage> disk = world_.disk().CrashImage({.new_boot = false});
    cursor_ = {};
    log_ = nullptr;
    old_worlds_.push_back(world_.storage);
    world_.storage = disk;
    world_.environment.storage = disk.get();
    auto reopened = world_.Reopen(config_, entry, false, true);
    DemandOk(reopened, "opened again");
    log_ = *std::move(reopened);
    Demand(log_->log_end_offset() >= promised, "promised up to %d, found %d", promised, log_->log_end_offset());
    while (end() > log_->log_end_offset()) records_.pop_back();
    Compare();
  }

  void Compare() {
    Demand(log_->log_start_offset() == start_, "log start %d, it was %d", log_->log_start_offset(), start_);
    DemandEnd();
    const std::vector<std::string> values = ReadValues(*log_);
    Demand(values.size() == static_cast<size_t>(readable_end() - start_), "%d records where there were %d",
           values.size(), readable_end() - start_);
    for (size_t i = 0; i < values.size(); ++i) {
      Demand(values[i] == records_[i].value, "offset %d differs", start_ + static_cast<int64_t>(i));
    }
  }

  void DemandEnd() {
    Demand(log_->log_end_offset() == end(), "log end %d, it should be %d", log_->log_end_offset(), end());
  }

  LogWorld world_;
  std::vector<std::shared_ptr<storage::Storage>> old_worlds_;
  Random random_;
  log::LogConfig config_;
  std::unique_ptr<log::Log> log_;
  log::LogCursor cursor_;
  std::deque<ModelRecord> records_;
  int64_t start_ = 0;
  int64_t counter_ = 1;
  OperationCounts counts_;
};

}  // namespace moldau::test
