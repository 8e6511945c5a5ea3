#include "storage/memory_file.h"

#include "storage/io_error.h"

namespace moldau::storage {
namespace {

class MemoryMapping final : public Mapping {
 public:
  MemoryMapping(std::shared_ptr<MemoryDisk> disk, NodeRef node, std::string path, std::byte* data, size_t size,
                MapMode mode)
      : Mapping(data, size), use_(std::move(disk), std::move(node)), path_(std::move(path)), mode_(mode) {}
  ~MemoryMapping() override { use_.content().Unmap(); }

  absl::Status Populate(size_t offset, size_t length) override {
    MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kPopulate, path_, offset, length));
    if (mode_ == MapMode::kRead) {
      return ReadOnlyError(path_, absl::StrFormat("populate %d bytes at %d", length, offset));
    }
    MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, length, size()));
    return length == 0 ? absl::OkStatus() : use_.content().Populate(path_, offset, length);
  }

  absl::Status Flush(size_t offset, size_t length) override {
    MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, length, size()));
    if (absl::Status status = use_.disk()->Begin(OperationKind::kFlushMapping, path_, offset, length); !status.ok()) {
      use_.content().LoseDirtyPages(offset, length);
      return status;
    }
    if (length != 0) use_.content().FlushRange(offset, length);
    return absl::OkStatus();
  }

  void Advise(Advice) override {}

 private:
  const MemoryUse use_;
  const std::string path_;
  const MapMode mode_;
};

}  // namespace

absl::StatusOr<size_t> MemoryFile::Read(uint64_t offset, std::span<std::byte> out) const {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kRead, path_, offset, out.size()));
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, out.size(), kMaxFileSize));
  return use_.content().Read(offset, out);
}

absl::Status MemoryFile::Write(uint64_t offset, std::span<const std::byte> data) {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kWrite, path_, offset, data.size()));
  if (!writable_) return ReadOnlyError(path_, absl::StrFormat("write %d bytes at %d", data.size(), offset));
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, offset, data.size(), kMaxFileSize));
  return use_.content().Write(path_, offset, data);
}

absl::Status MemoryFile::Allocate(uint64_t size) {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kAllocate, path_, 0, size));
  if (!writable_) return ReadOnlyError(path_, absl::StrFormat("allocate %d bytes", size));
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, size, 0, kMaxFileSize));
  return use_.content().Allocate(path_, size);
}

absl::Status MemoryFile::Truncate(uint64_t size) {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kTruncate, path_, size));
  if (!writable_) return ReadOnlyError(path_, absl::StrFormat("truncate to %d bytes", size));
  MOLDAU_RETURN_IF_ERROR(CheckRange(path_, size, 0, kMaxFileSize));
  return use_.content().Truncate(path_, size);
}

absl::StatusOr<uint64_t> MemoryFile::Size() const { return use_.content().size(); }

absl::Status MemoryFile::Flush() {
  if (absl::Status status = use_.disk()->Begin(OperationKind::kFlush, path_); !status.ok()) {
    use_.content().LoseDirtyPages(0, kMaxFileSize);
    return status;
  }
  use_.content().Flush();
  return absl::OkStatus();
}

absl::Status MemoryFile::StartWriteback(uint64_t offset, uint64_t length) {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kStartWriteback, path_, offset, length));
  return CheckRange(path_, offset, length, kMaxFileSize);
}

absl::StatusOr<std::unique_ptr<Mapping>> MemoryFile::Map(size_t size, MapMode mode) {
  MOLDAU_RETURN_IF_ERROR(use_.disk()->Begin(OperationKind::kMap, path_, 0, size));
  if (mode == MapMode::kReadWrite && !writable_) return ReadOnlyError(path_, "map for writing");
  if (size == 0 || size > kMaxFileSize) {
    return StorageError(absl::StatusCode::kInvalidArgument, "%s: a mapping of %d bytes is impossible", path_, size);
  }
  MOLDAU_ASSIGN_OR_RETURN(std::byte * data, use_.content().Map(path_, size));
  return std::make_unique<MemoryMapping>(use_.disk(), use_.node(), path_, data, size, mode);
}

MemoryLock::~MemoryLock() {
  const base::MutexLock lock(use_.disk()->mutex);
  use_.node()->locked = false;
}

}  // namespace moldau::storage
