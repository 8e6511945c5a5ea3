// What every storage promises of files: opening, bytes, sizes.
#include "storage/contract.h"

namespace moldau::storage {

STORAGE_CONTRACT("a file opens as its mode says") {
  TestType disk;
  Storage& storage = disk.storage();
  const std::string path = disk.Path("file");

  CHECK(Refusal(storage.Open(path, OpenMode::kRead), path) == absl::StatusCode::kNotFound);
  CHECK(Refusal(storage.Open(path, OpenMode::kReadWrite), path) == absl::StatusCode::kNotFound);
  CHECK(ReadText(*OpenFile(storage, path, OpenMode::kCreate)).empty());
  CHECK(Refusal(storage.Open(path, OpenMode::kCreate), path) == absl::StatusCode::kAlreadyExists);
  WriteText(*OpenFile(storage, path, OpenMode::kReadWrite), 0, "kept");
  CHECK(ReadText(*OpenFile(storage, path, OpenMode::kOpenOrCreate)) == "kept");
  CHECK(ReadText(*OpenFile(storage, path, OpenMode::kRead)) == "kept");
  CHECK(ReadText(*OpenFile(storage, disk.Path("new"), OpenMode::kOpenOrCreate)).empty());
}

STORAGE_CONTRACT("what is no plain file, or lies nowhere, does not open") {
  TestType disk;
  Storage& storage = disk.storage();
  REQUIRE_OK(storage.CreateDirectory(disk.Path("directory")));
  CreateFile(storage, disk.Path("file"), "");
  const std::string directory = disk.Path("directory");
  const std::string below_file = disk.Path("file/x");
  const std::string nowhere = disk.Path("missing/x");
  const std::string long_name = disk.Path(std::string(256, 'n'));

  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite, OpenMode::kOpenOrCreate}) {
    CHECK(Refusal(storage.Open(directory, mode), directory) == absl::StatusCode::kFailedPrecondition);
  }
  CHECK(Refusal(storage.Open(directory, OpenMode::kCreate), directory) == absl::StatusCode::kAlreadyExists);
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite, OpenMode::kCreate, OpenMode::kOpenOrCreate}) {
    CHECK(Refusal(storage.Open(below_file, mode), below_file) == absl::StatusCode::kFailedPrecondition);
    CHECK(Refusal(storage.Open(nowhere, mode), nowhere) == absl::StatusCode::kNotFound);
    CHECK(Refusal(storage.Open(long_name, mode), long_name) == absl::StatusCode::kInvalidArgument);
    CHECK(Refusal(storage.Open("", mode), "") == absl::StatusCode::kNotFound);
    CHECK(Refusal(storage.Open(disk.Path(std::string("cut\0off", 7)), mode), disk.Path("cut")) ==
          absl::StatusCode::kInvalidArgument);
  }
  CHECK_FALSE(Exists(storage, disk.Path("cut")));
}

STORAGE_CONTRACT("bytes are read back where they were written") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));

  WriteText(*file, 0, "hello world");
  WriteText(*file, 6, "there");
  WriteText(*file, 11, "!");
  CHECK(ReadText(*file) == "hello there!");
  CHECK(ReadText(*file, 6, 5) == "there");
  CHECK(file->Size().value() == 12);
}

STORAGE_CONTRACT("a write across pages is whole") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  std::string text;
  for (int i = 0; text.size() < 30'000; ++i) text += std::to_string(i) + ",";

  WriteText(*file, 4'000, text);
  CHECK(ReadText(*file, 4'000, text.size()) == text);
  CHECK(ReadText(*file, 8'190, 10) == text.substr(4'190, 10));
}

STORAGE_CONTRACT("a read gives fewer bytes only at the end of the file") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "0123456789");

  CHECK(ReadText(*file, 7, 10) == "789");
  CHECK(ReadText(*file, 10, 10).empty());
  CHECK(ReadText(*file, 1'000'000, 10).empty());
  CHECK(ReadText(*file, 3, 0).empty());
}

STORAGE_CONTRACT("a write behind the end leaves zeros between") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "a");
  WriteText(*file, 10'000, "z");

  CHECK(file->Size().value() == 10'001);
  CHECK(ReadText(*file, 0, 10'001) == "a" + std::string(9'999, '\0') + "z");
}

STORAGE_CONTRACT("an empty write changes nothing") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 500, "");
  CHECK(file->Size().value() == 0);
}

