// One thread appends, another reads all the time, right behind it: what it reads is whole.
//
// Violation: a batch was readable before its bytes were there.
#pragma once

#include <atomic>
#include <exception>
#include <string>
#include <thread>

#include "log/log_world.h"
#include "support/violation.h"

namespace moldau::test {

// Returns how many records were read. Large batches, so that each is under way for a while.
inline int64_t ReadBehindTheWriter(int batches) {
  constexpr size_t kBatchBytes = 64 << 10;
  LogWorld world;
  log::LogConfig config;
  config.durability = Durability::kBuffered;
  config.segment_bytes = 8u << 20;
  config.delete_old_segments = false;
  auto log = world.Open(config);
  DemandOk(log, "open");
  DemandOk((*log)->Prepare(1), "prepare");  // mapped: batches are encoded where readers see them

  std::atomic<bool> stop{false};
  std::exception_ptr broken;
  int64_t read = 0;
  std::thread reader([&] {
    log::LogCursor cursor;
    try {
      while (read < batches && !stop.load()) {
        const auto slice = (*log)->Read(cursor, 4 * kBatchBytes);
        DemandOk(slice, "read");
        ForEachRecord(*slice, [&](const RecordView& record) {
          Demand(record.offset() == read && record.value().size() == kBatchBytes, "offset %d where %d was expected",
                 record.offset(), read);
          ++read;
        });
      }
    } catch (...) {
      broken = std::current_exception();
      stop.store(true);
    }
  });
  absl::Status written;
  for (int i = 0; i < batches && written.ok() && !stop.load(); ++i) {
    written = Append(**log, std::string(kBatchBytes, static_cast<char>('a' + i % 26))).status();
  }
  if (!written.ok()) stop.store(true);
  reader.join();
  if (broken != nullptr) std::rethrow_exception(broken);
  DemandOk(written, "append");
  return read;
}

}  // namespace moldau::test
