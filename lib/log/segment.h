// One segment of a log: a `.log` file of whole batches with its sparse indexes, from its base offset on.
//
// A segment is cold while nobody maps it; readers map it read-only; the active segment of a busy `buffered` log is
// mapped writable (warm), and touched ahead of the writer (hot). Everything below published() may be read without a
// lock: the writer stores bytes first and the end after them, in one word.
//
// What this process did not write is verified once, when it is first read: crc, offsets and epochs of each batch.
//
// Threads: one writer (the log's append lock); everything else from any thread.   Ownership: shared by the log and
// by cursors; mappings are shared by all who view them, and outlive the segment, its removal and the log.
// Failure: DataLoss naming file and byte for damage; otherwise that of the storage.   Source: Kafka's LogSegment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "log/handle_cache.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/log_config.h"
#include "log/manifest.h"
#include "log/offset_index.h"
#include "log/producer_snapshot.h"
#include "log/time_index.h"
#include "moldau/record/batch_view.h"
#include "moldau/storage/storage.h"

namespace moldau::log {

// Where readers must stop: a byte position and the offset that the next batch there will have, relative to the base.
struct SegmentEnd {
  uint32_t position = 0;
  uint32_t relative_offset = 0;
};

// The latest record of a segment, or of the part of it that was looked at.
struct MaxTimestamp {
  int64_t timestamp = -1;
  int64_t offset = -1;
};

// The producers of a log at some offset. Null: not known.
using SharedProducers = std::shared_ptr<std::vector<ProducerEntry>>;

class Segment final : public HandleHolder {
 public:
  // A segment that is new, or of which `entry` says all that is known. `capacity` is the length to map.
  Segment(const LogEnvironment& environment, std::string directory, int64_t base_offset, uint32_t capacity);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  [[nodiscard]] int64_t base_offset() const noexcept { return base_offset_; }
  [[nodiscard]] uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::string Path(std::string_view suffix) const;

  // --- the end ---

  [[nodiscard]] SegmentEnd published() const noexcept { return Unpack(published_.load(std::memory_order_acquire)); }
  [[nodiscard]] int64_t end_offset() const noexcept { return base_offset_ + published().relative_offset; }
  // Everything before `end` has been stored.
  void Publish(SegmentEnd end) noexcept { published_.store(Pack(end), std::memory_order_release); }

  // Nothing will be appended behind `position`, though a part before it may not be published yet.
  void SetFinalPosition(uint32_t position) noexcept { final_position_.store(position, std::memory_order_seq_cst); }
  [[nodiscard]] bool complete() const noexcept {
    return published().position == final_position_.load(std::memory_order_seq_cst);
  }
  // All there will ever be is published: readers go on to the next segment. True for the first call.
  bool Seal() noexcept { return !sealed_.exchange(true, std::memory_order_acq_rel); }
  [[nodiscard]] bool sealed() const noexcept { return sealed_.load(std::memory_order_acquire); }
  // What followed it is gone: it is the active segment again. Only while the log is being opened.
  void Unseal() noexcept { sealed_.store(false, std::memory_order_release); }
  // Cut off by a truncation or deleted: cursors look their place up again.
  [[nodiscard]] bool retired() const noexcept { return retired_.load(std::memory_order_acquire); }
  void Retire() noexcept { retired_.store(true, std::memory_order_release); }
  void Unretire() noexcept { retired_.store(false, std::memory_order_release); }

  // --- file and mapping ---

  // The open file; opens it if need be.
  absl::StatusOr<std::shared_ptr<storage::File>> File();
  // Takes over a file (and mapping) that was just made.
  absl::Status Adopt(std::shared_ptr<storage::File> file, std::shared_ptr<storage::Mapping> writable);
  // A mapping to read by; makes a read-only one if there is none.
  absl::StatusOr<std::shared_ptr<const storage::Mapping>> ReadMapping();
  // The same, but Aborted if the segment has been retired: its file may have lost what published() says. Whoever pinned
  // it before that keeps it whole.
  absl::StatusOr<std::shared_ptr<const storage::Mapping>> Pin();
  // The mapping to store through, or null.
  [[nodiscard]] std::shared_ptr<storage::Mapping> writable_mapping() const;
  // From now on appends go through the file again; views stay valid.
  void DropWritableMapping();
  // True if a reader holds a view.
  [[nodiscard]] bool IsPinned() const;
  // Forgets the mapping and closes the file; views stay valid.
  void CloseHandles();
  // Gives handles back if nobody needs them.
  bool TryReleaseHandles() override;

