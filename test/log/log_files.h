// The files of a log as text that a test may cut, flip and exchange, and a disk made of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "log/file_damage.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::test {

using Files = std::map<std::string, std::string>;  // by name

inline Files FilesOf(storage::Storage& disk, const std::string& directory = "data/orders-0") {
  Files files;
  const std::vector<storage::DirectoryEntry> entries = disk.List(directory).value();
  for (const storage::DirectoryEntry& entry : entries) {
    const auto file = disk.Open(directory + "/" + entry.name, storage::OpenMode::kRead).value();
    std::string contents(entry.size, '\0');
    REQUIRE_OK(file->Read(0, std::as_writable_bytes(std::span(contents))));
    files[entry.name] = std::move(contents);
  }
  return files;
}

// Everything on it is durable.
inline std::shared_ptr<storage::MemoryStorage> DiskOf(const Files& files) {
  auto disk = std::make_shared<storage::MemoryStorage>();
  const std::string directory = "data/orders-0";
  REQUIRE_OK(disk->CreateDirectory("data"));
  REQUIRE_OK(disk->CreateDirectory(directory));
  for (const auto& [name, contents] : files) {
    const auto file = disk->Open(directory + "/" + name, storage::OpenMode::kCreate).value();
    REQUIRE_OK(file->Write(0, log::AsBytes(contents)));
    REQUIRE_OK(file->Flush());
  }
  for (const char* path : {".", "data", "data/orders-0"}) REQUIRE_OK(disk->FlushDirectory(path));
  return disk;
}

// A crash plan by the bits of `mask`: first the pages that are pending, then the names and sizes.
inline storage::MemoryStorage::CrashPlan PlanOf(uint64_t mask, const storage::MemoryStorage::Pending& pending) {
  storage::MemoryStorage::CrashPlan plan;
  for (size_t i = 0; i < pending.pages.size(); ++i) plan.pages.push_back((mask >> i & 1) != 0);
  for (size_t i = 0; i < pending.metadata.size(); ++i) {
    plan.metadata.push_back((mask >> (i + pending.pages.size()) & 1) != 0);
  }
  return plan;
}

}  // namespace moldau::test
