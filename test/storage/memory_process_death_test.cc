// The death of the process alone: the page cache survives it.
#include "storage/crash.h"

namespace moldau::storage {
namespace {

std::unique_ptr<MemoryStorage> Kill(const MemoryStorage& storage) { return storage.CrashImage({.new_boot = false}); }

}  // namespace

TEST_CASE("the death of a process loses nothing that was written", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "flushed");
  REQUIRE_OK(file->Allocate(3 * kDiskPage));
  auto mapping = MapFile(*file, 3 * kDiskPage);
  Store(*mapping, 2 * kDiskPage, "stored");
  CreateFile(disk.storage, "d/new", "new");
  REQUIRE_OK(disk.storage.CreateDirectory("e"));

  const auto next = Kill(disk.storage);
  CHECK(ReadText(*OpenFile(*next, "d/log"), 0, 7) == "flushed");
  CHECK(ReadText(*OpenFile(*next, "d/log"), 2 * kDiskPage, 6) == "stored");
  CHECK(ReadText(*next, "d/new") == "new");
  CHECK_OK(next->List("e"));
  CHECK(next->BootId() == disk.storage.BootId());
  CHECK(next->used_bytes() == disk.storage.used_bytes());
}

TEST_CASE("a power failure after the death of a process loses what it would have lost before", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "flushed");
  WriteText(*file, 0, "changed");
  REQUIRE_OK(disk.storage.Rename("d/log", "d/renamed"));
  CreateFile(disk.storage, "d/new", "new");

  const auto next = Kill(disk.storage);
  CHECK(next->pending().metadata == disk.storage.pending().metadata);
  CHECK(AllOutcomes(*next, "d/log") == AllOutcomes(disk.storage, "d/log"));
  CHECK(AllOutcomes(*next, "d/renamed") == AllOutcomes(disk.storage, "d/renamed"));
  CHECK(AllOutcomes(*next, "d/new") == AllOutcomes(disk.storage, "d/new"));
  REQUIRE_OK(OpenFile(*next, "d/renamed")->Flush());
  REQUIRE_OK(next->FlushDirectory("d"));
  CHECK(After(*next, Keep::Nothing(*next), "d/renamed") == "changed");
}

TEST_CASE("locks and files without a name die with their process", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto lock = disk.storage.Lock("d/.lock");
  const auto file = OpenFile(disk.storage, "d/x");
  REQUIRE_OK(file->Allocate(10 * kDiskPage));
  REQUIRE_OK(disk.storage.Remove("d/x"));
  CHECK(disk.storage.used_bytes() == 10 * kDiskPage);

  const auto next = Kill(disk.storage);
  CHECK_OK(next->Lock("d/.lock"));
  CHECK(next->used_bytes() == 0);
  const auto rebooted = disk.storage.CrashImage(Keep::Everything(disk.storage));
  CHECK_OK(rebooted->Lock("d/.lock"));
  CHECK(rebooted->used_bytes() == 0);
}

TEST_CASE("what a failed flush lost stays lost for the next process", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "old");
  WriteText(*file, 0, "new");
  disk.storage.SetHook([](const Operation& operation) {
    return operation.kind == OperationKind::kFlush ? absl::DataLossError("bad sector") : absl::OkStatus();
  });
  CHECK_FALSE(file->Flush().ok());

  const auto next = Kill(disk.storage);
  CHECK(ReadText(*next, "d/log") == "new");
  REQUIRE_OK(OpenFile(*next, "d/log")->Flush());
  CHECK(After(*next, Keep::Everything(*next), "d/log") == "old");
}

}  // namespace moldau::storage
