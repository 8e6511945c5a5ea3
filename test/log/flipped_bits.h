// Every single bit of every file of a small log, flipped one at a time, and the log opened and read from every offset.
// A flip is harmless if all records are as before, or it is detected: an error that says so, or, where a torn tail
// cannot be told from rot, a cut that is reported.
//
// Violation: a wrong, foreign or misplaced record was read, or records are missing and nobody has said so.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "log/log_world.h"
#include "support/scale.h"
#include "support/violation.h"

namespace moldau::test {

class FlippedBits {
 public:
  // How the log was left: closed, or open when its process or its machine died.
  enum class Left { kClosed, kProcessDied, kPowerCut };

  explicit FlippedBits(Left left) : left_(left), config_(SmallSegments(Durability::kFlushed, 512)) {
    config_.index_interval_bytes = 64;
    config_.timestamp_after_max = log::kUnlimitedTime;
    auto log = world_.Open(config_);
    DemandOk(log, "open");
    for (int i = 0; i < 6; ++i) {
      if (i == 1 || i == 4) DemandOk((*log)->AssignLeaderEpoch(i), "assign an epoch");
      AppendBatch(**log, i == 2 ? 3 : 1);
      if (i == 3) {
        DemandOk((*log)->Flush(), "flush");
        entry_ = (*log)->Describe();
      }
    }
    DemandOk((*log)->Flush(), "flush");
    if (left_ == Left::kClosed) {
      world_.Settle();
      DemandOk((*log)->Close(), "close");
      entry_ = (*log)->Describe();
    }
    // The world's log must not touch the disk any more.
    disk_ = world_.disk().CrashImage({.new_boot = left_ == Left::kPowerCut});
  }

  void Run() {
    const auto files = disk_->List(world_.directory);
    DemandOk(files, "list");
    for (const storage::DirectoryEntry& file : *files) FlipAllOf(file);
  }

  [[nodiscard]] int64_t flips() const { return flips_; }
  [[nodiscard]] int64_t detected() const { return detected_; }
  [[nodiscard]] int64_t harmless() const { return flips_ - detected_; }
  [[nodiscard]] int files() const { return files_; }

 private:
  struct Written {
    std::string value;
    Timestamp timestamp;
  };

  void AppendBatch(log::Log& log, int records) {
    std::vector<Written> added;
    for (int i = 0; i < records; ++i) {
      const auto n = static_cast<int64_t>(written_.size()) + i;
      added.push_back({"record " + std::to_string(n) + std::string(20, 'r'),
                       Timestamp(std::chrono::milliseconds(1'700'000'000'000 + n * 1000))});
    }
    std::vector<Record> batch;
    for (const Written& w : added) batch.push_back({.value = w.value, .timestamp = w.timestamp});
    DemandOk(log.Append(batch), "append");
    written_.insert(written_.end(), added.begin(), added.end());
  }

  void FlipAllOf(const storage::DirectoryEntry& file) {
    ++files_;
    const uint64_t step = std::max(uint64_t{1}, static_cast<uint64_t>(1 / Scale()));  // a sample in short runs
    for (uint64_t bit = 0; bit < file.size * 8; bit += step) {
      const std::string path = world_.directory + "/" + file.name;
      what_ = absl::StrFormat("%s, bit %d of byte %d", file.name, bit % 8, bit / 8);
      DemandOk(disk_->FlipBit(path, bit), "flip");
      ++flips_;
      bool detected = false;
      for (size_t offset = 0; offset <= written_.size(); ++offset) detected |= ReadFrom(static_cast<int64_t>(offset));
      for (const Written& w : written_) detected |= FindByTime(w.timestamp);
      detected_ += detected ? 1 : 0;
      DemandOk(disk_->FlipBit(path, bit), "flip back");
    }
  }

