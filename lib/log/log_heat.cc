// Mapping follows heat. A cold log appends by write; once it has taken kWarmBytes its active segment is mapped (warm),
// and once a warm segment has taken kHotBytes more the rest of it is touched ahead of the writer and the next segments
// are prepared (hot). CoolDown takes it all back from a log that has become idle.
#include <algorithm>
#include <chrono>

#include "base/status_builder.h"
#include "log/log_core.h"
#include "log/segment_name.h"

namespace moldau::log {

namespace {

constexpr uint64_t kWarmBytes = 64u << 10;
constexpr uint32_t kHotBytes = 1u << 20;
constexpr int kKeepPrepared = 3;
// A kernel that keeps files in pages of many sizes makes one page of one write: 2 MiB are mapped by a single entry of
// the page table. Appends are 5 to 15 % faster for it.
constexpr uint64_t kZeroChunk = 2u << 20;

}  // namespace

void Log::Core::RequestWarmUp() {
  if (cold_bytes < kWarmBytes || warm_up_requested || environment.guards_pages) return;
  warm_up_requested = true;
  tasks.Post([this] { WarmUp(); });
}

// Maps the active segment. Appends go on through the file until the mapping is there.
void Log::Core::WarmUp() {
  base::MutexLock lock(maintenance_mutex);
  std::shared_ptr<Segment> segment;
  {
    base::SpinMutexLock end(append_lock);
    if (!failure.ok() || active == nullptr || is_mapped || !publishes || !is_ready) return;
    segment = active;
    cut_short = false;
  }
  const absl::StatusOr<std::shared_ptr<storage::File>> file = segment->File();
  if (!file.ok() || !(*file)->Allocate(segment->capacity()).ok()) return;  // stays cold; a full disk shows at an append
  absl::StatusOr<std::unique_ptr<storage::Mapping>> mapping =
      (*file)->Map(segment->capacity(), storage::MapMode::kReadWrite);
  if (!mapping.ok()) return;
  (*mapping)->Advise(storage::Advice::kRandom);
  std::byte* const data = (*mapping)->data();
  if (!segment->Adopt(*file, *std::move(mapping)).ok()) return;
  base::SpinMutexLock end(append_lock);
  if (!failure.ok()) return;
  if (cut_short) {  // by an append that met a full disk meanwhile: the mapping is longer than the file
    segment->DropWritableMapping();
    warm_up_requested = false;
    return;
  }
  is_mapped = true;
  direct_at = data + position;
  direct_end = data + segment->capacity();
  heat_mark = position + std::min(kHotBytes, segment->capacity() - position);
}

// The writer is fast: touch what lies ahead of it, and make the next segments.
void Log::Core::HeatUp() {
  std::shared_ptr<Segment> segment;
  uint32_t from;
  {
    base::SpinMutexLock lock(append_lock);
    if (!is_mapped) return;
    segment = active;
    from = position;
  }
  if (const std::shared_ptr<storage::Mapping> mapping = segment->writable_mapping(); mapping != nullptr) {
    mapping->Advise(storage::Advice::kNormal);
    // Far enough ahead that the writer does not run into the pages being touched; what it misses it touches itself.
    const size_t ahead = std::min<size_t>(from + (size_t{1} << 20), mapping->size());
    if (ahead < mapping->size()) mapping->Populate(ahead, mapping->size() - ahead).IgnoreError();  // only a hint
  }
  {
    base::MutexLock lock(prepare_mutex);
    prepare_wanted = kKeepPrepared;
  }
  PrepareAhead();
}

// Sees to it that enough segments are ready or being made.
void Log::Core::PrepareAhead() {
  base::MutexLock lock(prepare_mutex);
  const int missing = prepare_wanted - static_cast<int>(prepared.size()) - preparing;
  for (int i = 0; i < missing; ++i) {
    ++preparing;
    tasks.Post([this] {
      {
        base::MutexLock begun(prepare_mutex);
        if (static_cast<int>(prepared.size()) + prepare_running >= prepare_wanted) {
          --preparing;  // Prepare was faster
          return;
        }
        ++prepare_running;
      }
      const absl::Status status = PrepareOne();
      {
        base::MutexLock done(prepare_mutex);
        --preparing;
        --prepare_running;
        if (!status.ok()) prepare_wanted = 0;  // no space: segments are made when they are needed, or refused then
      }
      prepare_event.Wake();
    });
  }
}

absl::Status Log::Core::PrepareOne() {
  uint32_t capacity;
  std::string path;
  {
    base::SpinMutexLock lock(append_lock);
    if (!failure.ok()) return failure;
    capacity = config.segment_bytes;
  }
  {
    base::MutexLock lock(prepare_mutex);
    path = directory + "/" + SegmentFileName(prepare_number++, kLogSuffix) + std::string(kPreparedSuffix);
  }
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<storage::File> file,
                          environment.storage->Open(path, storage::OpenMode::kOpenOrCreate));
  const auto fill = [&]() -> absl::StatusOr<std::shared_ptr<storage::Mapping>> {
    MOLDAU_RETURN_IF_ERROR(file->Truncate(0));
    MOLDAU_RETURN_IF_ERROR(file->Allocate(capacity));
    static std::byte zeros[kZeroChunk];  // a const one would fill the program's file
    for (uint64_t at = 0; at < capacity; at += kZeroChunk) {
      const auto size = static_cast<size_t>(std::min<uint64_t>(kZeroChunk, capacity - at));
      MOLDAU_RETURN_IF_ERROR(file->Write(at, std::span<const std::byte>(zeros).first(size)));
    }
    MOLDAU_ASSIGN_OR_RETURN(std::unique_ptr<storage::Mapping> mapping,
                            file->Map(capacity, storage::MapMode::kReadWrite));
    MOLDAU_RETURN_IF_ERROR(mapping->Populate(0, capacity));
    return std::shared_ptr<storage::Mapping>(std::move(mapping));
  };
  absl::StatusOr<std::shared_ptr<storage::Mapping>> mapping = fill();
  if (!mapping.ok()) {
    file.reset();
    environment.storage->Remove(path).IgnoreError();  // the first error is the one to tell
    return mapping.status();
  }
  base::MutexLock lock(prepare_mutex);
  prepared.push_back({std::move(path), std::move(file), *std::move(mapping)});
  return absl::OkStatus();
}

