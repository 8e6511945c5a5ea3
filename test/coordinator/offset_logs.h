// The offsets topic on a disk in memory, with a clock and an executor that the test drives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/logger.h"
#include "base/task_scope.h"
#include "coordinator/offset_store.h"
#include "log/flush_gate.h"
#include "log/handle_cache.h"
#include "moldau/base/manual_clock.h"
#include "moldau/error.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::coordinator {

inline constexpr int32_t kOffsetsPartitions = 5;

// The offsets topic on a disk in memory, and a broker that knows two topics.
class OffsetLogsInMemory final : public OffsetLogs {
 public:
  explicit OffsetLogsInMemory(std::unique_ptr<storage::MemoryStorage> disk = std::make_unique<storage::MemoryStorage>())
      : disk_(std::move(disk)) {
    disk_->CreateDirectory("data").IgnoreError();  // it may be there
    disk_->FlushDirectory(".").IgnoreError();
  }

  int32_t partition_count() override { return kOffsetsPartitions; }
  absl::StatusOr<log::Log*> LogForWriting(int32_t partition) override {
    created_ = true;
    if (const auto meanwhile = std::exchange(before_write, nullptr)) meanwhile();
    return LogForReading(partition);
  }
  absl::StatusOr<log::Log*> LogForReading(int32_t partition) override {
    if (!created_) return nullptr;
    std::unique_ptr<log::Log>& log = logs_[partition];
    if (log != nullptr) return log.get();
    auto opened = log::Log::Open({.storage = disk_.get(),
                                  .clock = &clock_,
                                  .executor = executor_.get(),
                                  .callbacks = &callbacks_,
                                  .logger = &logger_,
                                  .memory = &memory_,
                                  .flush_gate = &gate_,
                                  .handles = &handles_},
                                 "data/__consumer_offsets-" + std::to_string(partition),
                                 {std::string(kOffsetsTopic), partition, Uuid{{9}}}, {}, {});
    if (!opened.ok()) return opened.status();
    log = *std::move(opened);
    return log.get();
  }
  absl::StatusOr<int32_t> CountPartitions(std::string_view topic) override {
    if (const auto found = topics.find(topic); found != topics.end()) return found->second;
    return WithErrorCode(absl::NotFoundError("unknown"), ErrorCode::kUnknownTopicOrPartition);
  }

  [[nodiscard]] OffsetStore Store() { return {*this, std::make_shared<base::MemoryBudget>(1 << 20)}; }
  void CloseLogs() { logs_.clear(); }
  [[nodiscard]] storage::MemoryStorage& disk() { return *disk_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] ManualExecutor& executor() { return *executor_; }
  void MarkCreated() { created_ = true; }

  std::map<std::string, int32_t, std::less<>> topics = {{"orders", 3}, {"audit", 3}};
  std::function<void()> before_write;  // what happens while the next commit is on its way, once

 private:
  std::unique_ptr<storage::MemoryStorage> disk_;
  ManualClock clock_;
  std::unique_ptr<ManualExecutor> executor_ = MakeManualExecutor(clock_);
  base::TaskScope callbacks_{*executor_};
  base::Logger logger_{clock_, nullptr, LogLevel::kSilent};
  base::MemoryBudget memory_{1 << 30};
  log::FlushGate gate_;
  log::HandleCache handles_{100};
  bool created_ = false;
  std::map<int32_t, std::unique_ptr<log::Log>> logs_;
};

// Commits at the time of the logs' clock.
inline absl::StatusOr<Receipt> Commit(OffsetLogsInMemory& logs, OffsetStore& store, std::string_view group,
                                      const CommittedOffsets& offsets) {
  std::vector<OffsetToCommit> list;
  for (const auto& [partition, committed] : offsets) {
    list.push_back({.topic = partition.topic,
                    .partition = partition.partition,
                    .offset = committed.offset,
                    .leader_epoch = committed.leader_epoch,
                    .metadata = committed.metadata});
  }
  return store.Commit(group, list, logs.clock().WallNow());
}

}  // namespace moldau::coordinator
