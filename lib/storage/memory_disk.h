// What MemoryStorage and its open files share: names, contents, space, the hook and the count of operations.
//
// Threads: safe. Lock order: the disk's mutex, then that of a content.   Ownership: shared by the storage and its
// open files.
// Failure: as Storage.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "moldau/storage/memory_storage.h"
#include "storage/memory_names.h"
#include "storage/memory_space.h"

namespace moldau::storage {

class MemoryDisk {
 public:
  MemoryDisk(uint64_t capacity_bytes, uint64_t boot_number)
      : space(capacity_bytes), boot(boot_number), names(std::make_shared<MemoryNode>(0)) {}

  // Counts the operation and asks the hook whether it may go on.
  absl::Status Begin(OperationKind kind, const std::string& path, uint64_t offset = 0, uint64_t length = 0);
  void SetHook(MemoryStorage::Hook hook);
  [[nodiscard]] uint64_t operation_count() const { return operations_.load(std::memory_order_relaxed); }

  [[nodiscard]] uint64_t NextOrder() { return order.fetch_add(1) + 1; }

  // An open file or mapping comes or goes; the last one of a file without a name gives back its space.
  void AddUser(const NodeRef& node);
  void RemoveUser(const NodeRef& node);

  MemorySpace space;
  MemoryContent::Order order{0};
  const uint64_t boot;  // how often the machine was started

  mutable base::Mutex mutex;
  MemoryNames names ABSL_GUARDED_BY(mutex);

 private:
  std::atomic<uint64_t> operations_{0};
  base::Mutex hook_mutex_;
  std::shared_ptr<const MemoryStorage::Hook> hook_ ABSL_GUARDED_BY(hook_mutex_);
};

struct MemoryStorage::State {
  std::shared_ptr<MemoryDisk> disk;
};

}  // namespace moldau::storage
