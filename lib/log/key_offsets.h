// The latest offset of each key in a stretch of a log: what compaction has to know to tell what is superseded. A key is
// known by a hash of 128 bits, so that its length does not matter and memory has a bound.
//
// Threads: not safe.   Ownership: owns its table.   Failure: none; when it is full it takes no more keys, and says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/siphash.h"

namespace moldau::log {

class KeyOffsets {
 public:
  // Room for `keys` different keys, but in at most `max_bytes` of memory; for two at least. `secret` keys the hash.
  KeyOffsets(size_t keys, size_t max_bytes, base::Hash128 secret);

  // The memory that this takes.
  [[nodiscard]] static size_t BytesFor(size_t keys, size_t max_bytes);

  // Notes that `key` occurs at `offset`, which is higher than all before. False, noting nothing, if there is no room.
  [[nodiscard]] bool Put(std::string_view key, int64_t offset);

  // The latest offset of `key`; -1 if it was not noted.
  [[nodiscard]] int64_t Find(std::string_view key) const;

  [[nodiscard]] size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    base::Hash128 key;
    int64_t offset = -1;  // -1: free
  };

  // Where the key is, or would be put.
  [[nodiscard]] Slot& SlotOf(const base::Hash128& hash) const;

  const base::Hash128 secret_;
  const size_t slots_;
  const size_t limit_;
  size_t size_ = 0;
  std::unique_ptr<Slot[]> table_;
};

}  // namespace moldau::log