  // --- indexes ---

  // The indexes; loads or rebuilds them if they are not in memory. The writer of the active segment appends to them.
  absl::Status LoadIndexes();
  [[nodiscard]] OffsetIndex& offset_index() noexcept { return offset_index_; }
  [[nodiscard]] TimeIndex& time_index() noexcept { return time_index_; }
  void set_index_interval_bytes(uint32_t bytes) noexcept { index_interval_bytes_ = bytes; }
  // Notes a batch of `size` bytes that ends at `last_offset`, as Kafka does: an entry once more than the interval has
  // been appended since the last one. True if it made an entry. Writer only.
  bool IndexBatch(uint32_t position, int64_t last_offset, uint32_t size, MaxTimestamp batch_max) noexcept {
    if (batch_max.timestamp > max_timestamp_.load(std::memory_order_relaxed)) {
      max_timestamp_offset_.store(batch_max.offset, std::memory_order_relaxed);
      max_timestamp_.store(batch_max.timestamp, std::memory_order_release);
    }
    const bool makes_entry = bytes_since_index_ > index_interval_bytes_;
    if (makes_entry) [[unlikely]]
      AddIndexEntries(position, last_offset);
    bytes_since_index_ += size;
    return makes_entry;
  }
  // Writes `.index` and `.timeindex`, unless they lie there as they are; not flushed, they are caches.
  absl::Status StoreIndexes();
  // Throws the indexes away; they are rebuilt from the segment when next needed.
  void DropIndexes();
  void MarkIndexesComplete() noexcept { indexes_loaded_.store(true, std::memory_order_release); }
  [[nodiscard]] int rebuilt_indexes() const noexcept { return rebuilt_indexes_.load(std::memory_order_relaxed); }

  [[nodiscard]] MaxTimestamp max_timestamp() const;
  void set_max_timestamp(MaxTimestamp max);

  // --- reading ---

  // Reads a byte of each page of [from, to), under the guard if there is one: a page that cannot be read is DataLoss
  // here, with Kafka's storage error, and not a signal later.
  absl::Status Touch(const storage::Mapping& mapping, uint32_t from, uint32_t to) const;

  // Where the batch lies that holds `offset` (base <= offset < end).
  struct Place {
    uint32_t position = 0;
    int64_t base_offset = 0;  // of the batch
  };
  absl::StatusOr<Place> PlaceOf(int64_t offset, const LeaderEpochHistory& epochs);

  // The batch border that ends a read of about `max_bytes`, at least one batch, from the border `from`. Batches that
  // this process neither wrote nor checked are checked now. `end` is what published() said; from.position <
  // end.position.
  struct Border {
    uint32_t position = 0;
    int64_t next_offset = 0;
  };
  absl::StatusOr<Border> ReadBorder(const storage::Mapping& mapping, Place from, SegmentEnd end, size_t max_bytes,
                                    const LeaderEpochHistory& epochs);
  // Bytes before `position` were written by somebody else and not read yet.
  void SetUnverified(uint32_t position) noexcept { unverified_end_.store(position, std::memory_order_release); }
  [[nodiscard]] bool NeedsVerification(uint32_t from) const noexcept {
    return from < unverified_end_.load(std::memory_order_acquire);
  }

  // Its files differ, or may, from what Close leaves.
  [[nodiscard]] bool touched() const noexcept { return touched_.load(std::memory_order_acquire); }
  void MarkTouched() noexcept { touched_.store(true, std::memory_order_release); }
  void ClearTouched() noexcept { touched_.store(false, std::memory_order_release); }

