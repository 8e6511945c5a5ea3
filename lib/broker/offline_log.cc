#include "broker/offline_log.h"

#include <algorithm>
#include <utility>

#include "base/status_builder.h"
#include "log/batch_scan.h"
#include "log/decode_slice.h"
#include "log/manifest.h"
#include "log/segment_name.h"
#include "moldau/record/verify.h"

namespace moldau {
namespace {

constexpr size_t kLeastRead = size_t{64} << 10;
constexpr uint64_t kNoLimit = UINT64_MAX;

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

storage::Storage& OrPosix(storage::Storage* storage) { return storage != nullptr ? *storage : storage::PosixStorage(); }

}  // namespace

OfflineLog::State::State(storage::Storage& from, std::string path, TopicPartition named)
    : storage(from),
      directory(std::move(path)),
      partition(std::move(named)),
      budget(std::make_shared<base::MemoryBudget>(kNoLimit)) {}

absl::Status OfflineLog::State::Open() {
  MOLDAU_RETURN_IF_ERROR(ListSegments());
  return FindLogStart();
}

absl::Status OfflineLog::State::ListSegments() {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<storage::DirectoryEntry> entries, storage.List(directory));
  bases_.clear();
  for (const storage::DirectoryEntry& entry : entries) {
    const std::optional<log::ParsedName> name = log::ParseSegmentFileName(entry.name);
    if (name && name->kind == log::FileKind::kLog) bases_.push_back(name->base_offset);
  }
  std::sort(bases_.begin(), bases_.end());
  return absl::OkStatus();
}

// Where the log was trimmed to is in the manifest beside it, if there is one. Without, it starts with its first
// segment.
absl::Status OfflineLog::State::FindLogStart() {
  const int64_t first = bases_.empty() ? 0 : bases_.front();
  position = first;
  const absl::StatusOr<log::Manifest> manifest = log::LoadManifest(storage, ParentOf(directory));
  if (manifest.ok()) {
    for (const log::PartitionEntry& entry : manifest->partitions) {
      if (entry.topic != partition.topic || entry.partition != partition.partition) continue;
      position = std::max(first, entry.log_start_offset);
    }
  } else if (absl::IsFailedPrecondition(manifest.status())) {
    return manifest.status();  // of a newer version, and so may be the logs
  }
  Seek(position);
  return absl::OkStatus();
}

void OfflineLog::State::Seek(int64_t offset) {
  position = offset;
  const auto after = std::upper_bound(bases_.begin(), bases_.end(), offset);
  segment_ = after == bases_.begin() ? 0 : static_cast<size_t>(after - bases_.begin()) - 1;
  file_.reset();
}

absl::StatusOr<FetchedRecords> OfflineLog::State::Next(size_t max_bytes) {
  for (;;) {
    MOLDAU_RETURN_IF_ERROR(OpenSegment());
    if (file_ == nullptr) return FetchedRecords(position);
    MOLDAU_ASSIGN_OR_RETURN(Chunk chunk, ReadChunk(max_bytes));
    if (chunk.size == 0) {
      MOLDAU_ASSIGN_OR_RETURN(const bool is_damage, IsDamage(chunk));
      if (is_damage) {
        return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage, "%s: %s at byte %d (offset %d)",
                           SegmentPath(), chunk.problem, at_, next_offset_);
      }
      MOLDAU_ASSIGN_OR_RETURN(const bool moved, NextSegment());
      if (!moved) return FetchedRecords(position);
      continue;
    }
    at_ += chunk.size;
    next_offset_ = chunk.next_offset;
    if (chunk.next_offset <= position) continue;
    const int64_t from = std::exchange(position, chunk.next_offset);
    const std::span<const std::byte> batches(chunk.memory->data(), chunk.size);
    return log::DecodeBatches(std::move(chunk.memory), batches, from, position, budget);
  }
}

// A segment may have gone since it was listed: the broker that runs has deleted it as old.
absl::Status OfflineLog::State::OpenSegment() {
  while (file_ == nullptr) {
    if (segment_ >= bases_.size()) {
      MOLDAU_RETURN_IF_ERROR(ListSegments());
      Seek(position);
      if (bases_.empty()) return absl::OkStatus();
    }
    absl::StatusOr<std::unique_ptr<storage::File>> file = storage.Open(SegmentPath(), storage::OpenMode::kRead);
    if (absl::IsNotFound(file.status())) {
      MOLDAU_RETURN_IF_ERROR(ListSegments());
      Seek(position);
      if (bases_.empty()) return absl::OkStatus();
      continue;
    }
    MOLDAU_RETURN_IF_ERROR(file.status());
    file_ = *std::move(file);
    at_ = 0;
    next_offset_ = bases_[segment_];
  }
  return absl::OkStatus();
}

// False at the last segment there is.
absl::StatusOr<bool> OfflineLog::State::NextSegment() {
  const int64_t current = bases_[segment_];
  MOLDAU_RETURN_IF_ERROR(ListSegments());
  const auto next = std::upper_bound(bases_.begin(), bases_.end(), current);
  if (next == bases_.end()) {
    // Stays where it is, to see what is appended later.
    const auto same = std::find(bases_.begin(), bases_.end(), current);
    if (same != bases_.end()) segment_ = static_cast<size_t>(same - bases_.begin());
    return false;
  }
  segment_ = static_cast<size_t>(next - bases_.begin());
  file_.reset();
  return true;
}

