#include "moldau/storage/forwarding_storage.h"

#include "storage/contract.h"

namespace moldau::storage {
namespace {

// A storage whose files forward too, so that every call takes the long way.
class LongWay : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

 private:
  class LongWayFile : public ForwardingFile {
   public:
    using ForwardingFile::ForwardingFile;
    absl::StatusOr<std::unique_ptr<Mapping>> Map(size_t size, MapMode mode) override {
      auto mapping = ForwardingFile::Map(size, mode);
      if (!mapping.ok()) return mapping;
      return std::make_unique<ForwardingMapping>(*std::move(mapping));
    }
  };

  std::unique_ptr<File> Wrap(const std::string&, std::unique_ptr<File> file) override {
    return std::make_unique<LongWayFile>(std::move(file));
  }
};

// One thing is broken, everything else works.
class NeverFlushes : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

 private:
  class BrokenFile : public ForwardingFile {
   public:
    using ForwardingFile::ForwardingFile;
    absl::Status Flush() override { return absl::DataLossError("broken"); }
  };

  std::unique_ptr<File> Wrap(const std::string& path, std::unique_ptr<File> file) override {
    if (path != "broken") return file;
    return std::make_unique<BrokenFile>(std::move(file));
  }
};

}  // namespace

TEST_CASE("what is forwarded arrives", "[storage]") {
  MemoryStorage memory;
  LongWay storage(memory);
  REQUIRE_OK(storage.CreateDirectory("d"));
  const auto file = OpenFile(storage, "d/a");
  WriteText(*file, 0, "text");
  REQUIRE_OK(file->Allocate(8192));
  REQUIRE_OK(file->Truncate(4096));
  REQUIRE_OK(file->StartWriteback(0, 10));
  const auto mapping = MapFile(*file, 4096);
  REQUIRE_OK(mapping->Populate(0, 4096));
  Store(*mapping, 4, "!");
  mapping->Advise(Advice::kRandom);
  REQUIRE_OK(mapping->Flush(0, 4096));
  CHECK(ReadText(*file, 0, 5) == "text!");
  REQUIRE_OK(file->Flush());
  REQUIRE_OK(storage.Rename("d/a", "d/b"));
  REQUIRE_OK(storage.FlushDirectory("d"));
  REQUIRE_OK(storage.FlushDirectory("/"));
  CHECK(storage.List("d").value() == std::vector<DirectoryEntry>{{"b", false, 4096}});
  CHECK(memory.pending().metadata.empty());
  CHECK(memory.pending().pages.empty());
  const auto lock = storage.Lock("d/.lock");
  CHECK_FALSE(memory.Lock("d/.lock").ok());
  REQUIRE_OK(storage.Remove("d/b"));
  CHECK_FALSE(Exists(memory, "d/b"));
  CHECK(storage.BootId() == memory.BootId());
  CHECK_FALSE(storage.Open("d/none", OpenMode::kRead).ok());
}

TEST_CASE("a decorator breaks only what it overrides", "[storage]") {
  MemoryStorage memory;
  NeverFlushes storage(memory);
  const auto broken = OpenFile(storage, "broken");
  WriteText(*broken, 0, "written");
  CHECK(broken->Flush() == absl::DataLossError("broken"));
  CHECK(ReadText(*broken) == "written");
  CHECK_OK(OpenFile(storage, "whole")->Flush());
}

}  // namespace moldau::storage
