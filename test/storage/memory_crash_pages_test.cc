// The fault model of contents: what a power failure leaves of pages and sizes.
#include "storage/crash.h"

namespace moldau::storage {

TEST_CASE("what was flushed survives every crash", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + "tail");
  CHECK(disk.storage.pending().pages.empty());
  CHECK(disk.storage.pending().metadata.empty());
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == PageOf('a') + "tail");
}

TEST_CASE("each page that was not flushed is lost or kept by itself", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b') + PageOf('c'));
  WriteText(*file, 0, PageOf('A'));
  WriteText(*file, 2 * kDiskPage, PageOf('C'));

  CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{0, 2});
  CHECK(AllOutcomes(disk.storage, "d/log") ==
        std::set<std::string>{PageOf('a') + PageOf('b') + PageOf('c'), PageOf('A') + PageOf('b') + PageOf('c'),
                              PageOf('a') + PageOf('b') + PageOf('C'), PageOf('A') + PageOf('b') + PageOf('C')});
  CHECK(ReadText(*file) == PageOf('A') + PageOf('b') + PageOf('C'));
}

TEST_CASE("stores through a mapping are pending until they are flushed", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", std::string(40 * kDiskPage, '.'));
  REQUIRE_OK(file->Allocate(100 * kDiskPage));
  REQUIRE_OK(file->Flush());
  auto mapping = MapFile(*file, 100 * kDiskPage);
  CHECK(PendingPages(disk.storage, "d/log").empty());

  Store(*mapping, 3 * kDiskPage + 100, "x");
  Store(*mapping, 70 * kDiskPage, "y");
  CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{3, 70});
  REQUIRE_OK(mapping->Flush(3 * kDiskPage + 100, 1));
  CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{70});
  mapping = nullptr;
  CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{70});
  REQUIRE_OK(file->Flush());
  CHECK(PendingPages(disk.storage, "d/log").empty());
}

TEST_CASE("a page that was changed and changed back is not pending", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a'));
  const auto mapping = MapFile(*file, kDiskPage);
  Store(*mapping, 10, "b");
  CHECK(PendingPages(disk.storage, "d/log").size() == 1);
  Store(*mapping, 10, "a");
  CHECK(PendingPages(disk.storage, "d/log").empty());
}

TEST_CASE("a torn page is new in its first sectors and old in the rest", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  WriteText(*file, 0, PageOf('A') + PageOf('B'));
  MemoryStorage::CrashPlan plan = Keep::Nothing(disk.storage);
  plan.pages = {false, true};
  plan.torn = 0;
  for (const int sectors : {0, 1, 7, 8}) {
    plan.torn_sectors = sectors;
    const auto split = static_cast<size_t>(sectors) * 512;
    CHECK(After(disk.storage, plan, "d/log") ==
          std::string(split, 'A') + std::string(kDiskPage - split, 'a') + PageOf('B'));
  }
  plan.torn = 1;
  plan.torn_sectors = 2;
  CHECK(After(disk.storage, plan, "d/log") ==
        PageOf('a') + std::string(1024, 'B') + std::string(kDiskPage - 1024, 'b'));
}

TEST_CASE("a size that was not flushed may be lost though its pages were", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "");
  REQUIRE_OK(file->Allocate(2 * kDiskPage));
  const auto mapping = MapFile(*file, 2 * kDiskPage);
  Store(*mapping, 0, PageOf('a') + PageOf('b'));
  REQUIRE_OK(mapping->Flush(0, 2 * kDiskPage));

  CHECK(disk.storage.pending().metadata == std::vector<std::string>{"size of d/log: 0 to 8192"});
  CHECK(AllOutcomes(disk.storage, "d/log") == std::set<std::string>{"", PageOf('a') + PageOf('b')});
}

TEST_CASE("a new size may be kept though its pages are lost", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "old ");
  WriteText(*file, 4, "new");
  CHECK(AllOutcomes(disk.storage, "d/log") == std::set<std::string>{"old ", std::string("old \0\0\0", 7), "old new"});
}

TEST_CASE("a file that grew by small writes may end at a size between", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "");
  for (const uint64_t offset : {0, 10, 20, 30, 40}) WriteText(*file, offset, "0123456789");

  CHECK(disk.storage.pending().metadata ==
        std::vector<std::string>{"size of d/log: 0 to 10", "size of d/log: 10 to 50"});
  std::set<size_t> sizes;
  for (const std::string& text : AllOutcomes(disk.storage, "d/log")) sizes.insert(text.size());
  CHECK(sizes == std::set<size_t>{0, 10, 50});
}

TEST_CASE("bytes behind a size that was kept from between do not come back when the file grows", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "");
  WriteText(*file, 0, "0123456789");
  WriteText(*file, 10, "abcdefghij");
  const auto image = disk.storage.CrashImage(Keep::Metadata(disk.storage, {"size of d/log: 0 to 10"}));
  const auto reopened = OpenFile(*image, "d/log");
  CHECK(ReadText(*reopened) == "0123456789");
  REQUIRE_OK(reopened->Truncate(20));
  CHECK(ReadText(*reopened) == "0123456789" + std::string(10, '\0'));
}

