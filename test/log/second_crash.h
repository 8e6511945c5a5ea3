// Two crashes in a row, exhaustively. Batches of half a page, so that a page may hold the last batch that is kept while
// the next page holds one that is cut: what the first recovery cuts off must not come back behind a batch of the same
// size that is appended in its place.
//
//   first life     page 0: a a | page 1: a a | page 2: a       crash at each operation, with each subset of the pages
//   second life    recovered; b of the same size is appended   crash at each operation, with each subset
//   third life     a prefix of what the second life had found and appended, with all that it had flushed
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "moldau/record/layout.h"
#include "support/crash_plans.h"
#include "support/violation.h"

namespace moldau::test {

class SecondCrash {
 public:
  explicit SecondCrash(Durability durability) : config_(SmallSegments(durability, 32768)) {}

  void Run() {
    LogWorld world;
    auto log = world.Open(config_);
    DemandOk(log, "open");
    Life first;
    AppendFlushed(**log, first, 'a', 1);
    EachOperation(world.disk(), [&] {
      ++first_crashes_;
      ForEachCrashPlan(world.disk(), random_, 32,
                       [&](const auto& plan) { LiveAgain(world.disk().CrashImage(plan), first); });
    });
    AppendFlushed(**log, first, 'a', 2);
    AppendFlushed(**log, first, 'a', 4);
    world.disk().SetHook(nullptr);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
  }

  // Crashes of second lives that were recovered, and operations of the first life at which it crashed.
  [[nodiscard]] int64_t states() const { return states_; }
  [[nodiscard]] int64_t first_crashes() const { return first_crashes_; }

 private:
  struct Life {
    std::vector<std::string> values;  // found at its beginning, then appended
    int64_t flushed = 0;
  };

  // Half a page, as a batch of one record.
  static std::string HalfPage(char letter, size_t number) {
    const size_t overhead = record::layout::kHeaderSize + 9;  // lengths, deltas and attributes of a record this long
    std::string value = std::string(1, letter) + std::to_string(number);
    value.resize(2048 - overhead, letter);
    return value;
  }

  static void AppendFlushed(log::Log& log, Life& life, char letter, int batches) {
    for (int i = 0; i < batches; ++i) {
      life.values.push_back(HalfPage(letter, life.values.size()));
      const auto appended = Append(log, life.values.back());
      DemandOk(appended, "append");
      Demand(appended->base_offset + 1 == static_cast<int64_t>(life.values.size()), "appended at offset %d",
             appended->base_offset);
    }
    DemandOk(log.Flush(), "flush");
    life.flushed = log.durable_offset();
    Demand(log.size_bytes() == 2048 * life.values.size(), "%d bytes are not %d half pages", log.size_bytes(),
           life.values.size());
  }

  void LiveAgain(std::shared_ptr<storage::MemoryStorage> disk, const Life& first) {
    LogWorld world(disk);
    Life second = first;
    EachOperation(*disk, [&] {
      ForEachCrashPlan(*disk, random_, 8, [&](const auto& plan) {
        ++states_;
        LogWorld third(disk->CrashImage(plan));
        Recover(third, second);
      });
    });
    std::unique_ptr<log::Log> log = Recover(world, first);
    second.values = ReadValues(*log);
    second.flushed = std::max(second.flushed, log->durable_offset());
    AppendFlushed(*log, second, 'b', 3);
    disk->SetHook(nullptr);
  }

  std::unique_ptr<log::Log> Recover(LogWorld& world, const Life& before) {
    auto log = world.Open(config_);
    DemandOk(log, "opened after a crash");
    const std::vector<std::string> found = ReadValues(**log);
    Demand(static_cast<int64_t>(found.size()) >= before.flushed, "flushed up to %d, found %d", before.flushed,
           found.size());
    Demand(found.size() <= before.values.size() && std::equal(found.begin(), found.end(), before.values.begin()),
           "%d records were found that are not the first of the %d there were", found.size(), before.values.size());
    return *std::move(log);
  }

  // Calls `crash` before each operation of `disk`, but for those that it causes itself.
  template <typename Crash>
  void EachOperation(storage::MemoryStorage& disk, const Crash& crash) {
    disk.SetHook([this, crash](const storage::Operation&) {
      if (broken_ != nullptr) return absl::OkStatus();
      try {
        crash();
      } catch (...) {  // nothing may be thrown through the log
        broken_ = std::current_exception();
      }
      return absl::OkStatus();
    });
  }

  log::LogConfig config_;
  Random random_{11};
  int64_t states_ = 0;
  int64_t first_crashes_ = 0;
  std::exception_ptr broken_;
};

}  // namespace moldau::test
