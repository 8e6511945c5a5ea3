// The disks that every test of the storage contract runs on.
#pragma once

#include <string>

#include "moldau/storage/memory_storage.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace moldau::storage {

// Where the contract is tested: an empty directory and the storage it belongs to.
class PosixDisk {
 public:
  [[nodiscard]] Storage& storage() { return PosixStorage(); }
  [[nodiscard]] std::string Path(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] const std::string& root() const { return directory_.path(); }

 private:
  test::TempDir directory_;
};

class MemoryDiskUnderTest {
 public:
  MemoryDiskUnderTest() { REQUIRE_OK(storage_.CreateDirectory(root_)); }

  [[nodiscard]] Storage& storage() { return storage_; }
  [[nodiscard]] std::string Path(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  const std::string root_ = "/disk";
  MemoryStorage storage_;
};

}  // namespace moldau::storage

// A test of the contract of Storage, run against each implementation; TestType is a fresh disk.
#define STORAGE_CONTRACT(name) TEMPLATE_TEST_CASE(name, "[storage][contract]", PosixDisk, MemoryDiskUnderTest)
