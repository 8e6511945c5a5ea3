// The faults of the disk in memory: operations that fail, flushes that lose, a full disk, a flipped bit.
#include <map>
#include <thread>

#include "storage/crash.h"

namespace moldau::storage {
namespace {

// Fails every operation of one kind.
MemoryStorage::Hook Failing(OperationKind kind) {
  return [kind](const Operation& operation) {
    return operation.kind == kind ? absl::DataLossError("the hook says no") : absl::OkStatus();
  };
}

// Does one of everything; says which kinds failed.
std::vector<std::string> DoEverything(MemoryStorage& storage) {
  std::vector<std::string> failed;
  const auto note = [&](const char* what, const absl::Status& status) {
    if (!status.ok()) failed.emplace_back(what);
  };
  const auto file = storage.Open("d/file", OpenMode::kOpenOrCreate);
  note("open", file.status());
  if (file.ok()) {
    std::byte byte{1};
    note("write", (*file)->Write(0, {&byte, 1}));
    note("read", (*file)->Read(0, {&byte, 1}).status());
    note("allocate", (*file)->Allocate(kDiskPage));
    note("truncate", (*file)->Truncate(kDiskPage));
    note("write back", (*file)->StartWriteback(0, 1));
    note("flush", (*file)->Flush());
    const auto mapping = (*file)->Map(kDiskPage, MapMode::kReadWrite);
    note("map", mapping.status());
    if (mapping.ok()) {
      note("populate", (*mapping)->Populate(0, kDiskPage));
      note("flush mapping", (*mapping)->Flush(0, kDiskPage));
    }
  }
  note("list", storage.List("d").status());
  note("create directory", storage.CreateDirectory("d/e"));
  note("rename", storage.Rename("d/e", "d/f"));
  note("remove", storage.Remove("d/f"));
  note("flush directory", storage.FlushDirectory("d"));
  note("lock", storage.Lock("d/.lock").status());
  return failed;
}

}  // namespace

TEST_CASE("a hook fails the operations it wants, and only those", "[storage][faults]") {
  const std::map<OperationKind, std::vector<std::string>> expected = {
      {OperationKind::kOpen, {"open"}},
      {OperationKind::kRead, {"read"}},
      {OperationKind::kWrite, {"write"}},
      {OperationKind::kAllocate, {"allocate"}},
      {OperationKind::kTruncate, {"truncate"}},
      {OperationKind::kFlush, {"flush"}},
      {OperationKind::kMap, {"map"}},
      {OperationKind::kPopulate, {"populate"}},
      {OperationKind::kFlushMapping, {"flush mapping"}},
      {OperationKind::kStartWriteback, {"write back"}},
      {OperationKind::kList, {"list"}},
      {OperationKind::kCreateDirectory, {"create directory", "rename", "remove"}},
      {OperationKind::kRename, {"rename", "remove"}},
      {OperationKind::kRemove, {"remove"}},
      {OperationKind::kFlushDirectory, {"flush directory"}},
      {OperationKind::kLock, {"lock"}},
  };
  for (const auto& [kind, failures] : expected) {
    DiskWithDirectory disk;
    disk.storage.SetHook(Failing(kind));
    CHECK(DoEverything(disk.storage) == failures);
  }
  DiskWithDirectory disk;
  CHECK(DoEverything(disk.storage).empty());
}

TEST_CASE("an operation that a hook fails has no effect", "[storage][faults]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "text");
  disk.storage.SetHook([](const Operation&) { return absl::DataLossError("no"); });
  const std::byte byte{'X'};
  CHECK_FALSE(file->Write(0, {&byte, 1}).ok());
  CHECK_FALSE(file->Allocate(10'000).ok());
  CHECK_FALSE(file->Truncate(1).ok());
  CHECK_FALSE(disk.storage.Rename("d/log", "d/other").ok());
  CHECK_FALSE(disk.storage.Remove("d/log").ok());
  CHECK_FALSE(disk.storage.CreateDirectory("d/e").ok());
  CHECK_FALSE(disk.storage.Open("d/new", OpenMode::kCreate).ok());
  disk.storage.SetHook(nullptr);
  CHECK(ReadText(*file) == "text");
  CHECK(disk.storage.List("d").value().size() == 1);
  CHECK(disk.storage.pending().metadata.empty());
}

TEST_CASE("a hook sees what, where and the how manieth", "[storage][faults]") {
  DiskWithDirectory disk;
  const auto file = OpenFile(disk.storage, "d/file");
  const uint64_t before = disk.storage.operation_count();
  std::vector<Operation> seen;
  const std::string path = "d/file";
  disk.storage.SetHook([&](const Operation& operation) {
    CHECK(operation.path == path);
    seen.push_back({operation.kind, path, operation.offset, operation.length, operation.number});
    return absl::OkStatus();
  });
  WriteText(*file, 100, "abc");
  ReadText(*file, 50, 7);
  REQUIRE_OK(file->Flush());
  REQUIRE(seen.size() == 3);
  CHECK((seen[0].kind == OperationKind::kWrite && seen[0].offset == 100 && seen[0].length == 3));
  CHECK((seen[1].kind == OperationKind::kRead && seen[1].offset == 50 && seen[1].length == 7));
  CHECK(seen[2].kind == OperationKind::kFlush);
  for (size_t i = 0; i < 3; ++i) CHECK(seen[i].number == before + i + 1);
  CHECK(disk.storage.operation_count() == before + 3);
}

TEST_CASE("a hook may crash the disk before an operation", "[storage][faults]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "old");
  WriteText(*file, 0, "new");
  std::vector<std::string> before_flush;
  disk.storage.SetHook([&](const Operation& operation) {
    if (operation.kind == OperationKind::kFlush) {
      before_flush.push_back(After(disk.storage, Keep::Nothing(disk.storage), "d/log").value());
    }
    return absl::OkStatus();
  });
  REQUIRE_OK(file->Flush());
  CHECK(before_flush == std::vector<std::string>{"old"});
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == "new");
}

TEST_CASE("a failed flush loses what was dirty, though it reads as written", "[storage][faults][L4]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  WriteText(*file, 0, PageOf('A'));
  disk.storage.SetHook(Failing(OperationKind::kFlush));
  CHECK(file->Flush().code() == absl::StatusCode::kDataLoss);
  disk.storage.SetHook(nullptr);

  CHECK(ReadText(*file) == PageOf('A') + PageOf('b'));
  CHECK(PendingPages(disk.storage, "d/log").empty());
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/log") == PageOf('a') + PageOf('b'));
  REQUIRE_OK(file->Flush());
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/log") == PageOf('a') + PageOf('b'));

  SECTION("until it is written again") {
    WriteText(*file, 5, "A");
    CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{0});
    REQUIRE_OK(file->Flush());
    CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == PageOf('A') + PageOf('b'));
  }
  SECTION("or changed through a mapping") {
    const auto mapping = MapFile(*file, kDiskPage);
    Store(*mapping, 7, "!");
    REQUIRE_OK(mapping->Flush(7, 1));
    CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log")->substr(0, 10) == "AAAAAAA!AA");
  }
  SECTION("or cut off") {
    REQUIRE_OK(file->Truncate(0));
    REQUIRE_OK(file->Allocate(kDiskPage));
    REQUIRE_OK(file->Flush());
    CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == PageOf('\0'));
  }
}

