// Opening a log: by the manifest alone after a clean shutdown, by looking at every file otherwise.
#include <algorithm>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"
#include "log/partition_metadata.h"
#include "log/recovery.h"
#include "log/segment_name.h"

namespace moldau::log {

namespace {

bool HasSegmentAt(const std::vector<storage::DirectoryEntry>& entries, int64_t base_offset) {
  const std::string name = SegmentFileName(base_offset, kLogSuffix);
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
}

}  // namespace

Log::Core::Core(const LogEnvironment& env, std::string dir, LogIdentity id, const LogConfig& log_config)
    : environment(env),
      directory(std::move(dir)),
      identity(std::move(id)),
      wall_clock(*env.clock),
      durable(new DurableEnd(*this, identity.partition)),
      config(log_config),
      opened_wall(env.clock->WallNow()),
      opened_mono(env.clock->Now()),
      tasks(*env.executor) {
  expiry_ms = opened_wall.time_since_epoch().count();
}

Log::Core::~Core() {
  Close().IgnoreError();  // whoever wants to know calls Close
  durable->Detach();
  durable->DropReference();
}

absl::Status Log::Core::Open(const Known& known) {
  if (known.clean_shutdown && known.entry != nullptr) {
    SegmentList list;
    const uint32_t capacity = config.segment_bytes;
    for (const SegmentEntry& entry : known.entry->segments) {
      auto segment = std::make_shared<Segment>(environment, directory, entry.base_offset,
                                               std::max(capacity, static_cast<uint32_t>(entry.size_bytes)));
      segment->set_index_interval_bytes(config.index_interval_bytes);
      segment->Restore(entry);
      list.push_back(std::move(segment));
    }
    MOLDAU_RETURN_IF_ERROR(LoadEpochs(known, true));
    {
      base::MutexLock lock(maintenance_mutex);
      directory_exists = !list.empty();
    }
    const bool is_empty = list.empty();
    AdoptSegments(std::move(list), known.entry->log_start_offset, known.entry->recovery_point);
    cleaned_to.store(known.entry->cleaned_offset);
    AdoptProducers(is_empty ? std::optional(ProducerStates()) : std::nullopt, log_end.load(std::memory_order_relaxed));
    return absl::OkStatus();
  }
  MOLDAU_ASSIGN_OR_RETURN(SegmentList list, ListSegments(known));
  MOLDAU_RETURN_IF_ERROR(LoadEpochs(known, false));
  RecoveryRules rules{
      .same_boot = known.same_boot,
      .flushed = config.durability == Durability::kFlushed || config.durability == Durability::kReplicatedFlushed};
  if (known.entry != nullptr) rules.recovery_point = known.entry->recovery_point;
  std::optional<ProducerStates> recovered_producers;
  if (list.empty()) {
    recovered_producers.emplace();
    if (known.entry != nullptr && known.entry->recovery_point > known.entry->log_start_offset) {
      return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError,
                         "%s: holds no segments, but offsets [%d, %d) had been flushed", directory,
                         known.entry->log_start_offset, known.entry->recovery_point);
    }
  } else {
    LeaderEpochHistory recovered = EpochsCopy();
    MOLDAU_RETURN_IF_ERROR(
        RecoverSegments(environment, directory, rules, list, recovered, recovered_producers, report));
    const int64_t end = list.back()->end_offset();
    recovered.TruncateSuffix(end);
    // What lies above the log start was lost before it was flushed.
    if (known.entry != nullptr && end < known.entry->log_start_offset) {
      MOLDAU_ASSIGN_OR_RETURN(const int removed, RemoveAll(list));
      report.removed_segments += removed;
      recovered_producers = ProducerStates();
    }
    base::SpinMutexLock lock(epochs_lock);
    epochs = std::move(recovered);
  }
  int64_t durable_to = rules.recovery_point;
  if (rules.flushed && !list.empty()) {
    // Readers see only what is durable, and the tail may have been in the page cache alone.
    MOLDAU_RETURN_IF_ERROR(FlushRecovered(list));
    durable_to = list.back()->end_offset();
  }
  const int64_t first = list.empty() ? 0 : list.front()->base_offset();
  AdoptSegments(std::move(list), known.entry != nullptr ? std::max(first, known.entry->log_start_offset) : first,
                durable_to);
  if (known.entry != nullptr) {
    cleaned_to.store(std::min(known.entry->cleaned_offset, log_end.load(std::memory_order_relaxed)));
  }
  AdoptProducers(MOLDAU_NAMED_BUG(M19) ? std::nullopt : std::move(recovered_producers),
                 log_end.load(std::memory_order_relaxed));
  return absl::OkStatus();
}

absl::Status Log::Core::FlushRecovered(const SegmentList& list) {
  for (const std::shared_ptr<Segment>& segment : list) {
    if (!segment->touched()) continue;
    MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, segment->File());
    MOLDAU_RETURN_IF_ERROR(file->Flush());
  }
  base::MutexLock lock(flush_mutex);
  return FlushNames();
}

