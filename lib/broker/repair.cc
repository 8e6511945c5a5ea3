#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_builder.h"
#include "log/batch_scan.h"
#include "log/manifest.h"
#include "log/segment_name.h"
#include "moldau/offline.h"

namespace moldau {
namespace {

constexpr std::string_view kLockFileName = ".lock";
constexpr std::string_view kDamagedSuffix = ".damaged";
constexpr std::string_view kIndexSuffixes[] = {log::kIndexSuffix, log::kTimeIndexSuffix, log::kTxnIndexSuffix};

// One repair of one partition: find the first damage, set aside what follows, correct the manifest.
class Repair {
 public:
  Repair(storage::Storage& storage, const std::string& data_dir, TopicPartition partition)
      : storage_(storage),
        data_dir_(data_dir),
        partition_(std::move(partition)),
        directory_(data_dir + "/" + log::PartitionDirectoryName(partition_.topic, partition_.partition)) {}

  absl::StatusOr<RepairReport> Run();

 private:
  absl::Status LoadManifest();
  absl::Status ListSegments();
  absl::Status FindDamage();
  absl::StatusOr<std::vector<std::byte>> ReadSegment(int64_t base) const;
  absl::Status Cut();
  absl::Status SetAsideSegment(int64_t base);
  absl::Status SetAsideTail(int64_t base, uint64_t position);
  absl::Status RemoveIndexes(int64_t base);
  absl::Status CorrectManifest();
  void Damage(int64_t base, uint64_t position);
  [[nodiscard]] std::string Path(int64_t base, std::string_view suffix) const {
    return directory_ + "/" + log::SegmentFileName(base, suffix);
  }