absl::StatusOr<OfflineLog::State::Chunk> OfflineLog::State::ReadChunk(size_t max_bytes) const {
  MOLDAU_ASSIGN_OR_RETURN(Chunk chunk, ReadBytes(std::max(max_bytes, kLeastRead)));
  if (chunk.size > 0 || chunk.memory->size() < record::layout::kHeaderSize) return chunk;
  // The first batch may only be longer than what was read.
  const uint64_t batch_size = record::BatchView(chunk.memory->data()).size_in_bytes();
  return batch_size > chunk.memory->size() ? ReadBytes(batch_size) : std::move(chunk);
}

absl::StatusOr<OfflineLog::State::Chunk> OfflineLog::State::ReadBytes(uint64_t size) const {
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t file_size, file_->Size());
  Chunk chunk;
  const uint64_t left = file_size > at_ ? file_size - at_ : 0;
  chunk.memory = std::make_shared<std::vector<std::byte>>(std::min(size, left));
  MOLDAU_ASSIGN_OR_RETURN(const size_t read, file_->Read(at_, *chunk.memory));
  chunk.memory->resize(read);
  KeepWholeBatches(chunk);
  return chunk;
}

void OfflineLog::State::KeepWholeBatches(Chunk& chunk) const {
  const std::span<const std::byte> bytes(*chunk.memory);
  chunk.next_offset = next_offset_;
  while (chunk.size < bytes.size()) {
    const record::ParsedBatch parsed = record::VerifyBatch(bytes.subspan(chunk.size));
    const char* problem = nullptr;
    if (!parsed.ok()) {
      problem = record::BatchErrorText(parsed.error);
    } else if (parsed.batch.base_offset() < chunk.next_offset) {
      problem = "the base offset falls";
    }
    if (problem != nullptr) {
      if (chunk.size == 0 && !log::AllZero(bytes)) chunk.problem = problem;
      return;
    }
    chunk.size += parsed.batch.size_in_bytes();
    chunk.next_offset = parsed.batch.next_offset();
  }
}

// A batch that is not whole is the end of the log, still being written or torn by a crash, unless more data follows it.
// A running broker may have completed it since it was read.
absl::StatusOr<bool> OfflineLog::State::IsDamage(const Chunk& chunk) {
  if (chunk.problem.empty()) return false;
  MOLDAU_RETURN_IF_ERROR(ListSegments());
  const bool is_last = bases_.empty() || bases_.back() <= next_offset_;
  if (is_last) {
    MOLDAU_ASSIGN_OR_RETURN(const Chunk rest, ReadBytes(kNoLimit));
    if (rest.size > 0) return false;
    const std::span<const std::byte> bytes(*rest.memory);
    if (log::FindValidBatch(bytes, 1, next_offset_) == bytes.size()) return false;
  }
  MOLDAU_ASSIGN_OR_RETURN(const Chunk again, ReadChunk(kLeastRead));
  return again.size == 0 && !again.problem.empty();
}

std::string OfflineLog::State::SegmentPath() const {
  return directory + "/" + log::SegmentFileName(bases_[segment_], log::kLogSuffix);
}

absl::StatusOr<OfflineLog> OfflineLog::Open(std::string directory, storage::Storage* storage) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  const std::optional<log::ParsedDirectory> name = log::ParsePartitionDirectoryName(NameOf(directory));
  if (!name) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTopic,
                       "%s: is not named like a partition's directory, \"<topic>-<partition>\"", directory);
  }
  TopicPartition partition{std::string(name->topic), name->partition};
  auto state = std::make_unique<State>(OrPosix(storage), std::move(directory), std::move(partition));
  MOLDAU_RETURN_IF_ERROR(state->Open());
  return OfflineLog(std::move(state));
}

absl::StatusOr<std::vector<OfflineLog>> OfflineLog::OpenTopic(const std::string& data_dir, std::string_view topic,
                                                              storage::Storage* storage) {
  MOLDAU_RETURN_IF_ERROR(log::ValidateTopicName(topic));
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<storage::DirectoryEntry> entries, OrPosix(storage).List(data_dir));
  std::vector<OfflineLog> logs;
  for (const storage::DirectoryEntry& entry : entries) {
    const std::optional<log::ParsedDirectory> name = log::ParsePartitionDirectoryName(entry.name);
    if (!entry.is_directory || !name || name->topic != topic) continue;
    MOLDAU_ASSIGN_OR_RETURN(OfflineLog opened, Open(data_dir + "/" + entry.name, storage));
    logs.push_back(std::move(opened));
  }
  if (logs.empty()) {
    return base::Error(absl::StatusCode::kNotFound, ErrorCode::kUnknownTopicOrPartition,
                       "%s: has no partition of topic %s that holds records", data_dir, topic);
  }
  std::sort(logs.begin(), logs.end(),
            [](const OfflineLog& a, const OfflineLog& b) { return a.partition() < b.partition(); });
  return logs;
}

OfflineLog::OfflineLog(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
OfflineLog::OfflineLog(OfflineLog&&) noexcept = default;
OfflineLog& OfflineLog::operator=(OfflineLog&&) noexcept = default;
OfflineLog::~OfflineLog() = default;

const TopicPartition& OfflineLog::partition() const noexcept { return state_->partition; }

int64_t OfflineLog::position() const noexcept { return state_->position; }

void OfflineLog::Seek(int64_t offset) { state_->Seek(offset); }

absl::StatusOr<FetchedRecords> OfflineLog::Next(size_t max_bytes) { return state_->Next(max_bytes); }

absl::Status OfflineLog::ForEach(absl::FunctionRef<bool(const RecordView&)> visit) {
  for (;;) {
    MOLDAU_ASSIGN_OR_RETURN(const FetchedRecords records, Next());
    if (records.batches().empty()) return absl::OkStatus();
    for (const RecordView& record : records) {
      if (visit(record)) continue;
      Seek(record.offset() + 1);
      return absl::OkStatus();
    }
  }
}

}  // namespace moldau
