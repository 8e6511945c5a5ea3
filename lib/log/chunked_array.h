// An array that one thread appends to while any number of others search it without a lock. Elements lie in chunks that
// double in size (16, 32, 64, ... elements), so that nothing ever moves and an array of a few entries stays small.
//
// The count and a generation share one word. An append stores the element, then the count (release); readers load the
// count (acquire). A truncation raises the generation; a search that began before it notices, since slots are stored
// with release and loaded with acquire, and runs again: it never pairs an old element with a new one.
//
// `Slot` keeps one element: `using Value`, `Value Load() const noexcept` (acquire), `void Store(const Value&) noexcept`
// (release).
//
// Threads: one writer at a time; readers at any time. Moving and destroying need it unused.
// Ownership: owns its chunks.   Failure: PushBack and Reserve return false when memory is exhausted.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

namespace moldau::log {

template <typename Slot>
class ChunkedArray {
 public:
  using Value = typename Slot::Value;

  ChunkedArray() = default;
  ~ChunkedArray() { delete directory_.load(std::memory_order_relaxed); }
  ChunkedArray(ChunkedArray&& other) noexcept { Swap(other); }
  ChunkedArray& operator=(ChunkedArray&& other) noexcept {
    Swap(other);
    return *this;
  }

  [[nodiscard]] size_t size() const noexcept { return Count(state_.load(std::memory_order_acquire)); }

  // The element at `index` < size().
  [[nodiscard]] Value at(size_t index) const noexcept { return SlotAt(index).Load(); }

  [[nodiscard]] std::optional<Value> last() const noexcept {
    return Stable([this](size_t count) { return count == 0 ? std::nullopt : std::optional<Value>(at(count - 1)); });
  }

  // The last element for which `not_above` holds. The array must be sorted: true elements first, then false ones.
  template <typename Predicate>
  [[nodiscard]] std::optional<Value> Floor(const Predicate& not_above) const noexcept {
    return Stable([&](size_t count) -> std::optional<Value> {
      const size_t above = PartitionPoint(count, not_above);
      return above == 0 ? std::nullopt : std::optional<Value>(at(above - 1));
    });
  }

  // Writer only: room for `entries` elements in all, so that PushBack does not allocate before that many.
  bool Reserve(size_t entries);

  // Writer only.
  bool PushBack(const Value& value);

  // Writer only: drops the elements for which `keep` is false. The array must be sorted by it as for Floor. Chunks
  // stay.
  template <typename Predicate>
  void Truncate(const Predicate& keep) noexcept {
    const uint64_t state = state_.load(std::memory_order_relaxed);
    const size_t kept = PartitionPoint(Count(state), keep);
    if (kept < Count(state)) state_.store(((state & ~kCountMask) + kGeneration) | kept, std::memory_order_release);
  }

  // Bytes on the heap.
  [[nodiscard]] size_t AllocatedBytes() const noexcept;

 private:
  static constexpr size_t kFirstChunk = 16;
  static constexpr size_t kMaxChunks = 24;  // 2^28 elements: more than a 4 GiB segment has batches
  static constexpr uint64_t kGeneration = uint64_t{1} << 32;
  static constexpr uint64_t kCountMask = kGeneration - 1;

  struct Directory {
    std::array<std::atomic<Slot*>, kMaxChunks> chunks{};
    ~Directory() {
      for (auto& chunk : chunks) delete[] chunk.load(std::memory_order_relaxed);
    }
  };

  static size_t Count(uint64_t state) noexcept { return static_cast<size_t>(state & kCountMask); }
  static size_t ChunkOf(size_t index) noexcept { return std::bit_width(index / kFirstChunk + 1) - 1; }
  static size_t ChunkSize(size_t chunk) noexcept { return kFirstChunk << chunk; }
  static size_t ChunkBegin(size_t chunk) noexcept { return ChunkSize(chunk) - kFirstChunk; }

  [[nodiscard]] Slot& SlotAt(size_t index) const noexcept {
    const size_t chunk = ChunkOf(index);
    const Directory* directory = directory_.load(std::memory_order_acquire);
    return directory->chunks[chunk].load(std::memory_order_acquire)[index - ChunkBegin(chunk)];
  }

  // Runs `read(count)` until no truncation came between.
  template <typename Read>
  [[nodiscard]] auto Stable(const Read& read) const noexcept {
    uint64_t before = state_.load(std::memory_order_acquire);
    for (;;) {
      auto result = read(Count(before));
      const uint64_t after = state_.load(std::memory_order_acquire);
      if ((before & ~kCountMask) == (after & ~kCountMask)) return result;
      before = after;
    }
  }

  // How many of the first `count` elements satisfy the predicate: finds the chunk first, then searches within it.
  template <typename Predicate>
  [[nodiscard]] size_t PartitionPoint(size_t count, const Predicate& holds) const noexcept {
    if (count == 0) return 0;
    size_t chunk = ChunkOf(count - 1);
    while (chunk > 0 && !holds(at(ChunkBegin(chunk)))) --chunk;
    size_t low = ChunkBegin(chunk);
    size_t high = std::min(count, low + ChunkSize(chunk));
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (holds(at(middle))) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  void Swap(ChunkedArray& other) noexcept {
    const uint64_t state = state_.load(std::memory_order_relaxed);
    state_.store(other.state_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    other.state_.store(state, std::memory_order_relaxed);
    Directory* directory = directory_.load(std::memory_order_relaxed);
    directory_.store(other.directory_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    other.directory_.store(directory, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> state_{0};  // generation in the upper half, count in the lower
  std::atomic<Directory*> directory_{nullptr};
};

template <typename Slot>
bool ChunkedArray<Slot>::Reserve(size_t entries) {
  if (entries == 0) return true;
  const size_t last_chunk = ChunkOf(entries - 1);
  if (last_chunk >= kMaxChunks) return false;
  Directory* directory = directory_.load(std::memory_order_relaxed);
  if (directory == nullptr) {
    directory = new (std::nothrow) Directory;
    if (directory == nullptr) return false;
    directory_.store(directory, std::memory_order_release);
  }
  for (size_t chunk = 0; chunk <= last_chunk; ++chunk) {
    if (directory->chunks[chunk].load(std::memory_order_relaxed) != nullptr) continue;
    Slot* slots = new (std::nothrow) Slot[ChunkSize(chunk)];
    if (slots == nullptr) return false;
    directory->chunks[chunk].store(slots, std::memory_order_release);
  }
  return true;
}

template <typename Slot>
bool ChunkedArray<Slot>::PushBack(const Value& value) {
  const uint64_t state = state_.load(std::memory_order_relaxed);
  const size_t index = Count(state);
  const Directory* directory = directory_.load(std::memory_order_relaxed);
  const size_t chunk = ChunkOf(index);
  const bool room =
      directory != nullptr && chunk < kMaxChunks && directory->chunks[chunk].load(std::memory_order_relaxed);
  if (!room && !Reserve(index + 1)) return false;
  SlotAt(index).Store(value);
  state_.store(state + 1, std::memory_order_release);
  return true;
}

template <typename Slot>
size_t ChunkedArray<Slot>::AllocatedBytes() const noexcept {
  const Directory* directory = directory_.load(std::memory_order_acquire);
  if (directory == nullptr) return 0;
  size_t bytes = sizeof(Directory);
  for (size_t chunk = 0; chunk < kMaxChunks; ++chunk) {
    if (directory->chunks[chunk].load(std::memory_order_acquire) != nullptr) bytes += ChunkSize(chunk) * sizeof(Slot);
  }
  return bytes;
}

}  // namespace moldau::log