  storage::Storage& storage_;
  const std::string& data_dir_;
  const TopicPartition partition_;
  const std::string directory_;
  std::unique_ptr<storage::FileLock> lock_;
  std::optional<log::Manifest> manifest_;
  log::PartitionEntry* entry_ = nullptr;  // in manifest_
  std::vector<int64_t> bases_;
  size_t damaged_ = 0;  // index into bases_
  RepairReport report_;
};

absl::StatusOr<RepairReport> Repair::Run() {
  MOLDAU_RETURN_IF_ERROR(storage_.List(data_dir_).status());
  MOLDAU_ASSIGN_OR_RETURN(lock_, storage_.Lock(data_dir_ + "/" + std::string(kLockFileName)));
  MOLDAU_RETURN_IF_ERROR(LoadManifest());
  MOLDAU_RETURN_IF_ERROR(ListSegments());
  MOLDAU_RETURN_IF_ERROR(FindDamage());
  if (!report_.damaged) return report_;
  MOLDAU_RETURN_IF_ERROR(Cut());
  MOLDAU_RETURN_IF_ERROR(CorrectManifest());
  return report_;
}

absl::Status Repair::LoadManifest() {
  absl::StatusOr<log::Manifest> manifest = log::LoadManifest(storage_, data_dir_);
  if (absl::IsNotFound(manifest.status())) return absl::OkStatus();
  MOLDAU_RETURN_IF_ERROR(manifest.status());
  manifest_ = *std::move(manifest);
  for (log::PartitionEntry& entry : manifest_->partitions) {
    if (entry.topic == partition_.topic && entry.partition == partition_.partition) entry_ = &entry;
  }
  return absl::OkStatus();
}

absl::Status Repair::ListSegments() {
  const absl::StatusOr<std::vector<storage::DirectoryEntry>> entries = storage_.List(directory_);
  // A directory that has gone is damage too, if anything is known of it.
  if (absl::IsNotFound(entries.status()) && entry_ != nullptr) return absl::OkStatus();
  MOLDAU_RETURN_IF_ERROR(entries.status());
  for (const storage::DirectoryEntry& file : *entries) {
    const std::optional<log::ParsedName> name = log::ParseSegmentFileName(file.name);
    if (name && name->kind == log::FileKind::kLog) bases_.push_back(name->base_offset);
  }
  std::sort(bases_.begin(), bases_.end());
  return absl::OkStatus();
}

void Repair::Damage(int64_t base, uint64_t position) {
  report_.damaged = true;
  report_.file = Path(base, log::kLogSuffix);
  report_.position = position;
}

// Damage is a batch that does not follow on the one before it, or an end below what had been flushed.
absl::Status Repair::FindDamage() {
  int64_t next_offset = bases_.empty() ? 0 : bases_.front();
  int32_t epoch = -1;
  uint64_t last_position = 0;
  for (damaged_ = 0; damaged_ < bases_.size(); ++damaged_) {
    const int64_t base = bases_[damaged_];
    if (base != next_offset) {
      --damaged_;  // the segment before it ends too early
      Damage(bases_[damaged_], last_position);
      break;
    }
    MOLDAU_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadSegment(base));
    const log::ScanStop stop =
        log::ScanBatches(bytes, 0, next_offset, epoch, [](const record::BatchView&, uint32_t) {});
    next_offset = stop.next_offset;
    epoch = stop.last_epoch;
    last_position = stop.position;
    if (stop.problem.empty()) continue;
    Damage(base, stop.position);
    break;
  }
  const int64_t promised = entry_ == nullptr ? 0 : entry_->recovery_point;
  report_.log_end_offset = next_offset;
  if (report_.damaged || next_offset >= promised) return absl::OkStatus();
  if (bases_.empty()) {
    report_.damaged = true;
    report_.file = directory_;
    report_.log_end_offset = promised;  // offsets are not given out twice
    return absl::OkStatus();
  }
  damaged_ = bases_.size() - 1;
  Damage(bases_.back(), last_position);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::byte>> Repair::ReadSegment(int64_t base) const {
  MOLDAU_ASSIGN_OR_RETURN(const auto file, storage_.Open(Path(base, log::kLogSuffix), storage::OpenMode::kRead));
  MOLDAU_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::vector<std::byte> bytes(size);
  MOLDAU_ASSIGN_OR_RETURN(const size_t read, file->Read(0, bytes));
  bytes.resize(read);
  return bytes;
}

// From the back to the front, each step durable before the next: a crash leaves a log that still shows the damage.
absl::Status Repair::Cut() {
  while (!bases_.empty() && bases_.size() - 1 > damaged_) {
    MOLDAU_RETURN_IF_ERROR(SetAsideSegment(bases_.back()));
    bases_.pop_back();
  }
  return bases_.empty() ? absl::OkStatus() : SetAsideTail(bases_.back(), report_.position);
}

absl::Status Repair::SetAsideSegment(int64_t base) {
  const std::string path = Path(base, log::kLogSuffix);
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadSegment(base));
  report_.set_aside_bytes += bytes.size();
  MOLDAU_RETURN_IF_ERROR(RemoveIndexes(base));
  MOLDAU_RETURN_IF_ERROR(storage_.Rename(path, path + std::string(kDamagedSuffix)));
  return storage_.FlushDirectory(directory_);
}

absl::Status Repair::SetAsideTail(int64_t base, uint64_t position) {
  const std::string path = Path(base, log::kLogSuffix);
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadSegment(base));
  const std::span<const std::byte> tail = std::span(bytes).subspan(std::min<size_t>(position, bytes.size()));
  if (!log::AllZero(tail)) {
    MOLDAU_ASSIGN_OR_RETURN(const auto aside,
                            storage_.Open(path + std::string(kDamagedSuffix), storage::OpenMode::kOpenOrCreate));
    MOLDAU_RETURN_IF_ERROR(aside->Truncate(0));
    MOLDAU_RETURN_IF_ERROR(aside->Write(0, tail));
    MOLDAU_RETURN_IF_ERROR(aside->Flush());
    report_.set_aside_bytes += tail.size();
  }
  MOLDAU_RETURN_IF_ERROR(RemoveIndexes(base));
  MOLDAU_RETURN_IF_ERROR(storage_.FlushDirectory(directory_));
  MOLDAU_ASSIGN_OR_RETURN(const auto file, storage_.Open(path, storage::OpenMode::kReadWrite));
  MOLDAU_RETURN_IF_ERROR(file->Truncate(position));
  return file->Flush();
}

absl::Status Repair::RemoveIndexes(int64_t base) {
  for (const std::string_view suffix : kIndexSuffixes) {
    const absl::Status removed = storage_.Remove(Path(base, suffix));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  return absl::OkStatus();
}

// The manifest must not promise what is gone, nor vouch for files that have changed: the next start looks at all of
// them.
absl::Status Repair::CorrectManifest() {
  if (!manifest_) return absl::OkStatus();
  manifest_->clean_shutdown = false;
  if (entry_ != nullptr) {
    const int64_t end = report_.log_end_offset;
    entry_->log_end_offset = end;
    entry_->high_watermark = std::min(entry_->high_watermark, end);
    entry_->recovery_point = std::min(entry_->recovery_point, end);
    entry_->log_start_offset = bases_.empty() ? end : std::min(entry_->log_start_offset, end);
    std::erase_if(entry_->segments, [&](const log::SegmentEntry& segment) {
      return bases_.empty() || segment.end_offset > end || segment.base_offset >= bases_.back();
    });
    std::erase_if(entry_->epochs, [&](const log::EpochEntry& epoch) { return epoch.start_offset >= end; });
  }
  return log::StoreManifest(storage_, data_dir_, *manifest_);
}

}  // namespace

absl::StatusOr<RepairReport> RepairPartition(const std::string& data_dir, const TopicPartition& partition,
                                             storage::Storage* storage) {
  MOLDAU_RETURN_IF_ERROR(log::ValidateTopicName(partition.topic));
  return Repair(storage != nullptr ? *storage : storage::PosixStorage(), data_dir, partition).Run();
}

}  // namespace moldau
