// A file of the operating system.
//
// Threads, ownership, failure: as File.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "moldau/storage/storage.h"
#include "storage/posix_descriptor.h"

namespace moldau::storage {

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path, bool writable)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), writable_(writable) {}

  absl::StatusOr<size_t> Read(uint64_t offset, std::span<std::byte> out) const override;
  absl::Status Write(uint64_t offset, std::span<const std::byte> data) override;
  absl::Status Allocate(uint64_t size) override;
  absl::Status Truncate(uint64_t size) override;
  [[nodiscard]] absl::StatusOr<uint64_t> Size() const override;
  absl::Status Flush() override;
  absl::Status StartWriteback(uint64_t offset, uint64_t length) override;
  absl::StatusOr<std::unique_ptr<Mapping>> Map(size_t size, MapMode mode) override;

 private:
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }

  const Descriptor descriptor_;
  const std::string path_;  // as it was opened, for messages
  const bool writable_;
};

}  // namespace moldau::storage