// One that is nearly ready is worth waiting for: made here it would take as long, and the append would fault on every
// page.
std::optional<PreparedSegment> Log::Core::TakePrepared() {
  base::EventCount::Waiter waiter(prepare_event);
  for (;;) {
    const uint32_t key = prepare_event.key();
    {
      base::MutexLock lock(prepare_mutex);
      if (!prepared.empty()) {
        PreparedSegment ready = std::move(prepared.front());
        prepared.pop_front();
        return ready;
      }
      if (prepare_running == 0) return std::nullopt;
    }
    environment.clock->WaitUntil(prepare_event, key, kForever);
  }
}

void Log::Core::DropPrepared() {
  std::deque<PreparedSegment> unused;
  {
    base::MutexLock lock(prepare_mutex);
    prepare_wanted = 0;
    unused.swap(prepared);
  }
  for (PreparedSegment& segment : unused) {
    segment.mapping = nullptr;
    segment.file = nullptr;
    environment.storage->Remove(segment.path).IgnoreError();  // removed at the next open otherwise
  }
}

absl::Status Log::Core::Prepare(uint64_t bytes) {
  if (flushes() || environment.guards_pages) return absl::OkStatus();
  const Timestamp now = wall_clock.WallNow();
  bool have_active;
  {
    MOLDAU_RETURN_IF_ERROR(LockForAppend());
    have_active = active != nullptr && is_ready;
    append_lock.Unlock();
  }
  if (!have_active) MOLDAU_RETURN_IF_ERROR(MakeRoom(1, now));
  WarmUp();
  std::shared_ptr<Segment> segment;
  uint32_t from;
  {
    base::SpinMutexLock lock(append_lock);
    segment = active;
    from = position;
    heat_mark = UINT32_MAX;
  }
  const std::shared_ptr<storage::Mapping> mapping = segment->writable_mapping();
  if (mapping == nullptr) {
    return base::Error(absl::StatusCode::kResourceExhausted, ErrorCode::kStorageError,
                       "%s: no space to allocate a segment of %u bytes", directory, segment->capacity());
  }
  const size_t here = std::min<uint64_t>(bytes, mapping->size() - from);
  MOLDAU_RETURN_IF_ERROR(mapping->Populate(from, here));
  const uint64_t more = bytes - here;
  const auto wanted = static_cast<int>((more + segment->capacity() - 1) / segment->capacity());
  // What the helper is making counts, and is waited for: whoever prepares wants nothing of it left for later.
  base::EventCount::Waiter waiter(prepare_event);
  for (;;) {
    const uint32_t key = prepare_event.key();
    int running;
    {
      base::MutexLock lock(prepare_mutex);
      prepare_wanted = std::max(prepare_wanted, std::min(wanted, kKeepPrepared));
      running = prepare_running;
      const int ready = static_cast<int>(prepared.size());
      if (ready >= wanted && running == 0) return absl::OkStatus();
      if (ready + running < wanted) running = 0;
    }
    if (running > 0) {
      environment.clock->WaitUntil(prepare_event, key, kForever);
    } else {
      MOLDAU_RETURN_IF_ERROR(PrepareOne());
    }
  }
}

void Log::Core::CoolDown() {
  base::MutexLock lock(maintenance_mutex);
  bool idle;
  {
    base::SpinMutexLock end(append_lock);
    idle = std::exchange(batches_at_cool_down, appended.batches.value()) == appended.batches.value();
    slow_at_ms = INT64_MIN;  // a clock that has jumped back must not keep appends from being timed for ever
    if (!failure.ok()) return;
  }
  if (!idle) return;
  DropPrepared();
  if (const absl::Status status = CoolActive(); !status.ok()) {
    environment.logger->Warning("log.cool", "%s: stays mapped: %s", directory, status.message());
  }
  for (const std::shared_ptr<Segment>& segment : *segments()) {
    if (segment->TryReleaseHandles() && environment.handles != nullptr) environment.handles->Withdraw(segment.get());
  }
}

// The active segment goes back to being a file without a mapping, as long as what it holds.
absl::Status Log::Core::CoolActive() {
  base::MutexLock no_flush(flush_mutex);  // what is being flushed is not published yet, and must not be cut off
  std::shared_ptr<Segment> segment;
  {
    base::SpinMutexLock lock(append_lock);
    if (active == nullptr || !is_ready || appended.batches.value() != batches_at_cool_down) return absl::OkStatus();
    if (pending.size > 0 || !earlier_runs.empty()) return absl::OkStatus();
    segment = active;
    is_ready = false;
    is_mapped = false;
    direct_at = direct_end = nullptr;
    heat_mark = UINT32_MAX;
    warm_up_requested = false;
    cold_bytes = 0;
    pending = {};
    spare_buffer = nullptr;
  }
  flushed_size_of = -1;  // when it is mapped again its file grows again
  segment->DropWritableMapping();
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment->File());
  return file->Truncate(segment->published().position);
}

}  // namespace moldau::log
