#include "broker/data_directory.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/status_builder.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/partition_metadata.h"
#include "log/segment_name.h"
#include "log/whole_file.h"

namespace moldau::broker {
namespace {

constexpr std::string_view kLockFileName = ".lock";
constexpr std::string_view kDeleteSuffix = "-delete";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::string_view kDamagedSuffix = ".damaged";
constexpr size_t kUniqueLength = 32;

std::string ParentOf(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = end == std::string::npos ? std::string::npos : path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  const size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

std::string Hex(const Uuid& id) {
  std::string text;
  for (const uint8_t byte : id.bytes) absl::StrAppendFormat(&text, "%02x", byte);
  return text;
}

// "<topic>-<p>.<32 hex>-delete"
bool IsLeftoverName(std::string_view name) {
  if (!name.ends_with(kDeleteSuffix)) return false;
  name.remove_suffix(kDeleteSuffix.size());
  if (name.size() <= kUniqueLength || name[name.size() - kUniqueLength - 1] != '.') return false;
  const std::string_view unique = name.substr(name.size() - kUniqueLength);
  if (unique.find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
  return log::ParsePartitionDirectoryName(name.substr(0, name.size() - kUniqueLength - 1)).has_value();
}

bool IsOwnFileName(std::string_view name) {
  if (name.ends_with(kTemporarySuffix)) name.remove_suffix(kTemporarySuffix.size());
  if (name.ends_with(kDamagedSuffix)) name.remove_suffix(kDamagedSuffix.size());
  return name == log::kLeaderEpochFileName || name == log::kPartitionMetadataFileName ||
         log::ParseSegmentFileName(name).has_value();
}

std::vector<std::string> Sorted(const std::unordered_set<std::string>& names) {
  std::vector<std::string> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

bool IsOwnTopLevelFile(std::string_view name) {
  if (name.ends_with(kTemporarySuffix)) name.remove_suffix(kTemporarySuffix.size());
  return name == kLockFileName || name == log::kManifestFileName;
}

}  // namespace

DataDirectory::DataDirectory(Environment& environment)
    : environment_(environment), path_(environment.options().data_dir) {}

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(Environment& environment) {
  std::unique_ptr<DataDirectory> directory(new DataDirectory(environment));
  MOLDAU_RETURN_IF_ERROR(directory->EnsureExists());
  MOLDAU_ASSIGN_OR_RETURN(directory->lock_, environment.storage().Lock(directory->Path(kLockFileName)));
  MOLDAU_RETURN_IF_ERROR(directory->LoadManifest());
  MOLDAU_RETURN_IF_ERROR(directory->ReadListing());
  return directory;
}

absl::Status DataDirectory::EnsureExists() {
  storage::Storage& storage = environment_.storage();
  const absl::Status listed = storage.List(path_).status();
  if (!absl::IsNotFound(listed)) return listed;
  if (!environment_.options().create_if_missing) {
    return base::Error(absl::StatusCode::kNotFound, "%s: there is no data directory, and it is not to be created",
                       path_);
  }
  MOLDAU_RETURN_IF_ERROR(storage.CreateDirectory(path_));
  return storage.FlushDirectory(ParentOf(path_));
}

absl::Status DataDirectory::LoadManifest() {
  absl::StatusOr<log::Manifest> manifest = log::LoadManifest(environment_.storage(), path_);
  if (manifest.ok()) {
    AdoptManifest(*std::move(manifest));
    return absl::OkStatus();
  }
  if (absl::IsDataLoss(manifest.status())) {
    return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kStorageError,
                       "%s; without this file every log is recovered in full, and records that were trimmed from the "
                       "front of a log may appear again",
                       std::string(manifest.status().message()));
  }
  if (!absl::IsNotFound(manifest.status())) return manifest.status();
  Random random = environment_.NewRandom();
  cluster_id_ = random.NextUuid();
  directory_id_ = random.NextUuid();
  return absl::OkStatus();
}

void DataDirectory::AdoptManifest(log::Manifest manifest) {
  cluster_id_ = manifest.cluster_id;
  directory_id_ = manifest.directory_id;
  clean_shutdown_ = manifest.clean_shutdown;
  same_boot_ = !manifest.boot_id.empty() && manifest.boot_id == environment_.storage().BootId();
  entries_.reserve(manifest.partitions.size());
  for (log::PartitionEntry& entry : manifest.partitions) {
    std::string name = log::PartitionDirectoryName(entry.topic, entry.partition);
    entries_[std::move(name)] = std::make_unique<log::PartitionEntry>(std::move(entry));
  }
}

absl::Status DataDirectory::ReadListing() {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<storage::DirectoryEntry> entries, environment_.storage().List(path_));
  std::vector<std::string> foreign;
  for (const storage::DirectoryEntry& entry : entries) {
    if (entry.is_directory && log::ParsePartitionDirectoryName(entry.name)) {
      partitions_.insert(entry.name);
    } else if (entry.is_directory && IsLeftoverName(entry.name)) {
      leftovers_.push_back(entry.name);
    } else if (entry.is_directory || !IsOwnTopLevelFile(entry.name)) {
      foreign.push_back(entry.name);
    }
  }
  unclaimed_ = partitions_;
  LogForeign(foreign);
  return absl::OkStatus();
}

void DataDirectory::LogForeign(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  if (names.empty()) return;
  const std::vector<std::string> shown(names.begin(), names.begin() + static_cast<int>(std::min(names.size(), kShown)));
  environment_.logger().Warning("broker.foreign_files", "%s: %d foreign files and directories are left alone: %s%s",
                                path_, names.size(), absl::StrJoin(shown, ", "), names.size() > kShown ? ", ..." : "");
}

std::unique_ptr<log::PartitionEntry> DataDirectory::TakeEntry(const std::string& directory_name, const Uuid& topic_id) {
  const auto found = entries_.find(directory_name);
  if (found == entries_.end() || found->second->topic_id != topic_id) return nullptr;
  std::unique_ptr<log::PartitionEntry> entry = std::move(found->second);
  entries_.erase(found);
  return entry;
}

std::vector<std::string> DataDirectory::PartitionDirectories() const { return Sorted(partitions_); }

std::vector<std::string> DataDirectory::UnclaimedDirectories() const { return Sorted(unclaimed_); }

void DataDirectory::ForgetListing() {
  entries_ = decltype(entries_)();
  partitions_ = decltype(partitions_)();
  leftovers_ = decltype(leftovers_)();
}

absl::Status DataDirectory::StoreManifest(std::string_view encoded) {
  return log::ReplaceWholeFile(environment_.storage(), path_, log::kManifestFileName, encoded);
}

log::Manifest DataDirectory::Describe(std::vector<log::PartitionEntry> partitions, bool clean_shutdown) const {
  return {.cluster_id = cluster_id_,
          .directory_id = directory_id_,
          .node_id = 0,
          .clean_shutdown = clean_shutdown,
          .boot_id = environment_.storage().BootId(),
          .partitions = std::move(partitions)};
}

absl::StatusOr<std::string> DataDirectory::SetAside(const std::string& directory_name, const Uuid& unique) {
  std::string name = directory_name + "." + Hex(unique) + std::string(kDeleteSuffix);
  MOLDAU_RETURN_IF_ERROR(environment_.storage().Rename(Path(directory_name), Path(name)));
  MOLDAU_RETURN_IF_ERROR(environment_.storage().FlushDirectory(path_));
  partitions_.erase(directory_name);
  unclaimed_.erase(directory_name);
  return name;
}

std::string DataDirectory::Path(std::string_view name) const {
  return path_ + (path_.ends_with('/') ? "" : "/") + std::string(name);
}

absl::Status RemovePartitionDirectory(storage::Storage& storage, const std::string& path) {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<storage::DirectoryEntry> entries, storage.List(path));
  std::string foreign;
  for (const storage::DirectoryEntry& entry : entries) {
    if (entry.is_directory || !IsOwnFileName(entry.name)) {
      foreign = entry.name;
    } else if (absl::Status removed = storage.Remove(path + "/" + entry.name); !removed.ok()) {
      return removed;
    }
  }
  if (foreign.empty()) return storage.Remove(path);
  return base::Error(absl::StatusCode::kFailedPrecondition, "%s: is not removed, since %s in it is not moldau's", path,
                     foreign);
}

}  // namespace moldau::broker
