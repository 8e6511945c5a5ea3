// The fault model of names: what a power failure leaves of creations, renamings and removals.
#include "storage/crash.h"

namespace moldau::storage {
namespace {

std::vector<std::string> Names(MemoryStorage& storage, const std::string& directory) {
  const auto entries = storage.List(directory);
  REQUIRE_OK(entries);
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
  return names;
}

}  // namespace

TEST_CASE("a new file may vanish though its data was flushed", "[storage][crash][L12]") {
  DiskWithDirectory disk;
  const auto file = OpenFile(disk.storage, "d/new");
  WriteText(*file, 0, "flushed");
  REQUIRE_OK(file->Flush());
  CHECK(AllOutcomes(disk.storage, "d/new") == std::set<std::string>{"none", "flushed"});
  REQUIRE_OK(disk.storage.FlushDirectory("d"));
  CHECK(AllOutcomes(disk.storage, "d/new") == std::set<std::string>{"flushed"});
}

TEST_CASE("a new file may be there without the data that was not flushed", "[storage][crash]") {
  DiskWithDirectory disk;
  WriteText(*OpenFile(disk.storage, "d/new"), 0, "data");
  REQUIRE_OK(disk.storage.FlushDirectory("d"));
  CHECK(AllOutcomes(disk.storage, "d/new") == std::set<std::string>{"", std::string(4, '\0'), "data"});
}

TEST_CASE("a renaming may be undone until its directory is flushed", "[storage][crash]") {
  DiskWithDirectory disk;
  disk.FlushedFile("d/current", "old");
  disk.FlushedFile("d/current.tmp", "new");
  REQUIRE_OK(disk.storage.Rename("d/current.tmp", "d/current"));

  CHECK(disk.storage.pending().metadata == std::vector<std::string>{"rename d/current.tmp to d/current"});
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/current") == "old");
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/current.tmp") == "new");
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/current") == "new");
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/current.tmp") == std::nullopt);
  REQUIRE_OK(disk.storage.FlushDirectory("d"));
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/current") == "new");
}

TEST_CASE("replacing a file by one that was not flushed may leave an empty one", "[storage][crash]") {
  DiskWithDirectory disk;
  disk.FlushedFile("d/current", "old");
  WriteText(*OpenFile(disk.storage, "d/tmp"), 0, "new");
  REQUIRE_OK(disk.storage.Rename("d/tmp", "d/current"));
  CHECK(AllOutcomes(disk.storage, "d/current") == std::set<std::string>{"old", "", std::string(3, '\0'), "new"});
}

TEST_CASE("a removed file may reappear, with what was flushed of it", "[storage][crash]") {
  DiskWithDirectory disk;
  auto file = disk.FlushedFile("d/old", "flushed");
  WriteText(*file, 0, "changed");
  file = nullptr;
  REQUIRE_OK(disk.storage.Remove("d/old"));
  CHECK_FALSE(Exists(disk.storage, "d/old"));
  CHECK(AllOutcomes(disk.storage, "d/old") == std::set<std::string>{"none", "flushed", "changed"});
  REQUIRE_OK(disk.storage.FlushDirectory("d"));
  CHECK(AllOutcomes(disk.storage, "d/old") == std::set<std::string>{"none"});
}

TEST_CASE("each name is lost or kept by itself", "[storage][crash]") {
  DiskWithDirectory disk;
  CreateFile(disk.storage, "d/a", "");
  CreateFile(disk.storage, "d/b", "");
  std::set<std::vector<std::string>> outcomes;
  for (const auto& plan : AllPlans(disk.storage)) {
    outcomes.insert(Names(*disk.storage.CrashImage(plan), "d"));
  }
  CHECK(outcomes == std::set<std::vector<std::string>>{{}, {"a"}, {"b"}, {"a", "b"}});
}

TEST_CASE("what happened to one file happened in order", "[storage][crash]") {
  DiskWithDirectory disk;
  CreateFile(disk.storage, "d/a", "");
  REQUIRE_OK(disk.storage.Rename("d/a", "d/b"));
  REQUIRE_OK(disk.storage.Rename("d/b", "d/c"));
  std::set<std::vector<std::string>> outcomes;
  for (const auto& plan : AllPlans(disk.storage)) {
    outcomes.insert(Names(*disk.storage.CrashImage(plan), "d"));
  }
  CHECK(outcomes == std::set<std::vector<std::string>>{{}, {"a"}, {"b"}, {"c"}});
}

TEST_CASE("a name that was given anew is kept only with what was before it", "[storage][crash]") {
  DiskWithDirectory disk;
  disk.FlushedFile("d/a", "first");
  REQUIRE_OK(disk.storage.Remove("d/a"));
  const auto second = OpenFile(disk.storage, "d/a");
  WriteText(*second, 0, "second");
  REQUIRE_OK(second->Flush());
  CHECK(AllOutcomes(disk.storage, "d/a") == std::set<std::string>{"first", "none", "second"});
}

TEST_CASE("a renaming between directories is durable when both are flushed", "[storage][crash]") {
  DiskWithDirectory disk;
  REQUIRE_OK(disk.storage.CreateDirectory("e"));
  REQUIRE_OK(disk.storage.FlushDirectory("/"));
  disk.FlushedFile("d/a", "text");
  REQUIRE_OK(disk.storage.Rename("d/a", "e/a"));
  for (const std::string directory : {"d", "e"}) {
    CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/a") == "text");
    CHECK(After(disk.storage, Keep::Nothing(disk.storage), "e/a") == std::nullopt);
    CHECK(After(disk.storage, Keep::Everything(disk.storage), "d/a") == std::nullopt);
    CHECK(After(disk.storage, Keep::Everything(disk.storage), "e/a") == "text");
    REQUIRE_OK(disk.storage.FlushDirectory(directory));
  }
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/a") == std::nullopt);
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "e/a") == "text");
}

