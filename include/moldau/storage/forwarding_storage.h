// Decorators that pass everything on: a test that wants one thing to go wrong overrides that one thing.
//
//   class NoDirectories : public ForwardingStorage {
//    public:
//     using ForwardingStorage::ForwardingStorage;
//     absl::Status CreateDirectory(const std::string&) override { return absl::PermissionDeniedError("read-only"); }
//   };
//
// Threads, failure: as what they forward to.   Ownership: a storage's target must outlive it; files and mappings own
// theirs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "moldau/storage/storage.h"

namespace moldau::storage {

class ForwardingMapping : public Mapping {
 public:
  explicit ForwardingMapping(std::unique_ptr<Mapping> target)
      : Mapping(target->data(), target->size()), target_(std::move(target)) {}

  absl::Status Populate(size_t offset, size_t length) override { return target_->Populate(offset, length); }
  absl::Status Flush(size_t offset, size_t length) override { return target_->Flush(offset, length); }
  void Advise(Advice advice) override { target_->Advise(advice); }

 protected:
  [[nodiscard]] Mapping& target() { return *target_; }

 private:
  const std::unique_ptr<Mapping> target_;
};

class ForwardingFile : public File {
 public:
  explicit ForwardingFile(std::unique_ptr<File> target) : target_(std::move(target)) {}

  absl::StatusOr<size_t> Read(uint64_t offset, std::span<std::byte> out) const override {
    return target_->Read(offset, out);
  }
  absl::Status Write(uint64_t offset, std::span<const std::byte> data) override { return target_->Write(offset, data); }
  absl::Status Allocate(uint64_t size) override { return target_->Allocate(size); }
  absl::Status Truncate(uint64_t size) override { return target_->Truncate(size); }
  [[nodiscard]] absl::StatusOr<uint64_t> Size() const override { return target_->Size(); }
  absl::Status Flush() override { return target_->Flush(); }
  absl::Status StartWriteback(uint64_t offset, uint64_t length) override {
    return target_->StartWriteback(offset, length);
  }
  absl::StatusOr<std::unique_ptr<Mapping>> Map(size_t size, MapMode mode) override { return target_->Map(size, mode); }

 protected:
  [[nodiscard]] File& target() { return *target_; }
  [[nodiscard]] const File& target() const { return *target_; }

 private:
  const std::unique_ptr<File> target_;
};

class ForwardingStorage : public Storage {
 public:
  explicit ForwardingStorage(Storage& target) : target_(target) {}

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    auto file = target_.Open(path, mode);
    if (!file.ok()) return file;
    return Wrap(path, *std::move(file));
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) override {
    return target_.List(directory);
  }
  absl::Status CreateDirectory(const std::string& path) override { return target_.CreateDirectory(path); }
  absl::Status Rename(const std::string& from, const std::string& to) override { return target_.Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return target_.Remove(path); }
  absl::Status FlushDirectory(const std::string& path) override { return target_.FlushDirectory(path); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override { return target_.Lock(path); }
  [[nodiscard]] std::string BootId() const override { return target_.BootId(); }

 protected:
  [[nodiscard]] Storage& target() { return target_; }

  // Puts a decorator around a file that was opened; the file itself unless overridden.
  virtual std::unique_ptr<File> Wrap(const std::string& path, std::unique_ptr<File> file) {
    static_cast<void>(path);
    return file;
  }

 private:
  Storage& target_;
};

}  // namespace moldau::storage
