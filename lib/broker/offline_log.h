// How an OfflineLog reads: segment by segment through File::Read, every batch verified before it is shown.
//
// Threads: one thread at a time.   Ownership: borrows the storage.   Failure: as OfflineLog.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "moldau/offline.h"

namespace moldau {

struct OfflineLog::State {
  State(storage::Storage& from, std::string path, TopicPartition named);

  // Lists the segments and looks up where the log starts.
  absl::Status Open();
  absl::StatusOr<FetchedRecords> Next(size_t max_bytes);
  void Seek(int64_t offset);

  storage::Storage& storage;
  const std::string directory;
  const TopicPartition partition;
  const std::shared_ptr<base::MemoryBudget> budget;
  int64_t position = 0;  // of the next record to show

 private:
  // Whole verified batches from the place on; what stands behind them if there are none.
  struct Chunk {
    std::shared_ptr<std::vector<std::byte>> memory;
    size_t size = 0;
    int64_t next_offset = 0;
    std::string problem;  // of the first batch, if it is not whole; empty at the end of the file or of what was written
  };

  absl::Status ListSegments();
  absl::Status FindLogStart();
  absl::Status OpenSegment();
  absl::StatusOr<bool> NextSegment();
  absl::StatusOr<Chunk> ReadChunk(size_t max_bytes) const;
  absl::StatusOr<Chunk> ReadBytes(uint64_t size) const;
  void KeepWholeBatches(Chunk& chunk) const;
  absl::StatusOr<bool> IsDamage(const Chunk& chunk);
  [[nodiscard]] std::string SegmentPath() const;

  std::vector<int64_t> bases_;  // of the segments, rising
  size_t segment_ = 0;          // index into bases_
  std::unique_ptr<storage::File> file_;
  uint64_t at_ = 0;          // in file_
  int64_t next_offset_ = 0;  // no batch from here on may begin below it
};

}  // namespace moldau