  // Opens the log as the next process would, on a disk of its own.
  struct Opened {
    explicit Opened(const FlippedBits& test)
        : world(test.disk_->CrashImage({.new_boot = test.left_ == Left::kPowerCut})),
          log(world.Reopen(test.config_, test.entry_, test.left_ == Left::kClosed, test.left_ != Left::kPowerCut)) {}
    LogWorld world;
    absl::StatusOr<std::unique_ptr<log::Log>> log;
  };

  // True if the damage was noticed.
  bool ReadFrom(int64_t offset) {
    Opened opened(*this);
    if (!opened.log.ok()) return Refusal(opened.log.status());
    log::Log& log = **opened.log;
    const int64_t end = CheckEnd(log);
    bool detected = end < static_cast<int64_t>(written_.size());
    if (offset <= end) detected |= ReadOn(log, offset, end);
    return detected | ReadOn(log, 0, end);
  }

  bool ReadOn(log::Log& log, int64_t from, int64_t end) {
    log::LogCursor cursor{.offset = from};
    while (cursor.offset < end) {
      const int64_t first = cursor.offset;
      const auto slice = log.Read(cursor, 200);
      if (!slice.ok()) return Refusal(slice.status());
      int64_t next = first;
      ForEachRecord(*slice, [&](const RecordView& record) {
        if (record.offset() < first) return;
        const bool right = record.offset() == next && record.value() == written_[static_cast<size_t>(next)].value &&
                           record.timestamp() == written_[static_cast<size_t>(next)].timestamp;
        Demand(right, "%s: read from %d on, offset %d is wrong", what_, from, next);
        ++next;
      });
      Demand(next > first && next == slice->next_offset, "%s: read from %d on, a read at %d went on at %d", what_, from,
             first, slice->next_offset);
    }
    return false;
  }

  bool FindByTime(Timestamp timestamp) {
    Opened opened(*this);
    if (!opened.log.ok()) return Refusal(opened.log.status());
    const int64_t end = CheckEnd(**opened.log);
    const auto found = (*opened.log)->FindByTimestamp(timestamp);
    if (!found.ok()) return Refusal(found.status());
    int64_t expected = 0;
    while (expected < end && written_[static_cast<size_t>(expected)].timestamp < timestamp) ++expected;
    Demand((found->has_value() ? (*found)->offset : end) == expected, "%s: a timestamp was found at %d, it is at %d",
           what_, found->has_value() ? (*found)->offset : end, expected);
    return end < static_cast<int64_t>(written_.size());
  }

  int64_t CheckEnd(const log::Log& log) {
    const int64_t end = log.log_end_offset();
    const auto all = static_cast<int64_t>(written_.size());
    Demand(end <= all && log.high_watermark() == end, "%s: the log ends at %d", what_, end);
    Demand(log.log_start_offset() == 0, "%s: the log starts at %d", what_, log.log_start_offset());
    if (end == all) return end;
    // A dead process tears nothing but what it was writing: the last batch, here of one record.
    const int64_t least = left_ == Left::kPowerCut ? entry_.recovery_point : all - (left_ == Left::kClosed ? 0 : 1);
    Demand(end >= least, "%s: the log ends at %d, damage before %d is no torn tail", what_, end, least);
    Demand(log.recovery().truncated_bytes > 0, "%s: the log ends at %d and does not say why", what_, end);
    return end;
  }

  // An error that tells an operator what is wrong.
  bool Refusal(const absl::Status& status) {
    const bool clear = absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
    Demand(clear && absl::StrContains(status.message(), world_.directory), "%s: refused without saying why: %s", what_,
           status.ToString());
    return true;
  }

  const Left left_;
  LogWorld world_;
  log::LogConfig config_;
  log::PartitionEntry entry_;
  std::vector<Written> written_;
  std::unique_ptr<storage::MemoryStorage> disk_;
  std::string what_;
  int64_t flips_ = 0;
  int64_t detected_ = 0;
  int files_ = 0;
};

}  // namespace moldau::test