STORAGE_CONTRACT("offsets that no file can have are refused") {
  TestType disk;
  const std::string path = disk.Path("file");
  const auto file = OpenFile(disk.storage(), path);
  constexpr uint64_t kTooFar = uint64_t{1} << 63;
  std::byte byte{};

  CHECK(Refusal(file->Read(kTooFar, {&byte, 1}), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Read(kTooFar - 1, {&byte, 1}), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Write(kTooFar, {&byte, 1}), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Allocate(kTooFar), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Truncate(kTooFar), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->StartWriteback(kTooFar, 1), path) == absl::StatusCode::kInvalidArgument);
  CHECK(file->Size().value() == 0);
}

STORAGE_CONTRACT("a file that is open for reading refuses every change") {
  TestType disk;
  const std::string path = disk.Path("file");
  CreateFile(disk.storage(), path, "unchanged");
  const auto file = OpenFile(disk.storage(), path, OpenMode::kRead);
  const std::byte byte{};

  CHECK(Refusal(file->Write(0, {&byte, 1}), path) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(file->Allocate(100), path) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(file->Truncate(0), path) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(file->Map(4096, MapMode::kReadWrite), path) == absl::StatusCode::kFailedPrecondition);
  CHECK_OK(file->Flush());
  CHECK_OK(file->StartWriteback(0, 9));
  CHECK(ReadText(*file) == "unchanged");
}

STORAGE_CONTRACT("allocating makes room for zeros and keeps what is there") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "kept");

  REQUIRE_OK(file->Allocate(20'000));
  CHECK(file->Size().value() == 20'000);
  CHECK(ReadText(*file, 0, 6) == std::string("kept\0\0", 6));
  CHECK(ReadText(*file, 19'998, 10) == std::string(2, '\0'));

  REQUIRE_OK(file->Allocate(100));
  CHECK(file->Size().value() == 20'000);
  REQUIRE_OK(OpenFile(disk.storage(), disk.Path("empty"))->Allocate(0));
}

STORAGE_CONTRACT("truncating cuts, and what grows over the cut reads as zeros") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, std::string(10'000, 'x'));

  REQUIRE_OK(file->Truncate(5'000));
  CHECK(file->Size().value() == 5'000);
  REQUIRE_OK(file->Truncate(10'000));
  CHECK(ReadText(*file, 0, 20'000) == std::string(5'000, 'x') + std::string(5'000, '\0'));
  REQUIRE_OK(file->Truncate(0));
  WriteText(*file, 8'000, "y");
  CHECK(ReadText(*file, 0, 9'000) == std::string(8'000, '\0') + "y");
}

STORAGE_CONTRACT("a file can be as sparse as its size allows") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Truncate(uint64_t{1} << 40));
  WriteText(*file, uint64_t{1} << 39, "in the middle");
  CHECK(ReadText(*file, (uint64_t{1} << 39) - 1, 15) == std::string("\0in the middle\0", 15));
}

STORAGE_CONTRACT("flushing and write-back change nothing that can be read") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "text");

  CHECK_OK(file->StartWriteback(0, 4));
  CHECK_OK(file->StartWriteback(100, 4));
  CHECK_OK(file->StartWriteback(0, 0));
  CHECK_OK(file->Flush());
  CHECK(ReadText(*file) == "text");
}

STORAGE_CONTRACT("two handles of a file see the same bytes") {
  TestType disk;
  const auto writer = OpenFile(disk.storage(), disk.Path("file"));
  const auto reader = OpenFile(disk.storage(), disk.Path("file"), OpenMode::kRead);
  WriteText(*writer, 0, "seen");
  CHECK(ReadText(*reader) == "seen");
}

STORAGE_CONTRACT("the boot id stays the same while the machine runs") {
  TestType disk;
  CHECK_FALSE(disk.storage().BootId().empty());
  CHECK(disk.storage().BootId() == disk.storage().BootId());
}

}  // namespace moldau::storage
