// A log and everything it stands on, in memory and under the test's control: disk, clock and executor. Reopening it on
// a crash image is how tests pull the plug.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/logger.h"
#include "base/memory_budget.h"
#include "log/flush_gate.h"
#include "log/handle_cache.h"
#include "log/log.h"
#include "moldau/base/executor.h"
#include "moldau/base/manual_clock.h"
#include "moldau/record/batch_view.h"
#include "moldau/record/verify.h"
#include "moldau/storage/memory_storage.h"
#include "support/violation.h"

namespace moldau::test {

// The seams of one process. Survives the logs opened in it.
struct LogWorld {
  explicit LogWorld(std::shared_ptr<storage::Storage> disk = std::make_shared<storage::MemoryStorage>(),
                    int open_files = 100)
      : storage(std::move(disk)), handles(open_files) {
    storage->CreateDirectory("data").IgnoreError();  // it is there after a crash
    storage->FlushDirectory(".").IgnoreError();
    environment = {.storage = storage.get(),
                   .clock = &clock,
                   .executor = executor.get(),
                   .callbacks = &callbacks,
                   .logger = &logger,
                   .memory = &memory,
                   .flush_gate = &gate,
                   .handles = &handles};
  }

  [[nodiscard]] storage::MemoryStorage& disk() const { return dynamic_cast<storage::MemoryStorage&>(*storage); }

  absl::StatusOr<std::unique_ptr<log::Log>> Open(const log::LogConfig& config, const log::Log::Known& known = {}) {
    return log::Log::Open(environment, directory, identity, config, known);
  }

  // Opens it as a new process on the same machine would after a kill, or after a clean close, with what `entry` says.
  absl::StatusOr<std::unique_ptr<log::Log>> Reopen(const log::LogConfig& config, const log::PartitionEntry& entry,
                                                   bool clean, bool same_boot) {
    return Open(config, {.entry = &entry, .clean_shutdown = clean, .same_boot = same_boot});
  }

  // Runs all background work that is due.
  void Settle() {
    while (executor->Poll() > 0) {
    }
  }

  std::shared_ptr<storage::Storage> storage;
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  base::TaskScope callbacks{*executor};
  std::vector<std::string> messages;
  base::Logger logger{clock, [this](LogLevel, std::string_view text) { messages.emplace_back(text); }, LogLevel::kInfo};
  base::MemoryBudget memory{uint64_t{1} << 30};
  log::FlushGate gate;
  log::HandleCache handles;
  log::LogEnvironment environment;
  std::string directory = "data/orders-0";
  log::LogIdentity identity{"orders", 0, Random(7).NextUuid()};
};

inline log::LogConfig SmallSegments(Durability durability, uint32_t segment_bytes = 4096) {
  log::LogConfig config;
  config.durability = durability;
  config.segment_bytes = segment_bytes;
  config.index_interval_bytes = 256;
  config.max_message_bytes = std::min(segment_bytes, config.max_message_bytes);
  return config;
}

// What lies in the log's directory.
inline std::vector<storage::DirectoryEntry> FilesOf(const LogWorld& world) {
  auto files = world.storage->List(world.directory);
  REQUIRE(files.ok());
  return *std::move(files);
}

// Appends one record.
inline absl::StatusOr<log::AppendResult> Append(log::Log& log, std::string_view value,
                                                std::optional<std::string_view> key = std::nullopt) {
  const Record record{.key = key, .value = value};
  return log.Append({&record, 1});
}

// Calls `visit` with each record of a slice; none is looked at before its batch has proved to be whole.
template <typename Visit>
void ForEachRecord(const log::LogSlice& slice, const Visit& visit) {
  record::BatchCursor batches(slice.bytes);
  while (batches.Next()) {
    for (const RecordView& record : batches.batch().records()) visit(record);
  }
  Demand(batches.error() == record::BatchError::kNone, "a read before offset %d returned a damaged batch: %s",
         slice.next_offset, record::BatchErrorText(batches.error()));
}

// All values from `offset` to the high watermark.
inline std::vector<std::string> ReadValues(log::Log& log, int64_t offset = -1) {
  std::vector<std::string> values;
  log::LogCursor cursor{.offset = offset < 0 ? log.log_start_offset() : offset};
  int64_t next = cursor.offset;
  for (;;) {
    const absl::StatusOr<log::LogSlice> slice = log.Read(cursor, 1000);
    DemandOk(slice, "read");
    if (slice->bytes.empty()) return values;
    ForEachRecord(*slice, [&](const RecordView& record) {
      if (record.offset() < next) return;
      Demand(record.offset() == next, "offset %d where %d was expected", record.offset(), next);
      values.emplace_back(record.value());
      ++next;
    });
  }
}

}  // namespace moldau::test
