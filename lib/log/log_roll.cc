// Making room at the end: the next segment, the next run of a `flushed` log, and what a segment still needs once it is
// full.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/status_builder.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/log_core.h"
#include "log/partition_metadata.h"
#include "log/recovery.h"
#include "log/segment_name.h"
#include "log/whole_file.h"

namespace moldau::log {

namespace {

constexpr uint32_t kFirstPendingBytes = 16u << 10;
constexpr uint32_t kFirstAllocation = 16u << 10;
constexpr uint32_t kLargestAllocationStep = 16u << 20;
// Blocks that were written once are flushed twice as fast as blocks that were only reserved; small logs do not need it.
constexpr uint32_t kPrewriteFrom = 256u << 10;

absl::Status WriteZeros(storage::File& file, uint64_t from, uint64_t to) {
  static constexpr size_t kChunk = 64u << 10;
  static constexpr std::byte kZeros[kChunk] = {};
  for (; from < to; from += kChunk) {
    MOLDAU_RETURN_IF_ERROR(file.Write(from, {kZeros, static_cast<size_t>(std::min<uint64_t>(kChunk, to - from))}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Log::Core::MakeRoom(size_t bytes, Timestamp now) {
  base::MutexLock lock(maintenance_mutex);
  bool rolls;
  bool waits_for_flushes;
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok()) return failure;
    if (bytes > config.segment_bytes) {
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kRecordListTooLarge,
                         "record batch: %d bytes exceed segment.bytes of %u bytes", static_cast<int64_t>(bytes),
                         config.segment_bytes);
    }
    const bool is_old = now.time_since_epoch().count() >= roll_at_ms && position > 0;
    rolls = active == nullptr || is_old || indexed_full || position + bytes > active->capacity();
    if (!rolls && is_ready && (bytes <= DirectRoom() || (publishes && !is_mapped))) return absl::OkStatus();
    waits_for_flushes = !publishes;
  }
  if (rolls) return RollLocked(now);
  if (waits_for_flushes) return ExtendPending(bytes);
  // The active segment was opened from disk and has not been appended to since.
  std::shared_ptr<Segment> segment;
  {
    base::SpinMutexLock end(append_lock);
    segment = active;
  }
  MOLDAU_RETURN_IF_ERROR(segment->LoadIndexes());
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment->File());
  MOLDAU_RETURN_IF_ERROR(file->Truncate(segment->published().position));
  segment->MarkTouched();
  base::SpinMutexLock end(append_lock);
  is_ready = failure.ok();
  return failure;
}

// Appends wait while the new segment is made: its name is the offset at which they stopped.
absl::Status Log::Core::RollLocked(Timestamp now) {
  std::byte* held_at;
  std::byte* held_end;
  bool was_ready;
  int64_t base_offset;
  {
    base::SpinMutexLock lock(append_lock);
    if (!failure.ok()) return failure;
    held_at = std::exchange(direct_at, nullptr);
    held_end = std::exchange(direct_end, nullptr);
    was_ready = std::exchange(is_ready, false);
    base_offset = next_offset;
  }
  absl::StatusOr<std::shared_ptr<Segment>> segment = NewSegment(base_offset);
  const SharedProducers at_end = segment.ok() ? ProducersNow() : nullptr;
  std::shared_ptr<Segment> old;
  {
    base::SpinMutexLock lock(append_lock);
    if (!failure.ok()) return failure;
    old = active;
    if (!segment.ok()) {
      // Everything is as before, but that a flush may have changed buffers meanwhile.
      const bool swapped = !publishes && pending.bytes != nullptr;
      direct_at = swapped ? pending.bytes.get() + pending.size : held_at;
      direct_end = swapped ? direct_at : held_end;
      is_ready = was_ready;
      return segment.status();
    }
    if (old != nullptr) old->producers_at_end = at_end;
  }
  SwitchTo(*std::move(segment), now);
  if (old != nullptr) FinishIfComplete(old);
  PrepareAhead();
  return absl::OkStatus();
}

absl::Status Log::Core::CreateDirectory() {
  if (directory_exists) return absl::OkStatus();
  const absl::Status status = environment.storage->CreateDirectory(directory);
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  parent_dirty.store(true, std::memory_order_relaxed);
  names_dirty.store(true, std::memory_order_relaxed);
  if (!identity.topic_id.is_zero()) {
    MOLDAU_RETURN_IF_ERROR(WriteWholeFile(*environment.storage,
                                          directory + "/" + std::string(kPartitionMetadataFileName),
                                          EncodePartitionMetadata(identity.topic_id), flushes()));
  }
  LeaderEpochHistory history = EpochsCopy();
  if (history.entries().empty()) {
    base::SpinMutexLock end(append_lock);
    base::SpinMutexLock lock(epochs_lock);
    MOLDAU_RETURN_IF_ERROR(epochs.Assign(leader_epoch, next_offset).status());
    history = epochs;
  }
  // Not flushed: after a crash the epochs are taken from the batches.
  MOLDAU_RETURN_IF_ERROR(WriteWholeFile(*environment.storage, directory + "/" + std::string(kLeaderEpochFileName),
                                        EncodeLeaderEpochs(history), false));
  directory_exists = true;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Segment>> Log::Core::NewSegment(int64_t base_offset) {
  // A segment may hold that many offsets, and none of them may pass the last that there is.
  if (constexpr int64_t kLastBase = std::numeric_limits<int64_t>::max() - kMaxRelative; base_offset > kLastBase) {
    return base::Error(absl::StatusCode::kOutOfRange, ErrorCode::kOffsetOutOfRange,
                       "%s: no segment can begin at offset %d, the last one that can is %d", directory, base_offset,
                       kLastBase);
  }
  MOLDAU_RETURN_IF_ERROR(CreateDirectory());
  uint32_t capacity;
  uint32_t interval;
  {
    base::SpinMutexLock lock(append_lock);
    capacity = config.segment_bytes;
    interval = config.index_interval_bytes;
  }
  auto segment = std::make_shared<Segment>(environment, directory, base_offset, capacity);
  segment->set_index_interval_bytes(interval);
  segment->MarkIndexesComplete();
  segment->MarkTouched();
  const std::string path = segment->Path(kLogSuffix);
  while (std::optional<PreparedSegment> ready = TakePrepared()) {
    if (ready->mapping->size() != capacity) {  // segment.bytes has changed since
      *ready = {.path = std::move(ready->path)};
      environment.storage->Remove(ready->path).IgnoreError();  // removed at the next open otherwise
      continue;
    }
    MOLDAU_RETURN_IF_ERROR(environment.storage->Rename(ready->path, path));
    MOLDAU_RETURN_IF_ERROR(segment->Adopt(std::move(ready->file), std::move(ready->mapping)));
    names_dirty.store(true, std::memory_order_relaxed);
    return segment;
  }
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<storage::File> file,
                          environment.storage->Open(path, storage::OpenMode::kOpenOrCreate));
  absl::Status status = file->Truncate(0);
  if (status.ok()) status = segment->Adopt(std::move(file), nullptr);
  if (status.ok()) status = FillNewSegment(*segment);
  if (!status.ok()) {
    segment->CloseHandles();
    environment.storage->Remove(path).IgnoreError();  // the first error is the one to tell
    return status;
  }
  names_dirty.store(true, std::memory_order_relaxed);
  return segment;
}

// A segment that nobody has prepared: reserved in part for a `flushed` log, mapped for one that has been warm.
absl::Status Log::Core::FillNewSegment(Segment& segment) {
  if (flushes()) {
    // The old segment's allocation is over; if this fails it is asked for again.
    base::SpinMutexLock lock(append_lock);
    allocated = 0;
  }
  if (flushes()) return AllocatePending(segment, 1);
  bool warm;
  {
    base::SpinMutexLock lock(append_lock);
    warm = is_mapped;
  }
  if (!warm) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_RETURN_IF_ERROR(file->Allocate(segment.capacity()));
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<storage::Mapping> mapping,
                          file->Map(segment.capacity(), storage::MapMode::kReadWrite));
  return segment.Adopt(file, std::move(mapping));
}

void Log::Core::SwitchTo(std::shared_ptr<Segment> segment, Timestamp now) {
  SegmentList list = *segments();
  list.push_back(segment);
  set_segments(std::move(list));
  const std::shared_ptr<storage::Mapping> mapping = segment->writable_mapping();
  base::SpinMutexLock lock(append_lock);
  if (active != nullptr) active->SetFinalPosition(position);
  active = segment;
  position = 0;
  indexed_full = false;
  warm_up_requested = false;
  cold_bytes = 0;
  is_ready = true;
  is_mapped = mapping != nullptr;
  heat_mark = UINT32_MAX;
  const auto age = config.compact ? std::min(config.segment_ms, config.max_compaction_lag) : config.segment_ms;
  const int64_t now_ms = now.time_since_epoch().count();
  slow_at_ms = INT64_MIN;
  roll_at_ms = age.count() > INT64_MAX - now_ms ? INT64_MAX : now_ms + age.count();
  if (publishes) {
    direct_at = is_mapped ? mapping->data() : nullptr;
    direct_end = is_mapped ? mapping->data() + mapping->size() : nullptr;
  } else {
    if (pending.size > 0) earlier_runs.push_back(std::move(pending));
    NewPendingBuffer(std::move(segment), 0, 1);
  }
}

// If the segment is full and its last byte is published, readers may go on to the next, and its files get their final
// form.
void Log::Core::FinishIfComplete(const std::shared_ptr<Segment>& segment) {
  // One thread has stored the final position, another published up to it, both without a fence, and each asks now. The
  // read-modify-write sees to it that one of them at least finds what the other did.
  visible_end.fetch_add(0, std::memory_order_seq_cst);
  if (!segment->complete() || !segment->Seal()) return;
  tail.Notify();
  tasks.Post([this, segment] {
    if (const absl::Status status = SealFiles(*segment); !status.ok()) {
      environment.logger->Warning("log.seal", "%s: not trimmed or indexed yet: %s", segment->Path(kLogSuffix),
                                  status.message());
    }
  });
}

absl::Status Log::Core::SealFiles(Segment& segment) {
  base::MutexLock lock(segment.upkeep_mutex());
  if (segment.retired()) return absl::OkStatus();
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_RETURN_IF_ERROR(file->Truncate(segment.published().position));
  MOLDAU_RETURN_IF_ERROR(segment.StoreIndexes());
  segment.DropWritableMapping();
  return StoreSnapshot(segment);
}

// --- `flushed` logs: room in memory and on disk for what waits to be written ---

void Log::Core::NewPendingBuffer(std::shared_ptr<Segment> segment, uint32_t start, size_t bytes) {
  uint32_t capacity = std::max(kFirstPendingBytes, static_cast<uint32_t>(bytes));
  pending = {};
  if (spare_buffer != nullptr && spare_capacity >= bytes) {
    pending.bytes = std::move(spare_buffer);
    capacity = spare_capacity;
  } else {
    pending.bytes = std::make_unique_for_overwrite<std::byte[]>(capacity);
  }
  pending.segment = std::move(segment);
  pending.capacity = capacity;
  pending.start = start;
  pending.end_offset = next_offset;
  direct_at = pending.bytes.get();
  direct_end = direct_at;  // ExtendPending opens it as far as the file is allocated
}

absl::Status Log::Core::AllocatePending(Segment& segment, uint32_t need) {
  uint32_t from;
  {
    base::SpinMutexLock lock(append_lock);
    from = allocated;
  }
  if (need <= from) return absl::OkStatus();
  const uint64_t step = std::clamp<uint64_t>(uint64_t{from} * 3, kFirstAllocation, kLargestAllocationStep);
  const auto target =
      static_cast<uint32_t>(std::min<uint64_t>(segment.capacity(), std::max<uint64_t>(need, from + step)));
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment.File());
  MOLDAU_RETURN_IF_ERROR(file->Allocate(target));
  if (target >= kPrewriteFrom) MOLDAU_RETURN_IF_ERROR(WriteZeros(*file, std::max(from, need), target));
  base::SpinMutexLock lock(append_lock);
  allocated = target;
  return absl::OkStatus();
}