// What a crash may have left of unfinished work. Files that are not ours are left alone.
absl::Status Log::Core::RemoveLeftovers(const std::vector<storage::DirectoryEntry>& entries) {
  bool removed_snapshot = false;
  for (const storage::DirectoryEntry& entry : entries) {
    const std::optional<ParsedName> parsed = ParseSegmentFileName(entry.name);
    // A snapshot that belongs to no segment's base may speak of records that are gone.
    const bool loose = parsed && parsed->kind == FileKind::kSnapshot && !HasSegmentAt(entries, parsed->base_offset);
    const bool unfinished = parsed && (parsed->kind == FileKind::kPrepared || parsed->kind == FileKind::kDeleted ||
                                       parsed->kind == FileKind::kCleaned || parsed->kind == FileKind::kSwap);
    if (unfinished || loose) {
      MOLDAU_RETURN_IF_ERROR(environment.storage->Remove(directory + "/" + entry.name));
      removed_snapshot |= loose;
    }
  }
  // Before a segment can come to begin where it lay.
  if (removed_snapshot) MOLDAU_RETURN_IF_ERROR(environment.storage->FlushDirectory(directory));
  return absl::OkStatus();
}

absl::StatusOr<SegmentList> Log::Core::ListSegments(const Known& known) {
  SegmentList list;
  const absl::StatusOr<std::vector<storage::DirectoryEntry>> entries = environment.storage->List(directory);
  if (absl::IsNotFound(entries.status())) return list;
  MOLDAU_RETURN_IF_ERROR(entries.status());
  MOLDAU_ASSIGN_OR_RETURN(const bool swapped, FinishSwaps(*entries));
  if (swapped) return ListSegments(known);
  {
    base::MutexLock lock(maintenance_mutex);
    directory_exists = true;
  }
  // Nobody knows which of these names had reached the disk.
  names_dirty.store(true, std::memory_order_relaxed);
  parent_dirty.store(true, std::memory_order_relaxed);
  MOLDAU_RETURN_IF_ERROR(RemoveLeftovers(*entries));
  for (const storage::DirectoryEntry& file : *entries) {
    const std::optional<ParsedName> parsed = ParseSegmentFileName(file.name);
    if (!parsed || parsed->kind != FileKind::kLog) continue;
    const auto capacity = static_cast<uint32_t>(
        std::clamp<uint64_t>(file.size, std::min(config.segment_bytes, kMaxRelative), kMaxRelative));
    auto segment = std::make_shared<Segment>(environment, directory, parsed->base_offset, capacity);
    segment->set_index_interval_bytes(config.index_interval_bytes);
    if (known.entry != nullptr) {
      for (const SegmentEntry& entry : known.entry->segments) {
        // Compaction may have put another file in its place since.
        const bool same = entry.base_offset == parsed->base_offset && entry.size_bytes == file.size;
        if (same && entry.sealed) segment->Restore(entry);
      }
    }
    list.push_back(std::move(segment));
  }
  return list;
}

absl::Status Log::Core::LoadEpochs(const Known& known, bool trust_entry) {
  LeaderEpochHistory history;
  if (known.entry != nullptr) {
    MOLDAU_ASSIGN_OR_RETURN(history, LeaderEpochHistory::FromEntries(known.entry->epochs));
  }
  if (!trust_entry) {
    // The file has no checksum: epochs that the manifest does not know are taken from the batches, by recovery. But
    // what a newer version has written is not ours to interpret.
    const absl::StatusOr<LeaderEpochHistory> file = LoadLeaderEpochs(*environment.storage, directory);
    if (absl::IsFailedPrecondition(file.status())) return file.status();
    if (!file.ok() && !absl::IsNotFound(file.status())) {
      environment.logger->Warning("log.epochs", "%s: rebuilt from the log", file.status().message());
    }
  }
  base::SpinMutexLock lock(epochs_lock);
  epochs = std::move(history);
  return absl::OkStatus();
}

void Log::Core::AdoptSegments(SegmentList list, int64_t start, int64_t recovery_point) {
  const std::shared_ptr<Segment> last = list.empty() ? nullptr : list.back();
  if (last != nullptr) last->Unseal();  // segments behind it may have been lost with a crash
  const int64_t end = last != nullptr ? last->end_offset() : start;
  set_segments(std::move(list));
  log_start.store(start, std::memory_order_release);
  log_end.store(std::max(start, end), std::memory_order_release);
  visible_end.store(std::max(start, end), std::memory_order_seq_cst);
  durable->Reset(std::clamp(recovery_point, int64_t{0}, std::max(start, end)));
  base::SpinMutexLock lock(append_lock);
  active = last;
  position = last != nullptr ? last->published().position : 0;
  next_offset = std::max(start, end);
  appended.first_offset.store(next_offset, std::memory_order_relaxed);
  const auto latest = EpochsCopy().latest();
  leader_epoch = latest ? latest->epoch : 0;
  if (active != nullptr && active->capacity() < position) indexed_full = true;
}

}  // namespace moldau::log
