// The directory that holds everything: its lock, its manifest, and what lies in it when it is opened.
//
//   data/.lock                          held while a broker has it open
//   data/moldau.manifest                what is known of every log (log/manifest.h)
//   data/__cluster_metadata-0/          the topics
//   data/orders-0/                      a partition, from its first append on
//   data/orders-0.<32 hex>-delete/      of a deleted topic, being removed
//
// A manifest says "clean shutdown" only between a completed close and the next open: opening replaces it before
// anything else is written.
//
// Threads: not safe but for path(); the core's checkpoint lock guards the rest.   Ownership: holds the lock on the
// directory.
// Failure: each names the path; a directory that another broker holds is FailedPrecondition with the holder's
// process id.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/environment.h"
#include "log/manifest.h"

namespace moldau::broker {

class DataDirectory {
 public:
  // Creates the directory if the options allow it, locks it, reads the manifest, lists what is there.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(Environment& environment);

  // --- what was found ---

  [[nodiscard]] bool clean_shutdown() const noexcept { return clean_shutdown_; }
  [[nodiscard]] bool same_boot() const noexcept { return same_boot_; }
  [[nodiscard]] const Uuid& cluster_id() const noexcept { return cluster_id_; }
  [[nodiscard]] const Uuid& directory_id() const noexcept { return directory_id_; }

  // What the manifest knew of a partition; null if nothing. Once per partition.
  std::unique_ptr<log::PartitionEntry> TakeEntry(const std::string& directory_name, const Uuid& topic_id);

  [[nodiscard]] bool HasPartitionDirectory(const std::string& name) const { return partitions_.contains(name); }
  // Sorted.
  [[nodiscard]] std::vector<std::string> PartitionDirectories() const;
  // Those that no partition has claimed as its own, sorted.
  [[nodiscard]] std::vector<std::string> UnclaimedDirectories() const;
  [[nodiscard]] bool IsUnclaimed(const std::string& name) const { return unclaimed_.contains(name); }
  void Claim(const std::string& directory_name) { unclaimed_.erase(directory_name); }
  // Of deleted topics, not yet removed.
  [[nodiscard]] const std::vector<std::string>& leftovers() const noexcept { return leftovers_; }
  // Forgets what was only needed while opening.
  void ForgetListing();

  // --- what is done to it ---

  // Replaces the manifest, durably. `encoded` is what EncodeManifest made of Describe.
  absl::Status StoreManifest(std::string_view encoded);
  [[nodiscard]] log::Manifest Describe(std::vector<log::PartitionEntry> partitions, bool clean_shutdown) const;

  // Renames a partition's directory to one that is going to be removed, durably; returns its new name. NotFound if
  // there is none.
  absl::StatusOr<std::string> SetAside(const std::string& directory_name, const Uuid& unique);

  [[nodiscard]] std::string Path(std::string_view name) const;
  void Unlock() { lock_.reset(); }

 private:
  explicit DataDirectory(Environment& environment);
  absl::Status EnsureExists();
  absl::Status LoadManifest();
  void AdoptManifest(log::Manifest manifest);
  absl::Status ReadListing();
  void LogForeign(const std::vector<std::string>& names);

  Environment& environment_;
  const std::string path_;
  std::unique_ptr<storage::FileLock> lock_;
  bool clean_shutdown_ = false;
  bool same_boot_ = false;
  Uuid cluster_id_;
  Uuid directory_id_;
  std::unordered_map<std::string, std::unique_ptr<log::PartitionEntry>> entries_;  // by directory name
  std::unordered_set<std::string> partitions_;  // directories named like a partition's
  std::unordered_set<std::string> unclaimed_;
  std::vector<std::string> leftovers_;
};

// Removes a partition's directory with all files that Moldau makes. What somebody else put there stays, and so does the
// directory then (FailedPrecondition naming it).
absl::Status RemovePartitionDirectory(storage::Storage& storage, const std::string& path);

}  // namespace moldau::broker
