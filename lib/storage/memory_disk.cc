#include "storage/memory_disk.h"

#include <utility>

namespace moldau::storage {

absl::Status MemoryDisk::Begin(OperationKind kind, const std::string& path, uint64_t offset, uint64_t length) {
  const uint64_t number = operations_.fetch_add(1, std::memory_order_relaxed) + 1;
  std::shared_ptr<const MemoryStorage::Hook> hook;
  {
    const base::MutexLock lock(hook_mutex_);
    hook = hook_;
  }
  if (hook == nullptr) return absl::OkStatus();
  return (*hook)(Operation{kind, path, offset, length, number});
}

void MemoryDisk::SetHook(MemoryStorage::Hook hook) {
  auto shared = hook ? std::make_shared<const MemoryStorage::Hook>(std::move(hook)) : nullptr;
  const base::MutexLock lock(hook_mutex_);
  hook_.swap(shared);
}

void MemoryDisk::AddUser(const NodeRef& node) {
  const base::MutexLock lock(mutex);
  ++node->users;
}

void MemoryDisk::RemoveUser(const NodeRef& node) {
  const base::MutexLock lock(mutex);
  if (--node->users == 0 && !node->linked) node->content->ReleaseSpace();
}

}  // namespace moldau::storage