TEST_CASE("a name that moved away durably is not lost when its old name is given anew", "[storage][crash]") {
  DiskWithDirectory disk;
  REQUIRE_OK(disk.storage.CreateDirectory("e"));
  REQUIRE_OK(disk.storage.FlushDirectory("/"));
  disk.FlushedFile("d/a", "moved");
  REQUIRE_OK(disk.storage.Rename("d/a", "e/a"));
  CreateFile(disk.storage, "d/a", "");
  REQUIRE_OK(disk.storage.FlushDirectory("d"));  // makes the creation durable, and so the renaming before it
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "e/a") == "moved");
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/a") == "");
}

TEST_CASE("flushing a directory that may vanish does not save it", "[storage][crash]") {
  MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("topic-0"));
  const auto file = OpenFile(storage, "topic-0/log");
  WriteText(*file, 0, "x");
  REQUIRE_OK(file->Flush());
  REQUIRE_OK(storage.FlushDirectory("topic-0"));
  CHECK(AllOutcomes(storage, "topic-0/log") == std::set<std::string>{"none", "x"});
  REQUIRE_OK(storage.FlushDirectory("/"));
  CHECK(AllOutcomes(storage, "topic-0/log") == std::set<std::string>{"x"});
}

TEST_CASE("the removal of a directory follows that of its files", "[storage][crash]") {
  DiskWithDirectory disk;
  disk.FlushedFile("d/a", "text");
  REQUIRE_OK(disk.storage.Remove("d/a"));
  REQUIRE_OK(disk.storage.Remove("d"));
  std::set<std::string> outcomes;
  for (const auto& plan : AllPlans(disk.storage)) {
    const auto image = disk.storage.CrashImage(plan);
    outcomes.insert(!image->List("d").ok() ? "nothing" : Exists(*image, "d/a") ? "file" : "directory");
  }
  CHECK(outcomes == std::set<std::string>{"nothing", "directory", "file"});
  REQUIRE_OK(disk.storage.FlushDirectory("/"));
  CHECK(disk.storage.pending().metadata.empty());
}

TEST_CASE("files of a renamed directory are pending under their new names", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = disk.FlushedFile("d/log", "old");
  REQUIRE_OK(disk.storage.Rename("d", "d.deleted"));
  WriteText(*file, 0, "new");
  CHECK(PendingPages(disk.storage, "d.deleted/log") == std::set<uint64_t>{0});
  CHECK(After(disk.storage, Keep::Nothing(disk.storage), "d/log") == "old");
  CHECK(After(disk.storage, Keep::Everything(disk.storage), "d.deleted/log") == "new");
}

TEST_CASE("changes are described in the order in which they happened", "[storage][crash]") {
  DiskWithDirectory disk;
  const auto file = OpenFile(disk.storage, "d/a");
  REQUIRE_OK(file->Allocate(100));
  CreateFile(disk.storage, "d/b", "12");
  REQUIRE_OK(disk.storage.Remove("d/b"));
  REQUIRE_OK(disk.storage.Rename("d/a", "d/c"));
  REQUIRE_OK(disk.storage.CreateDirectory("d/e"));
  CHECK(disk.storage.pending().metadata == std::vector<std::string>{"create d/a", "size of d/c: 0 to 100", "create d/b",
                                                                    "size of d/b: 0 to 2", "remove d/b",
                                                                    "rename d/a to d/c", "create d/e"});
}

TEST_CASE("names that are never flushed do not pile up", "[storage][crash]") {
  DiskWithDirectory disk;
  for (int i = 0; i < 5'000; ++i) {
    CreateFile(disk.storage, "d/x", "contents");
    REQUIRE_OK(disk.storage.Remove("d/x"));
  }
  CHECK(disk.storage.pending().metadata.size() < 4'000);
  CHECK(disk.storage.used_bytes() == 0);
}

}  // namespace moldau::storage