TEST_CASE("a failed flush of a range loses that range", "[storage][faults]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  const auto mapping = MapFile(*file, 2 * kDiskPage);
  Store(*mapping, 0, "1");
  Store(*mapping, kDiskPage, "2");
  disk.storage.SetHook(Failing(OperationKind::kFlushMapping));
  CHECK_FALSE(mapping->Flush(0, kDiskPage).ok());
  disk.storage.SetHook(nullptr);
  REQUIRE_OK(mapping->Flush(0, 2 * kDiskPage));
  const std::string after = After(disk.storage, Keep::Everything(disk.storage), "d/log").value();
  CHECK(after[0] == 'a');
  CHECK(after[kDiskPage] == '2');
}

TEST_CASE("a failed flush of a directory leaves its names pending", "[storage][faults]") {
  DiskWithDirectory disk;
  CreateFile(disk.storage, "d/new", "");
  disk.storage.SetHook(Failing(OperationKind::kFlushDirectory));
  CHECK_FALSE(disk.storage.FlushDirectory("d").ok());
  disk.storage.SetHook(nullptr);
  CHECK(AllOutcomes(disk.storage, "d/new") == std::set<std::string>{"none", ""});
}

TEST_CASE("a full disk refuses, keeps what it has, and goes on when there is room", "[storage][faults]") {
  MemoryStorage storage({.capacity_bytes = 4 * kDiskPage});
  const auto a = OpenFile(storage, "a");
  const auto b = OpenFile(storage, "b");
  REQUIRE_OK(a->Allocate(3 * kDiskPage));
  CHECK(storage.used_bytes() == 3 * kDiskPage);

  const absl::Status refused = b->Allocate(2 * kDiskPage);
  CHECK(Refusal(refused, "b") == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(refused.message()), Catch::Contains("8192") && Catch::Contains("4096 bytes free"));
  CHECK(b->Size().value() == 0);
  CHECK(storage.used_bytes() == 3 * kDiskPage);
  WriteText(*a, 0, std::string(3 * kDiskPage, 'x'));  // what was allocated can be written
  REQUIRE_OK(a->Truncate(kDiskPage));
  REQUIRE_OK(b->Allocate(2 * kDiskPage));
  CHECK(ReadText(*a) == PageOf('x'));
}

