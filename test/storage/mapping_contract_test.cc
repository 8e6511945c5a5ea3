// What every storage promises of mapped files.
#include "storage/contract.h"

namespace moldau::storage {

constexpr size_t kSize = 65'536;

STORAGE_CONTRACT("stores to a mapping and writes to its file are one thing") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "written before");
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize);

  CHECK(mapping->size() == kSize);
  CHECK(reinterpret_cast<uintptr_t>(mapping->data()) % 4096 == 0);
  CHECK(Load(*mapping, 0, 14) == "written before");
  Store(*mapping, 50'000, "stored");
  CHECK(ReadText(*file, 50'000, 6) == "stored");
  WriteText(*file, 4'090, "across pages");
  CHECK(Load(*mapping, 4'090, 12) == "across pages");
}

STORAGE_CONTRACT("all mappings of a file are one thing") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  const auto writer = MapFile(*file, kSize);
  const auto reader = MapFile(*OpenFile(disk.storage(), disk.Path("file"), OpenMode::kRead), kSize, MapMode::kRead);

  Store(*writer, 100, "through one");
  CHECK(Load(*reader, 100, 11) == "through one");
  WriteText(*file, 100, "or by write");
  CHECK(Load(*reader, 100, 11) == "or by write");
}

STORAGE_CONTRACT("a mapping outlives its file, its name and other mappings") {
  TestType disk;
  auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  auto first = MapFile(*file, kSize);
  const auto second = MapFile(*file, kSize);
  file = nullptr;
  REQUIRE_OK(disk.storage().Remove(disk.Path("file")));

  Store(*first, 0, "still there");
  first = nullptr;
  CHECK(Load(*second, 0, 11) == "still there");
  CHECK_OK(second->Flush(0, kSize));
}

STORAGE_CONTRACT("what was stored is there when the file is mapped again") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  const std::string text(5'000, 't');
  for (size_t round = 0; round < 3; ++round) {
    const auto mapping = MapFile(*file, kSize);
    for (size_t before = 0; before < round; ++before) CHECK(Load(*mapping, before * 20'000, 5'000) == text);
    Store(*mapping, round * 20'000, text);
  }
  CHECK(ReadText(*file, 40'000, 5'000) == text);
  CHECK(ReadText(*file, 45'000, 1) == std::string(1, '\0'));
}

STORAGE_CONTRACT("a file grows under a mapping that is larger than it") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  WriteText(*file, 0, "small");
  const auto mapping = MapFile(*file, 4 * kSize);
  std::byte* const before = mapping->data();

  REQUIRE_OK(file->Allocate(2 * kSize));
  Store(*mapping, 2 * kSize - 3, "end");
  CHECK(ReadText(*file, 2 * kSize - 3, 10) == "end");
  WriteText(*file, 3 * kSize, "written on");
  CHECK(Load(*mapping, 3 * kSize, 10) == "written on");
  CHECK(mapping->data() == before);
  CHECK(Load(*mapping, 0, 5) == "small");
}

STORAGE_CONTRACT("a cut is seen through a mapping, and growth over it as zeros") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize);
  Store(*mapping, 0, std::string(kSize, 'x'));

  REQUIRE_OK(file->Truncate(5'000));
  CHECK(Load(*mapping, 4'999, 2) == std::string("x\0", 2));
  REQUIRE_OK(file->Allocate(kSize));
  CHECK(Load(*mapping, 5'000, kSize - 5'000) == std::string(kSize - 5'000, '\0'));
}

STORAGE_CONTRACT("populating changes no contents") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize);
  Store(*mapping, 7'000, "kept");

  CHECK_OK(mapping->Populate(0, kSize));
  CHECK_OK(mapping->Populate(6'999, 3));
  CHECK_OK(mapping->Populate(kSize, 0));
  CHECK(Load(*mapping, 7'000, 4) == "kept");
}

STORAGE_CONTRACT("populating behind the end of the file fails instead of killing the process") {
  TestType disk;
  const std::string path = disk.Path("file");
  const auto file = OpenFile(disk.storage(), path);
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, 2 * kSize);
  CHECK(Refusal(mapping->Populate(kSize - 100, 200), path) == absl::StatusCode::kResourceExhausted);
}

STORAGE_CONTRACT("ranges outside a mapping are refused") {
  TestType disk;
  const std::string path = disk.Path("file");
  const auto file = OpenFile(disk.storage(), path);
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize);

  CHECK(Refusal(mapping->Populate(kSize - 1, 2), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(mapping->Flush(kSize + 1, 0), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(mapping->Flush(1, SIZE_MAX), path) == absl::StatusCode::kInvalidArgument);
}

STORAGE_CONTRACT("a mapping for reading cannot be populated for writing") {
  TestType disk;
  const std::string path = disk.Path("file");
  const auto file = OpenFile(disk.storage(), path);
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize, MapMode::kRead);
  CHECK(Refusal(mapping->Populate(0, kSize), path) == absl::StatusCode::kFailedPrecondition);
  CHECK_OK(mapping->Flush(0, kSize));
}

STORAGE_CONTRACT("impossible sizes of a mapping are refused") {
  TestType disk;
  const std::string path = disk.Path("file");
  const auto file = OpenFile(disk.storage(), path);
  CHECK(Refusal(file->Map(0, MapMode::kReadWrite), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Map(SIZE_MAX, MapMode::kRead), path) == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal(file->Map(size_t{1} << 62, MapMode::kRead), path) == absl::StatusCode::kResourceExhausted);
}

STORAGE_CONTRACT("advice and flushes change nothing that can be read") {
  TestType disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(kSize));
  const auto mapping = MapFile(*file, kSize);
  Store(*mapping, 0, "text");
  for (const Advice advice : {Advice::kRandom, Advice::kSequential, Advice::kNormal}) mapping->Advise(advice);
  CHECK_OK(mapping->Flush(0, 4));
  CHECK_OK(mapping->Flush(10'001, 30'001));
  CHECK_OK(mapping->Flush(kSize, 0));
  CHECK(Load(*mapping, 0, 4) == "text");
}

}  // namespace moldau::storage
