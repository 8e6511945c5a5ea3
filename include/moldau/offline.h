// Reading a partition's directory without a broker: while none runs, while one does, or where Apache Kafka wrote it.
// Nothing is written, locked or mapped (a running broker trims and deletes files); every batch's CRC is checked;
// reading ends cleanly at the end of the log or at a torn tail.
//
// Threads: an OfflineLog is used by one thread at a time.   Ownership: records are valid until the next call on it.
// Failure: NotFound, PermissionDenied; DataLoss naming file and position for damage that more data follows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/fetched_records.h"
#include "moldau/record.h"
#include "moldau/storage/storage.h"
#include "moldau/types.h"

namespace moldau {

class OfflineLog {
 public:
  // The log in a partition's directory, such as "data/orders-0". A null storage is the operating system's files.
  static absl::StatusOr<OfflineLog> Open(std::string directory, storage::Storage* storage = nullptr);

  // All partitions of a topic that have a directory, by partition number.
  static absl::StatusOr<std::vector<OfflineLog>> OpenTopic(const std::string& data_dir, std::string_view topic,
                                                           storage::Storage* storage = nullptr);

  OfflineLog(OfflineLog&&) noexcept;
  OfflineLog& operator=(OfflineLog&&) noexcept;
  ~OfflineLog();

  // From the directory's name.
  [[nodiscard]] const TopicPartition& partition() const noexcept;

  // The next record's offset; the next read goes on there.
  [[nodiscard]] int64_t position() const noexcept;
  // Reads on from the first record at or above `offset`.
  void Seek(int64_t offset);

  // The next whole batches, at least one and about `max_bytes`; empty at the end of what is there now. Calling again
  // later shows what a running broker has appended since.
  absl::StatusOr<FetchedRecords> Next(size_t max_bytes = size_t{1} << 20);

  // Calls `visit` for every record from the position on until it returns false or the end is reached.
  absl::Status ForEach(absl::FunctionRef<bool(const RecordView&)> visit);

 private:
  struct State;
  explicit OfflineLog(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// What a repair did.
struct RepairReport {
  bool damaged = false;          // false: nothing was wrong, nothing was changed
  std::string file;              // where the damage began
  uint64_t position = 0;         // in that file
  int64_t log_end_offset = 0;    // afterwards: records at and above it are gone from the log
  uint64_t set_aside_bytes = 0;  // kept in files named "<segment>.log.damaged"
};

// The way to go on with a partition that a broker refuses as damaged: cuts the log at the first damage and sets what
// follows aside in files that no broker reads. Takes the data directory's lock, so no broker may be running
// (FailedPrecondition). Records behind the damage are lost to readers; nothing else is changed.
absl::StatusOr<RepairReport> RepairPartition(const std::string& data_dir, const TopicPartition& partition,
                                             storage::Storage* storage = nullptr);

}  // namespace moldau
