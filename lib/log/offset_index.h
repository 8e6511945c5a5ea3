// The sparse offset index of one segment, in memory, and its file as Kafka writes it (`.index`). It answers "where in
// the file shall a reader begin?": an entry pairs the last offset of a batch, relative to the segment's base, with the
// batch's position.
//
// It is a cache. Whoever follows an entry checks the batch found there, and a file in doubt is rebuilt from the
// segment: a wrong index may cost time, never a wrong record.
//
// Threads: one writer (Reserve, Append, TruncateToPosition); lookups from any thread, without a lock.
// Ownership: values.   Failure: decoding returns DataLoss, which means "rebuild".   Source: Kafka's OffsetIndex.
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

class OffsetIndex {
 public:
  struct Entry {
    uint32_t relative_offset = 0;  // of the last offset of the batch
    uint32_t position = 0;         // of the batch's first byte in the segment

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  static constexpr size_t kEntryBytes = 8;  // in the file

  // Room for `entries` entries in all: an Append within it does not allocate.
  void Reserve(size_t entries) { entries_.Reserve(entries); }

  // Both values must be above those of the last entry; else nothing is added. Nothing is added either when memory is
  // exhausted: the index becomes sparser.
  void Append(uint32_t relative_last_offset, uint32_t position);

  // The greatest entry whose offset is not above `relative_offset`. nullopt: begin at position 0.
  [[nodiscard]] std::optional<Entry> FloorByOffset(uint32_t relative_offset) const noexcept {
    return entries_.Floor([=](const Entry& entry) { return entry.relative_offset <= relative_offset; });
  }

  [[nodiscard]] size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] Entry at(size_t index) const noexcept { return entries_.at(index); }  // index < size()
  [[nodiscard]] std::optional<Entry> last() const noexcept { return entries_.last(); }

  // Drops the entries of batches at `position` and behind.
  void TruncateToPosition(uint32_t position) noexcept {
    entries_.Truncate([=](const Entry& entry) { return entry.position < position; });
  }

  // All memory it uses, itself included.
  [[nodiscard]] size_t MemoryBytes() const noexcept { return sizeof(*this) + entries_.AllocatedBytes(); }

 private:
  struct Slot {
    using Value = Entry;
    [[nodiscard]] Entry Load() const noexcept {
      const uint64_t both = packed.load(std::memory_order_acquire);
      return {static_cast<uint32_t>(both >> 32), static_cast<uint32_t>(both)};
    }
    void Store(const Entry& entry) noexcept {
      packed.store(uint64_t{entry.relative_offset} << 32 | entry.position, std::memory_order_release);
    }
    std::atomic<uint64_t> packed;
  };

  ChunkedArray<Slot> entries_;
};

// Kafka's trimmed `.index`: big-endian pairs, nothing else.
[[nodiscard]] std::string EncodeOffsetIndex(const OffsetIndex& index);

// Checks that the length is a multiple of 8, that offsets and positions rise and fit into 31 bits, and that positions
// lie within a segment of `segment_size` bytes. Zeros at the end, as Kafka's preallocated files have them, are skipped;
// anything behind zeros is an error. With a known `expected_crc` (the manifest's) every change of the file is found.
[[nodiscard]] absl::StatusOr<OffsetIndex> DecodeOffsetIndex(std::span<const std::byte> file, uint64_t segment_size,
                                                            uint32_t expected_crc = kUnknownCrc);

}  // namespace moldau::log
