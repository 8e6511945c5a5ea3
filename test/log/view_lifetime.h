// Views of a log whose segments go away under them: trimmed, truncated, deleted with their log.
//
// Violation: the mapping that a view lies in was given back while the view was held.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/log_world.h"
#include "moldau/storage/forwarding_storage.h"
#include "support/violation.h"

namespace moldau::test {

// A storage that knows which of its mappings still exist.
class MappingRegister final : public storage::ForwardingStorage {
 public:
  explicit MappingRegister(storage::Storage& target) : ForwardingStorage(target) {}

  [[nodiscard]] bool IsMapped(std::span<const std::byte> bytes) const {
    for (const auto& [data, size] : mapped_) {
      if (bytes.data() >= data && bytes.data() + bytes.size() <= data + size) return true;
    }
    return false;
  }

 private:
  using Mapped = std::multimap<const std::byte*, size_t>;

  class RegisteredMapping final : public storage::ForwardingMapping {
   public:
    RegisteredMapping(std::unique_ptr<storage::Mapping> target, Mapped& mapped)
        : ForwardingMapping(std::move(target)), mapped_(mapped), entry_(mapped.emplace(data(), size())) {}
    ~RegisteredMapping() override { mapped_.erase(entry_); }
    RegisteredMapping(const RegisteredMapping&) = delete;
    RegisteredMapping& operator=(const RegisteredMapping&) = delete;

   private:
    Mapped& mapped_;
    const Mapped::iterator entry_;
  };

  class RegisteredFile final : public storage::ForwardingFile {
   public:
    RegisteredFile(std::unique_ptr<storage::File> target, Mapped& mapped)
        : ForwardingFile(std::move(target)), mapped_(mapped) {}
    absl::StatusOr<std::unique_ptr<storage::Mapping>> Map(size_t size, storage::MapMode mode) override {
      auto mapping = ForwardingFile::Map(size, mode);
      if (!mapping.ok()) return mapping;
      return std::make_unique<RegisteredMapping>(*std::move(mapping), mapped_);
    }

   private:
    Mapped& mapped_;
  };

  std::unique_ptr<storage::File> Wrap(const std::string&, std::unique_ptr<storage::File> file) override {
    return std::make_unique<RegisteredFile>(std::move(file), mapped_);
  }

  Mapped mapped_;
};

// Returns how many views were held until the log and all its files had gone.
inline int HoldViewsWhileSegmentsGo(Durability durability) {
  storage::MemoryStorage disk;
  const auto storage = std::make_shared<MappingRegister>(disk);
  LogWorld world(storage);
  std::vector<std::pair<log::LogSlice, int64_t>> views;  // each with its first offset
  const auto check = [&](const char* when) {
    for (const auto& [slice, first] : views) {
      Demand(storage->IsMapped(slice.bytes), "the view of offset %d was unmapped by %s", first, when);
      ForEachRecord(slice, [](const RecordView& record) {
        Demand(record.value() == std::to_string(record.offset()) + std::string(500, 'v'), "offset %d has changed",
               record.offset());
      });
    }
  };
  auto opened = world.Open(SmallSegments(durability));
  DemandOk(opened, "open");
  std::unique_ptr<log::Log> log = *std::move(opened);
  for (int i = 0; i < 30; ++i) DemandOk(Append(*log, std::to_string(i) + std::string(500, 'v')), "append");
  DemandOk(log->Flush(), "flush");
  world.Settle();
  log::LogCursor cursor;
  while (cursor.offset < log->high_watermark()) {
    const int64_t first = cursor.offset;
    auto slice = log->Read(cursor, 1000);
    DemandOk(slice, "read");
    views.emplace_back(*std::move(slice), first);
  }
  check("reading on");
  cursor = {};
  DemandOk(log->Trim(10), "trim");
  check("a trim");
  DemandOk(log->Truncate(20), "truncate");
  check("a truncation");
  log->CoolDown();
  log->CoolDown();
  check("cooling down");
  DemandOk(log->Delete(), "delete");
  check("the deletion of the log");
  log.reset();
  check("the end of the log");
  return static_cast<int>(views.size());
}

}  // namespace moldau::test