TEST_CASE("a write to a full disk writes what fits", "[storage][faults]") {
  MemoryStorage storage({.capacity_bytes = 2 * kDiskPage});
  const auto file = OpenFile(storage, "file");
  const std::string text = PageOf('a') + PageOf('b') + PageOf('c');
  CHECK(Refusal(file->Write(100, base::AsBytes(text)), "file") == absl::StatusCode::kResourceExhausted);
  CHECK(ReadText(*file).substr(100) == text.substr(0, 2 * kDiskPage - 100));
  storage.SetCapacity(10 * kDiskPage);
  WriteText(*file, 100, text);
  CHECK(ReadText(*file).substr(100) == text);
}

TEST_CASE("a hole takes space when it is written or populated", "[storage][faults]") {
  MemoryStorage storage({.capacity_bytes = 2 * kDiskPage});
  const auto file = OpenFile(storage, "file");
  REQUIRE_OK(file->Truncate(100 * kDiskPage));
  CHECK(storage.used_bytes() == 0);
  WriteText(*file, 50 * kDiskPage, "x");
  CHECK(storage.used_bytes() == kDiskPage);
  const auto mapping = MapFile(*file, 100 * kDiskPage);
  REQUIRE_OK(mapping->Populate(50 * kDiskPage, 2 * kDiskPage));
  CHECK(storage.used_bytes() == 2 * kDiskPage);
  CHECK(Refusal(mapping->Populate(0, kDiskPage), "file") == absl::StatusCode::kResourceExhausted);
}

TEST_CASE("the space of a removed file comes back with its last user", "[storage][faults]") {
  MemoryStorage storage;
  auto file = OpenFile(storage, "file");
  REQUIRE_OK(file->Allocate(5 * kDiskPage));
  auto mapping = MapFile(*file, 5 * kDiskPage);
  SECTION("by removal") { REQUIRE_OK(storage.Remove("file")); }
  SECTION("by replacement") {
    CreateFile(storage, "other", "");
    REQUIRE_OK(storage.Rename("other", "file"));
  }
  file = nullptr;
  CHECK(storage.used_bytes() == 5 * kDiskPage);
  mapping = nullptr;
  CHECK(storage.used_bytes() == 0);
}

