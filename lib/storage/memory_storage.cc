#include "moldau/storage/memory_storage.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "storage/io_error.h"
#include "storage/memory_disk.h"
#include "storage/memory_file.h"

namespace moldau::storage {
namespace {

// The file of a path, created if the mode says so.
absl::StatusOr<NodeRef> OpenNode(MemoryDisk& disk, const std::string& path, OpenMode mode)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(disk.mutex) {
  const bool creates = mode == OpenMode::kCreate || mode == OpenMode::kOpenOrCreate;
  const std::string_view action = creates ? "create" : "open";
  auto found = disk.names.Find(path, action);
  if (found.ok()) {
    if (mode == OpenMode::kCreate) return IoError(EEXIST, path, action);
    if ((*found)->is_directory()) return IoError(EISDIR, path, "open");
    return found;
  }
  if (!creates || !absl::IsNotFound(found.status())) return found.status();
  MOLDAU_ASSIGN_OR_RETURN(const NameSlot slot, disk.names.FindSlot(path, action));
  const uint64_t order = disk.NextOrder();
  auto node = std::make_shared<MemoryNode>(order);
  node->content = std::make_shared<MemoryContent>(disk.space, disk.order);
  disk.names.Create(slot, node, path, order);
  return node;
}

}  // namespace

MemoryStorage::MemoryStorage(MemoryStorageOptions options)
    : state_(std::make_shared<State>(State{std::make_shared<MemoryDisk>(options.capacity_bytes, 1)})) {}

MemoryStorage::~MemoryStorage() = default;

absl::StatusOr<std::unique_ptr<File>> MemoryStorage::Open(const std::string& path, OpenMode mode) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kOpen, path));
  NodeRef node;
  {
    const base::MutexLock lock(disk.mutex);
    MOLDAU_ASSIGN_OR_RETURN(node, OpenNode(disk, path, mode));
  }
  return std::make_unique<MemoryFile>(state_->disk, std::move(node), path, mode != OpenMode::kRead);
}

absl::StatusOr<std::vector<DirectoryEntry>> MemoryStorage::List(const std::string& directory) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kList, directory));
  const base::MutexLock lock(disk.mutex);
  MOLDAU_ASSIGN_OR_RETURN(const NodeRef node, disk.names.FindDirectory(directory, "list"));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->live) {
    entries.push_back({name, child->is_directory(), child->is_directory() ? 0 : child->content->size()});
  }
  return entries;
}

absl::Status MemoryStorage::CreateDirectory(const std::string& path) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kCreateDirectory, path));
  const base::MutexLock lock(disk.mutex);
  if (disk.names.Find(path, "").ok()) return IoError(EEXIST, path, "create directory");
  MOLDAU_ASSIGN_OR_RETURN(const NameSlot slot, disk.names.FindSlot(path, "create directory"));
  const uint64_t order = disk.NextOrder();
  disk.names.Create(slot, std::make_shared<MemoryNode>(order), path, order);
  return absl::OkStatus();
}

absl::Status MemoryStorage::Rename(const std::string& from, const std::string& to) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kRename, from));
  const base::MutexLock lock(disk.mutex);
  return disk.names.Rename(from, to, disk.NextOrder());
}

absl::Status MemoryStorage::Remove(const std::string& path) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kRemove, path));
  const base::MutexLock lock(disk.mutex);
  MOLDAU_ASSIGN_OR_RETURN(const NodeRef node, disk.names.Remove(path, disk.NextOrder()));
  if (!node->is_directory() && node->users == 0) node->content->ReleaseSpace();
  return absl::OkStatus();
}

absl::Status MemoryStorage::FlushDirectory(const std::string& path) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kFlushDirectory, path));
  const base::MutexLock lock(disk.mutex);
  MOLDAU_ASSIGN_OR_RETURN(const NodeRef node, disk.names.FindDirectory(path, "flush directory"));
  disk.names.FlushDirectory(node);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FileLock>> MemoryStorage::Lock(const std::string& path) {
  MemoryDisk& disk = *state_->disk;
  MOLDAU_RETURN_IF_ERROR(disk.Begin(OperationKind::kLock, path));
  NodeRef node;
  {
    const base::MutexLock lock(disk.mutex);
    MOLDAU_ASSIGN_OR_RETURN(node, OpenNode(disk, path, OpenMode::kOpenOrCreate));
    if (node->locked) return LockedError(path, getpid());
    node->locked = true;
  }
  return std::make_unique<MemoryLock>(state_->disk, std::move(node));
}

std::string MemoryStorage::BootId() const { return absl::StrFormat("memory-boot-%d", state_->disk->boot); }

void MemoryStorage::SetHook(Hook hook) { state_->disk->SetHook(std::move(hook)); }

uint64_t MemoryStorage::operation_count() const { return state_->disk->operation_count(); }

uint64_t MemoryStorage::used_bytes() const { return state_->disk->space.used_bytes(); }

void MemoryStorage::SetCapacity(uint64_t bytes) { state_->disk->space.SetCapacity(bytes); }

absl::Status MemoryStorage::FlipBit(const std::string& path, uint64_t bit) {
  MemoryDisk& disk = *state_->disk;
  const base::MutexLock lock(disk.mutex);
  MOLDAU_ASSIGN_OR_RETURN(const NodeRef node, disk.names.Find(path, "flip a bit"));
  if (node->is_directory()) return IoError(EISDIR, path, "flip a bit");
  return node->content->FlipBit(path, bit);
}

}  // namespace moldau::storage
