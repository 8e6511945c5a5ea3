// The sparse time index of one segment, in memory, and its file as Kafka writes it (`.timeindex`). An entry says: the
// greatest timestamp so far, and the last offset (relative to the segment's base) of the batch in which it was first
// seen. Only rising timestamps make entries, so a clock that jumps back adds nothing and hides nothing.
//
// Threads: one writer (Reserve, MaybeAppend, TruncateToOffset); lookups from any thread, without a lock.
// Ownership: values.   Failure: decoding returns DataLoss, which means "rebuild".   Source: Kafka's TimeIndex, KIP-33.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "log/chunked_array.h"
#include "log/index_file.h"

namespace moldau::log {

class TimeIndex {
 public:
  struct Entry {
    int64_t timestamp = 0;         // milliseconds since the epoch, not negative
    uint32_t relative_offset = 0;  // of the last offset of the batch

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  static constexpr size_t kEntryBytes = 12;  // in the file

  // Room for `entries` entries in all: a MaybeAppend within it does not allocate.
  void Reserve(size_t entries) { entries_.Reserve(entries); }

  // Adds an entry if `timestamp` is above the last one (and not negative) and the offset not below it; else does
  // nothing. Nothing is added either when memory is exhausted: the index becomes sparser.
  void MaybeAppend(int64_t timestamp, uint32_t relative_last_offset);

  // The greatest entry whose timestamp is not above `timestamp`: every record before that entry's batch is older.
  // nullopt: begin at the segment's base.
  [[nodiscard]] std::optional<Entry> FloorByTimestamp(int64_t timestamp) const noexcept {
    return entries_.Floor([=](const Entry& entry) { return entry.timestamp <= timestamp; });
  }

  [[nodiscard]] size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] Entry at(size_t index) const noexcept { return entries_.at(index); }  // index < size()
  [[nodiscard]] std::optional<Entry> last() const noexcept { return entries_.last(); }

  // Drops the entries of batches that end at `relative_offset` or behind.
  void TruncateToOffset(uint32_t relative_offset) noexcept {
    entries_.Truncate([=](const Entry& entry) { return entry.relative_offset < relative_offset; });
  }

  // All memory it uses, itself included.
  [[nodiscard]] size_t MemoryBytes() const noexcept { return sizeof(*this) + entries_.AllocatedBytes(); }

 private:
  struct Slot {
    using Value = Entry;
    [[nodiscard]] Entry Load() const noexcept {
      return {timestamp.load(std::memory_order_acquire), relative_offset.load(std::memory_order_acquire)};
    }
    void Store(const Entry& entry) noexcept {
      timestamp.store(entry.timestamp, std::memory_order_release);
      relative_offset.store(entry.relative_offset, std::memory_order_release);
    }
    std::atomic<int64_t> timestamp;
    std::atomic<uint32_t> relative_offset;
  };

  ChunkedArray<Slot> entries_;
};

// Kafka's trimmed `.timeindex`: big-endian {int64 timestamp, int32 offset}, nothing else.
[[nodiscard]] std::string EncodeTimeIndex(const TimeIndex& index);

// Checks that the length is a multiple of 12, that timestamps rise and offsets do not fall, and that offsets are not
// above `last_relative_offset`, the last one in the segment. Zeros at the end, as Kafka's preallocated files have them,
// are skipped. With a known `expected_crc` (the manifest's) every change of the file is found.
[[nodiscard]] absl::StatusOr<TimeIndex> DecodeTimeIndex(std::span<const std::byte> file, uint32_t last_relative_offset,
                                                        uint32_t expected_crc = kUnknownCrc);

}  // namespace moldau::log
