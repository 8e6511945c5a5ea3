// A real disk that is full. Each file system has its own way of failing half-way.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "storage/contract.h"
#include "support/child_process.h"
#include "support/small_disk.h"

namespace moldau::storage {
namespace {

constexpr uint64_t kPage = 4096;

uint64_t SpaceOf(const std::string& path) {
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  return static_cast<uint64_t>(info.st_blocks) * 512;
}

// What must hold on every full disk of about `capacity` bytes.
void FillAndFree(const test::SmallDisk& disk, uint64_t capacity) {
  Storage& storage = PosixStorage();
  const std::string path = disk / "log";
  const auto log = OpenFile(storage, path);
  REQUIRE_OK(log->Allocate(capacity / 2));
  const uint64_t space = SpaceOf(path);
  const auto mapping = MapFile(*log, capacity / 2);

  const absl::Status refused = log->Allocate(2 * capacity);
  CHECK(Refusal(refused, path) == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(refused.message()),
             Catch::Contains(std::to_string(2 * capacity)) && Catch::Contains("bytes free"));
  CHECK(log->Size().value() == capacity / 2);
  CHECK(SpaceOf(path) <= space + kPage);  // the file system may keep a block for its own notes about the file

  // Fill up the rest: what was allocated can still be stored to, without a signal.
  const auto rest = OpenFile(storage, disk / "rest");
  const std::string chunk(64 * 1024, 'r');
  absl::Status full;
  for (uint64_t at = 0; full.ok() && at < 2 * capacity; at += chunk.size())
    full = rest->Write(at, base::AsBytes(chunk));
  CHECK(Refusal(full, disk / "rest") == absl::StatusCode::kResourceExhausted);
  Store(*mapping, 0, std::string(capacity / 2, 'x'));
  CHECK_OK(mapping->Flush(0, capacity / 2));
  CHECK_OK(log->Flush());
  CHECK(ReadText(*log) == std::string(capacity / 2, 'x'));

  // A hole cannot be populated now, and asking does not kill.
  const auto hole = OpenFile(storage, disk / "hole");
  REQUIRE_OK(hole->Truncate(256 * kPage));
  const auto holes = MapFile(*hole, 256 * kPage);
  CHECK(Refusal(holes->Populate(0, 256 * kPage), disk / "hole") == absl::StatusCode::kResourceExhausted);

  REQUIRE_OK(rest->Truncate(0));
  CHECK_OK(log->Allocate(capacity / 2 + kPage));
  CHECK_OK(OpenFile(storage, disk / "another")->Allocate(kPage));
}

}  // namespace

TEST_CASE("a full tmpfs refuses and goes on when there is room", "[storage][posix][full][L1]") {
  const test::SmallDisk disk(test::SmallDisk::Kind::kTmpfs, 1024);
  if (disk.mounted()) {
    FillAndFree(disk, 1024 * 1024);
    return;
  }
  // The next best: a limit on the size of files refuses growth in the same places.
  WARN("no full tmpfs: " << disk.why_not() << "; tested with a limit on file sizes instead");
  PosixDisk unlimited;
  const auto end = test::RunInChild([&] {
    const rlimit limit{16 * kPage, 16 * kPage};
    std::signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const auto log = unlimited.storage().Open(unlimited.Path("log"), OpenMode::kCreate).value();
    if (!log->Allocate(8 * kPage).ok()) return 3;
    if (!absl::IsResourceExhausted(log->Allocate(32 * kPage))) return 4;
    if (log->Size().value() != 8 * kPage) return 5;
    return log->Allocate(16 * kPage).ok() ? 0 : 6;
  });
  CHECK(end.exit_status == 0);
}

TEST_CASE("a full ext4, which keeps half of a failed allocation, is undone", "[storage][posix][full][L1]") {
  constexpr int kKib = 24 * 1024;
  const test::SmallDisk disk(test::SmallDisk::Kind::kExt4, kKib);
  if (!disk.mounted()) {
    WARN("not tested here: " << disk.why_not());
    return;
  }
  FillAndFree(disk, 16 * 1024 * 1024);
}

TEST_CASE("a file system that cannot reserve space is filled with zeros instead", "[storage][posix][full][L1]") {
  const test::SmallDisk disk(test::SmallDisk::Kind::kRamfs, 0);
  if (!disk.mounted()) {
    WARN("not tested here: " << disk.why_not());
    return;
  }
  const auto file = OpenFile(PosixStorage(), disk / "file");
  WriteText(*file, 0, "kept");
  REQUIRE_OK(file->Allocate(100'000));
  CHECK(file->Size().value() == 100'000);
  CHECK(ReadText(*file) == "kept" + std::string(99'996, '\0'));
  const auto mapping = MapFile(*file, 100'000);
  CHECK_OK(mapping->Populate(0, 100'000));
  Store(*mapping, 99'999, "x");
  CHECK(ReadText(*file, 99'999, 1) == "x");
}

}  // namespace moldau::storage