TEST_CASE("a disk whose removals were undone may be over-full, and frees itself again", "[storage][faults]") {
  MemoryStorage storage({.capacity_bytes = kDiskPage});
  CreateFile(storage, "old", "1");
  REQUIRE_OK(OpenFile(storage, "old")->Flush());
  REQUIRE_OK(storage.FlushDirectory("/"));
  REQUIRE_OK(storage.Remove("old"));
  CreateFile(storage, "new", "2");
  const auto image = storage.CrashImage(Keep::Metadata(storage, {"create new", "size of new: 0 to 1"}));
  CHECK(image->used_bytes() == 2 * kDiskPage);
  CHECK_FALSE(OpenFile(*image, "x")->Allocate(1).ok());
  REQUIRE_OK(image->Remove("old"));
  REQUIRE_OK(image->Remove("new"));
  CHECK_OK(OpenFile(*image, "x")->Allocate(1));
}

TEST_CASE("a flipped bit is flipped for readers and on the platter", "[storage][faults]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + "b");
  const bool mapped = GENERATE(false, true);
  const auto mapping = mapped ? MapFile(*file, 2 * kDiskPage) : nullptr;
  REQUIRE_OK(disk.storage.FlipBit("d/log", 0));
  REQUIRE_OK(disk.storage.FlipBit("d/log", kDiskPage * 8 + 7));
  const std::string damaged = "`" + PageOf('a').substr(1) + static_cast<char>('b' ^ 0x80);
  CHECK(ReadText(*file) == damaged);
  CHECK(PendingPages(disk.storage, "d/log").empty());
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == damaged);
  CHECK(Refusal(disk.storage.FlipBit("d/log", (kDiskPage + 1) * 8), "d/log") == absl::StatusCode::kOutOfRange);
  CHECK(Refusal(disk.storage.FlipBit("d/none", 0), "d/none") == absl::StatusCode::kNotFound);
}

TEST_CASE("a file cannot outgrow its address space while it is mapped", "[storage][faults]") {
  MemoryStorage storage;
  const auto file = OpenFile(storage, "file");
  REQUIRE_OK(file->Truncate(kDiskPage));
  auto mapping = MapFile(*file, kDiskPage);
  CHECK(Refusal(file->Truncate(uint64_t{1} << 40), "file") == absl::StatusCode::kResourceExhausted);
  CHECK(Refusal(file->Map(size_t{1} << 40, MapMode::kRead), "file") == absl::StatusCode::kResourceExhausted);
  CHECK(file->Size().value() == kDiskPage);
  mapping = nullptr;
  CHECK_OK(file->Truncate(uint64_t{1} << 40));
}

TEST_CASE("threads may use a disk in memory together", "[storage][threads]") {
  MemoryStorage storage;
  const auto log = OpenFile(storage, "log");
  REQUIRE_OK(log->Allocate(64 * kDiskPage));
  const auto mapping = MapFile(*log, 64 * kDiskPage);
  std::vector<std::thread> threads;
  threads.emplace_back([&] {  // stores while others flush: what a disk must bear, and ThreadSanitizer with it
    for (size_t i = 0; i < 64 * kDiskPage; i += 64) Store(*mapping, i, "record");
  });
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) static_cast<void>(mapping->Flush(0, 64 * kDiskPage));
  });
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) static_cast<void>(log->Flush());
  });
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&storage, t] {
      const std::string name = "file" + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        const auto file = storage.Open(name, OpenMode::kOpenOrCreate).value();
        static_cast<void>(file->Write(static_cast<uint64_t>(i), base::AsBytes("x")));
        static_cast<void>(storage.List("/"));
        static_cast<void>(storage.Rename(name, name + ".renamed"));
        static_cast<void>(storage.FlushDirectory("/"));
        static_cast<void>(storage.Remove(name + ".renamed"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE_OK(log->Flush());
  CHECK(Load(*mapping, 64 * kDiskPage - 64, 6) == "record");
  CHECK(storage.List("/").value().size() == 1);
}

}  // namespace moldau::storage