absl::Status Log::Core::ExtendPending(size_t bytes) {
  std::shared_ptr<Segment> segment;
  uint32_t end_needed;
  bool group_is_full;
  bool ready;
  {
    base::SpinMutexLock lock(append_lock);
    segment = active;
    end_needed = position + static_cast<uint32_t>(bytes);
    uint64_t waiting = pending.size + bytes;
    for (const PendingRun& run : earlier_runs) waiting += run.size;
    group_is_full = waiting > kMaxFlushGroupBytes && waiting > bytes;
    ready = is_ready;
  }
  if (!ready) {
    // Opened from disk: go on behind the last batch, over nothing but zeros.
    MOLDAU_RETURN_IF_ERROR(segment->LoadIndexes());
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment->File());
    MOLDAU_RETURN_IF_ERROR(file->Truncate(segment->published().position));
    segment->MarkTouched();
    base::SpinMutexLock lock(append_lock);
    allocated = segment->published().position;
  }
  if (group_is_full) return Flush();
  MOLDAU_RETURN_IF_ERROR(AllocatePending(*segment, end_needed));
  base::SpinMutexLock lock(append_lock);
  if (!failure.ok()) return failure;
  if (pending.segment != segment || pending.bytes == nullptr) NewPendingBuffer(segment, position, bytes);
  is_ready = true;
  const size_t need = pending.size + bytes;
  if (need > pending.capacity) {
    const auto capacity = static_cast<uint32_t>(std::max<size_t>(need, size_t{pending.capacity} * 2));
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::memcpy(larger.get(), pending.bytes.get(), pending.size);
    pending.bytes = std::move(larger);
    pending.capacity = capacity;
  }
  direct_at = pending.bytes.get() + pending.size;
  direct_end = pending.bytes.get() + std::min(pending.capacity, allocated - pending.start);
  return absl::OkStatus();
}

}  // namespace moldau::log