TEST_CASE("a cut that was not flushed may be undone, with what it cut off", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b') + PageOf('c'));
  REQUIRE_OK(file->Truncate(kDiskPage + 100));
  CHECK(AllOutcomes(disk.storage, "d/log") ==
        std::set<std::string>{PageOf('a') + PageOf('b') + PageOf('c'), PageOf('a') + std::string(100, 'b')});
}

TEST_CASE("what was cut off does not come back under a later size", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b') + PageOf('c'));
  REQUIRE_OK(file->Truncate(kDiskPage + 100));
  REQUIRE_OK(file->Allocate(3 * kDiskPage));
  const std::string cut = PageOf('a') + std::string(100, 'b');
  CHECK(AllOutcomes(disk.storage, "d/log") == std::set<std::string>{PageOf('a') + PageOf('b') + PageOf('c'), cut,
                                                                    cut + std::string(2 * kDiskPage - 100, '\0')});
}

TEST_CASE("a page written behind a cut does not survive without the cut", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  REQUIRE_OK(file->Truncate(kDiskPage));
  WriteText(*file, kDiskPage, PageOf('B'));

  CHECK(AllOutcomes(disk.storage, "d/log") == std::set<std::string>{PageOf('a') + PageOf('b'), PageOf('a'),
                                                                    PageOf('a') + PageOf('\0'),
                                                                    PageOf('a') + PageOf('B')});
  CHECK(After(disk.storage, Keep::Metadata(disk.storage, {}), "d/log") == PageOf('a') + PageOf('b'));
}

TEST_CASE("flushing a range behind a cut makes the cut durable, not the size", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  REQUIRE_OK(file->Truncate(kDiskPage));
  REQUIRE_OK(file->Allocate(2 * kDiskPage));
  const auto mapping = MapFile(*file, 2 * kDiskPage);
  Store(*mapping, kDiskPage, PageOf('B'));
  REQUIRE_OK(mapping->Flush(kDiskPage, kDiskPage));
  CHECK(AllOutcomes(disk.storage, "d/log") == std::set<std::string>{PageOf('a'), PageOf('a') + PageOf('B')});
}

TEST_CASE("flushing one file says nothing about another", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto log = disk.FlushedFile("d/log", "");
  const auto index = disk.FlushedFile("d/index", "");
  WriteText(*log, 0, "record");
  WriteText(*index, 0, "entry");
  REQUIRE_OK(log->Flush());
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == "record");
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/index") == "");
}

TEST_CASE("a crash does not change the disk it is taken of", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "old");
  WriteText(*file, 0, "new");
  const auto image = disk.storage.CrashImage(Keep::Nothing(disk.storage));
  WriteText(*OpenFile(*image, "d/log"), 0, "other");
  CHECK(ReadText(*file) == "new");
  CHECK(PendingPages(disk.storage, "d/log") == std::set<uint64_t>{0});
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/log") == "new");
}

TEST_CASE("a disk can crash again and again", "[storage][crash]") {
  DiskWithDirectory disk;
  WriteText(*disk.FlushedFile("d/log", "0"), 1, "1");
  auto image = disk.storage.CrashImage(Keep::Everything(disk.storage));
  for (int round = 2; round < 5; ++round) {
    CHECK(image->pending().pages.empty());
    CHECK(image->pending().metadata.empty());
    CHECK(image->BootId() == "memory-boot-" + std::to_string(round));
    const auto file = OpenFile(*image, "d/log");
    WriteText(*file, static_cast<uint64_t>(round), std::to_string(round));
    CHECK(After(*image, Keep::Nothing(*image), "d/log")->size() == static_cast<size_t>(round));
    image = image->CrashImage(Keep::Everything(*image));
  }
  CHECK(ReadText(*image, "d/log") == "01234");
}

TEST_CASE("the kernel may write pages back at any time", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", std::string(64 * kDiskPage, 'a'));
  WriteText(*file, 0, std::string(64 * kDiskPage, 'b'));
  Random random(5);
  disk.storage.WriteBackSome(random);
  const size_t left = PendingPages(disk.storage, "d/log").size();
  CHECK(left > 16);
  CHECK(left < 48);
  const std::string after = After(disk.storage, Keep::Nothing(disk.storage), "d/log").value();
  CHECK(static_cast<size_t>(std::count(after.begin(), after.end(), 'a')) == left * kDiskPage);
  CHECK(ReadText(*file) == std::string(64 * kDiskPage, 'b'));
}

TEST_CASE("write-back does not reach pages behind a cut that is not durable", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", PageOf('a') + PageOf('b'));
  REQUIRE_OK(file->Truncate(kDiskPage));
  WriteText(*file, kDiskPage, PageOf('B'));
  Random random(1);
  for (int i = 0; i < 20; ++i) disk.storage.WriteBackSome(random);
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == PageOf('a') + PageOf('b'));
}

}  // namespace moldau::storage
