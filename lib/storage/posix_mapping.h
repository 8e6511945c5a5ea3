// A part of a file in the address space.
//
// Threads, failure: as Mapping.   Ownership: lives on after its file was closed.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "moldau/storage/storage.h"

namespace moldau::storage {

class PosixMapping final : public Mapping {
 public:
  static absl::StatusOr<std::unique_ptr<Mapping>> Create(int fd, const std::string& path, size_t size, MapMode mode);
  ~PosixMapping() override;

  absl::Status Populate(size_t offset, size_t length) override;
  absl::Status Flush(size_t offset, size_t length) override;
  void Advise(Advice advice) override;

 private:
  PosixMapping(std::byte* data, size_t size, std::string path, MapMode mode)
      : Mapping(data, size), path_(std::move(path)), mode_(mode) {}

  const std::string path_;  // for messages
  const MapMode mode_;
};

}  // namespace moldau::storage