  // Where the snapshot lies that was written last, of a close or at the end; -1: none that is known of. For removing it
  // when it has been replaced; whoever cuts the log must look for himself. Guarded by upkeep_mutex.
  int64_t snapshot_offset = -1;
  // What the snapshot at the segment's end will hold, until it is written. Set before SetFinalPosition, or by who
  // closes the log; guarded by upkeep_mutex from then on.
  SharedProducers producers_at_end;

  [[nodiscard]] SegmentEntry Describe() const;
  void Restore(const SegmentEntry& entry);

  // Held by whatever changes the files of a segment that is no longer active: sealing, truncation, removal.
  base::Mutex& upkeep_mutex() ABSL_LOCK_RETURNED(upkeep_mutex_) { return upkeep_mutex_; }

 private:
  static uint64_t Pack(SegmentEnd end) noexcept { return uint64_t{end.relative_offset} << 32 | end.position; }
  static SegmentEnd Unpack(uint64_t word) noexcept {
    return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  }

  absl::Status OpenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<storage::Mapping>> MapLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LoadIndexFiles();
  absl::Status RebuildIndexes();
  absl::StatusOr<Place> Locate(const storage::Mapping& mapping, int64_t offset, const LeaderEpochHistory& epochs);
  absl::StatusOr<Border> VerifiedBorder(const storage::Mapping& mapping, Place from, SegmentEnd end, size_t max_bytes,
                                        const LeaderEpochHistory& epochs);
  void AddIndexEntries(uint32_t position, int64_t last_offset) noexcept;
  absl::StatusOr<Border> TouchedBorder(const storage::Mapping& mapping, Place from, SegmentEnd end,
                                       size_t max_bytes) const;
  absl::StatusOr<record::BatchView> BatchAt(const storage::Mapping& mapping, uint32_t position, SegmentEnd end) const;
  absl::Status Check(const record::BatchView& batch, uint32_t position, int64_t expected_base, SegmentEnd end,
                     const LeaderEpochHistory& epochs) const;
  [[nodiscard]] absl::Status Damaged(uint32_t position, std::string_view what) const;

  // Alone on its cache line: the one word that a writer and a tailing reader share.
  alignas(128) std::atomic<uint64_t> published_{0};
  alignas(128) std::atomic<bool> sealed_{false};
  std::atomic<bool> retired_{false};
  std::atomic<bool> touched_{false};
  std::atomic<uint32_t> final_position_{UINT32_MAX};
  std::atomic<bool> indexes_loaded_{false};
  std::atomic<int> rebuilt_indexes_{0};
  std::atomic<uint32_t> unverified_end_{0};

  const LogEnvironment& environment_;
  const std::string directory_;
  const int64_t base_offset_;
  const uint32_t capacity_;
  uint32_t index_interval_bytes_ = 4096;

  // Stored by every append, so on a line that a tailing reader does not look at.
  alignas(128) uint32_t bytes_since_index_ = 0;  // writer only
  std::atomic<int64_t> max_timestamp_{-1};
  std::atomic<int64_t> max_timestamp_offset_{-1};
  OffsetIndex offset_index_;
  TimeIndex time_index_;

  mutable base::Mutex mutex_;
  std::shared_ptr<storage::File> file_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<storage::Mapping> mapping_ ABSL_GUARDED_BY(mutex_);
  bool mapping_is_writable_ ABSL_GUARDED_BY(mutex_) = false;

  base::Mutex index_mutex_;  // loading; held across reads of the index files
  base::Mutex verify_mutex_;
  uint32_t verified_from_ ABSL_GUARDED_BY(verify_mutex_) = 0;
  uint32_t verified_to_ ABSL_GUARDED_BY(verify_mutex_) = 0;
  uint32_t stored_offset_crc_ ABSL_GUARDED_BY(mutex_) = kUnknownCrc;  // of the index files as they lie on disk
  uint32_t stored_time_crc_ ABSL_GUARDED_BY(mutex_) = kUnknownCrc;
  base::Mutex upkeep_mutex_;
};

}  // namespace moldau::log
