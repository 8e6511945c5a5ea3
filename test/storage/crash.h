// Crashes of the disk in memory, said shortly: what is kept, and what is found afterwards.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "moldau/storage/memory_storage.h"
#include "storage/contract.h"

namespace moldau::storage {

inline constexpr size_t kDiskPage = 4096;

// A page full of one letter.
inline std::string PageOf(char letter) { return std::string(kDiskPage, letter); }

// What a power failure keeps of the pending changes: pages by file and number, names and sizes by their description.
class Keep {
 public:
  static MemoryStorage::CrashPlan Nothing(const MemoryStorage&) { return {}; }

  static MemoryStorage::CrashPlan Everything(const MemoryStorage& storage) {
    const auto pending = storage.pending();
    MemoryStorage::CrashPlan plan;
    plan.pages.assign(pending.pages.size(), true);
    plan.metadata.assign(pending.metadata.size(), true);
    return plan;
  }

  // All names and sizes, and these pages of all files.
  static MemoryStorage::CrashPlan Pages(const MemoryStorage& storage, const std::set<uint64_t>& kept) {
    MemoryStorage::CrashPlan plan = Everything(storage);
    const auto pending = storage.pending();
    for (size_t i = 0; i < pending.pages.size(); ++i) plan.pages[i] = kept.contains(pending.pages[i].page);
    return plan;
  }

  // All pages, and these names and sizes.
  static MemoryStorage::CrashPlan Metadata(const MemoryStorage& storage, const std::set<std::string>& kept) {
    MemoryStorage::CrashPlan plan = Everything(storage);
    const auto pending = storage.pending();
    for (size_t i = 0; i < pending.metadata.size(); ++i) plan.metadata[i] = kept.contains(pending.metadata[i]);
    for (const std::string& description : kept) {
      INFO("pending: " << description);
      REQUIRE(std::count(pending.metadata.begin(), pending.metadata.end(), description) == 1);
    }
    return plan;
  }
};

// The text of a file after a crash; none if it is not there.
inline std::optional<std::string> After(const MemoryStorage& storage, const MemoryStorage::CrashPlan& plan,
                                        const std::string& path) {
  const auto image = storage.CrashImage(plan);
  const auto file = image->Open(path, OpenMode::kRead);
  if (!file.ok()) return std::nullopt;
  return ReadText(**file);
}

// The numbers of the pending pages of a file.
inline std::set<uint64_t> PendingPages(const MemoryStorage& storage, const std::string& path) {
  std::set<uint64_t> pages;
  for (const auto& page : storage.pending().pages) {
    if (page.path == path) pages.insert(page.page);
  }
  return pages;
}

// All plans over what is pending now, without torn pages. Only for a handful of changes.
inline std::vector<MemoryStorage::CrashPlan> AllPlans(const MemoryStorage& storage) {
  const auto pending = storage.pending();
  const size_t bits = pending.pages.size() + pending.metadata.size();
  REQUIRE(bits <= 16);
  std::vector<MemoryStorage::CrashPlan> plans;
  for (size_t set = 0; set < size_t{1} << bits; ++set) {
    MemoryStorage::CrashPlan plan;
    for (size_t bit = 0; bit < bits; ++bit) {
      (bit < pending.pages.size() ? plan.pages : plan.metadata).push_back((set >> bit & 1) != 0);
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

// Every text that the file may have after a power failure now; "none" stands for no such file.
inline std::set<std::string> AllOutcomes(const MemoryStorage& storage, const std::string& path) {
  std::set<std::string> outcomes;
  for (const auto& plan : AllPlans(storage)) outcomes.insert(After(storage, plan, path).value_or("none"));
  return outcomes;
}

// A disk with a flushed directory "d".
class DiskWithDirectory {
 public:
  DiskWithDirectory() {
    REQUIRE_OK(storage.CreateDirectory("d"));
    REQUIRE_OK(storage.FlushDirectory("/"));
  }

  // A flushed file in it.
  std::unique_ptr<File> FlushedFile(const std::string& path, std::string_view text) {
    auto file = OpenFile(storage, path);
    WriteText(*file, 0, text);
    REQUIRE_OK(file->Flush());
    REQUIRE_OK(storage.FlushDirectory("d"));
    return file;
  }

  MemoryStorage storage;
};

}  // namespace moldau::storage
