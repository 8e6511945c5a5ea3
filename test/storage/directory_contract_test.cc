// What every storage promises of names and directories.
#include "storage/contract.h"

namespace moldau::storage {

STORAGE_CONTRACT("a directory lists its entries by name, with their kinds and sizes") {
  TestType disk;
  Storage& storage = disk.storage();
  CHECK(storage.List(disk.root()).value().empty());
  CreateFile(storage, disk.Path("b"), "12345");
  REQUIRE_OK(storage.CreateDirectory(disk.Path("a")));
  CreateFile(storage, disk.Path("a/inside"), "not listed above");
  CreateFile(storage, disk.Path("B"), "");

  const std::vector<DirectoryEntry> expected = {{"B", false, 0}, {"a", true, 0}, {"b", false, 5}};
  CHECK(storage.List(disk.root()).value() == expected);
  CHECK(storage.List(disk.root() + "/").value() == expected);
}

STORAGE_CONTRACT("only a directory can be listed or flushed") {
  TestType disk;
  Storage& storage = disk.storage();
  CreateFile(storage, disk.Path("file"), "");
  const std::string file = disk.Path("file");
  const std::string missing = disk.Path("missing");

  CHECK(Refusal(storage.List(file), file) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(storage.List(missing), missing) == absl::StatusCode::kNotFound);
  CHECK(Refusal(storage.FlushDirectory(file), file) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(storage.FlushDirectory(missing), missing) == absl::StatusCode::kNotFound);
  CHECK_OK(storage.FlushDirectory(disk.root()));
}

STORAGE_CONTRACT("a directory is created once, below one that exists") {
  TestType disk;
  Storage& storage = disk.storage();
  const std::string directory = disk.Path("directory");
  const std::string file = disk.Path("file");
  const std::string nowhere = disk.Path("missing/directory");
  const std::string below_file = disk.Path("file/directory");
  CreateFile(storage, file, "");

  REQUIRE_OK(storage.CreateDirectory(directory));
  CHECK(Refusal(storage.CreateDirectory(directory), directory) == absl::StatusCode::kAlreadyExists);
  CHECK(Refusal(storage.CreateDirectory(file), file) == absl::StatusCode::kAlreadyExists);
  CHECK(Refusal(storage.CreateDirectory(nowhere), nowhere) == absl::StatusCode::kNotFound);
  CHECK(Refusal(storage.CreateDirectory(below_file), below_file) == absl::StatusCode::kFailedPrecondition);
}

STORAGE_CONTRACT("renaming moves a file and replaces the one of the new name") {
  TestType disk;
  Storage& storage = disk.storage();
  REQUIRE_OK(storage.CreateDirectory(disk.Path("other")));
  CreateFile(storage, disk.Path("new"), "new contents");
  CreateFile(storage, disk.Path("current"), "old contents");
  const auto open = OpenFile(storage, disk.Path("new"), OpenMode::kReadWrite);

  REQUIRE_OK(storage.Rename(disk.Path("new"), disk.Path("current")));
  CHECK_FALSE(Exists(storage, disk.Path("new")));
  CHECK(ReadText(storage, disk.Path("current")) == "new contents");
  WriteText(*open, 0, "NEW");
  CHECK(ReadText(storage, disk.Path("current")) == "NEW contents");
  REQUIRE_OK(storage.Rename(disk.Path("current"), disk.Path("other/moved")));
  CHECK(ReadText(storage, disk.Path("other/moved")) == "NEW contents");
  REQUIRE_OK(storage.Rename(disk.Path("other/moved"), disk.Path("other/moved")));
  CHECK(ReadText(storage, disk.Path("other/moved")) == "NEW contents");
}

STORAGE_CONTRACT("renaming moves a directory with what is in it") {
  TestType disk;
  Storage& storage = disk.storage();
  REQUIRE_OK(storage.CreateDirectory(disk.Path("topic-0")));
  REQUIRE_OK(storage.CreateDirectory(disk.Path("empty")));
  CreateFile(storage, disk.Path("topic-0/log"), "records");

  REQUIRE_OK(storage.Rename(disk.Path("topic-0"), disk.Path("topic-0.deleted")));
  CHECK(ReadText(storage, disk.Path("topic-0.deleted/log")) == "records");
  CHECK_FALSE(Exists(storage, disk.Path("topic-0/log")));
  REQUIRE_OK(storage.Rename(disk.Path("topic-0.deleted"), disk.Path("empty")));
  CHECK(ReadText(storage, disk.Path("empty/log")) == "records");
}

STORAGE_CONTRACT("a renaming that would lose something is refused") {
  TestType disk;
  Storage& storage = disk.storage();
  const std::string file = disk.Path("file");
  const std::string directory = disk.Path("directory");
  const std::string missing = disk.Path("missing");
  CreateFile(storage, file, "kept");
  REQUIRE_OK(storage.CreateDirectory(directory));
  REQUIRE_OK(storage.CreateDirectory(disk.Path("full")));
  CreateFile(storage, disk.Path("full/file"), "");

  CHECK(Refusal(storage.Rename(missing, file), missing) == absl::StatusCode::kNotFound);
  CHECK(Refusal(storage.Rename(file, disk.Path("missing/x")), file) == absl::StatusCode::kNotFound);
  CHECK(Refusal(storage.Rename(file, directory), file) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(storage.Rename(directory, file), directory) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(storage.Rename(directory, disk.Path("full")), directory) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(storage.Rename(directory, disk.Path("directory/inside")), directory) ==
        absl::StatusCode::kInvalidArgument);
  CHECK(ReadText(storage, file) == "kept");
}

STORAGE_CONTRACT("removing takes files and empty directories") {
  TestType disk;
  Storage& storage = disk.storage();
  const std::string directory = disk.Path("directory");
  const std::string file = disk.Path("directory/file");
  REQUIRE_OK(storage.CreateDirectory(directory));
  CreateFile(storage, file, "");

  CHECK(Refusal(storage.Remove(directory), directory) == absl::StatusCode::kFailedPrecondition);
  REQUIRE_OK(storage.Remove(file));
  CHECK(Refusal(storage.Remove(file), file) == absl::StatusCode::kNotFound);
  REQUIRE_OK(storage.Remove(directory));
  CHECK(Refusal(storage.Remove(directory), directory) == absl::StatusCode::kNotFound);
  CHECK(storage.List(disk.root()).value().empty());
}

STORAGE_CONTRACT("a removed file lives on for those who have it open") {
  TestType disk;
  Storage& storage = disk.storage();
  const auto file = OpenFile(storage, disk.Path("file"));
  WriteText(*file, 0, "old");
  REQUIRE_OK(storage.Remove(disk.Path("file")));
  CreateFile(storage, disk.Path("file"), "new");

  WriteText(*file, 3, "er");
  CHECK(ReadText(*file) == "older");
  CHECK_OK(file->Flush());
  CHECK(ReadText(storage, disk.Path("file")) == "new");
}

STORAGE_CONTRACT("a lock is held by one at a time, and says by whom") {
  TestType disk;
  Storage& storage = disk.storage();
  const std::string path = disk.Path(".lock");
  auto lock = storage.Lock(path);
  REQUIRE_OK(lock);

  const auto second = storage.Lock(path);
  CHECK(Refusal(second, path) == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(second.status().message()),
             Catch::Contains("this process (" + std::to_string(getpid()) + ")"));
  CHECK_OK(storage.Lock(disk.Path("another")));
  lock->reset();
  CHECK_OK(storage.Lock(path));
  CHECK_OK(storage.Lock(path));
}

STORAGE_CONTRACT("a lock needs a place for its file") {
  TestType disk;
  const std::string nowhere = disk.Path("missing/.lock");
  CHECK(Refusal(disk.storage().Lock(nowhere), nowhere) == absl::StatusCode::kNotFound);
  CHECK(Refusal(disk.storage().Lock(disk.root()), disk.root()) == absl::StatusCode::kFailedPrecondition);
}

}  // namespace moldau::storage
