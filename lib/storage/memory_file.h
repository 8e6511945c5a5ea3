// An open file of the disk in memory, its mappings and its lock.
//
// Threads, failure: as File.   Ownership: keeps the disk and the file's contents alive.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "storage/memory_disk.h"

namespace moldau::storage {

// Counts as a user of a file while it lives.
class MemoryUse {
 public:
  MemoryUse(std::shared_ptr<MemoryDisk> disk, NodeRef node) : disk_(std::move(disk)), node_(std::move(node)) {
    disk_->AddUser(node_);
  }
  ~MemoryUse() { disk_->RemoveUser(node_); }
  MemoryUse(const MemoryUse&) = delete;
  MemoryUse& operator=(const MemoryUse&) = delete;

  [[nodiscard]] const std::shared_ptr<MemoryDisk>& disk() const { return disk_; }
  [[nodiscard]] const NodeRef& node() const { return node_; }
  [[nodiscard]] MemoryContent& content() const { return *node_->content; }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const NodeRef node_;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryDisk> disk, NodeRef node, std::string path, bool writable)
      : use_(std::move(disk), std::move(node)), path_(std::move(path)), writable_(writable) {}

  absl::StatusOr<size_t> Read(uint64_t offset, std::span<std::byte> out) const override;
  absl::Status Write(uint64_t offset, std::span<const std::byte> data) override;
  absl::Status Allocate(uint64_t size) override;
  absl::Status Truncate(uint64_t size) override;
  [[nodiscard]] absl::StatusOr<uint64_t> Size() const override;
  absl::Status Flush() override;
  absl::Status StartWriteback(uint64_t offset, uint64_t length) override;
  absl::StatusOr<std::unique_ptr<Mapping>> Map(size_t size, MapMode mode) override;

 private:
  const MemoryUse use_;
  const std::string path_;  // as it was opened
  const bool writable_;
};

class MemoryLock final : public FileLock {
 public:
  // The node is already marked as locked.
  MemoryLock(std::shared_ptr<MemoryDisk> disk, NodeRef node) : use_(std::move(disk), std::move(node)) {}
  ~MemoryLock() override;

 private:
  const MemoryUse use_;
};

}  // namespace moldau::storage
