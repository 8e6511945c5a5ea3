// What only the operating system's files have: permissions, descriptors, limits, other processes.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <vector>

#include "storage/contract.h"
#include "support/child_process.h"
#include "support/small_disk.h"

namespace moldau::storage {
namespace {

mode_t PermissionsOf(const std::string& path) {
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

// Files and directories get the permissions that are asked for, whatever the shell of the developer says.
class OpenUmask {
 public:
  OpenUmask() : before_(umask(0)) {}
  ~OpenUmask() { umask(before_); }
  OpenUmask(const OpenUmask&) = delete;
  OpenUmask& operator=(const OpenUmask&) = delete;

 private:
  const mode_t before_;
};

std::vector<int> OpenDescriptors() {
  std::vector<int> descriptors;
  DIR* directory = opendir("/proc/self/fd");
  REQUIRE(directory != nullptr);
  while (const dirent* entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != dirfd(directory)) descriptors.push_back(fd);
  }
  closedir(directory);
  return descriptors;
}

// 0 if the result is of the class that was expected and its message holds the text.
template <typename Result>
int ExitStatusOf(const Result& result, absl::StatusCode expected, const std::string& text) {
  const absl::Status status = test::StatusOf(result);
  const bool right = status.code() == expected && std::string(status.message()).find(text) != std::string::npos;
  if (!right) fprintf(stderr, "%s\n", status.ToString().c_str());
  return right ? 0 : 1;
}

}  // namespace

TEST_CASE("files are created 0640 and directories 0750", "[storage][posix]") {
  PosixDisk disk;
  const OpenUmask permissive;
  REQUIRE_OK(disk.storage().CreateDirectory(disk.Path("directory")));
  CreateFile(disk.storage(), disk.Path("created"), "");
  OpenFile(disk.storage(), disk.Path("opened"), OpenMode::kOpenOrCreate);
  const auto lock = disk.storage().Lock(disk.Path(".lock"));
  CHECK(PermissionsOf(disk.Path("directory")) == 0750);
  for (const char* file : {"created", "opened", ".lock"}) CHECK(PermissionsOf(disk.Path(file)) == 0640);
}

TEST_CASE("no descriptor is handed to programs that the host starts", "[storage][posix]") {
  PosixDisk disk;
  const std::vector<int> before = OpenDescriptors();
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  const auto lock = disk.storage().Lock(disk.Path(".lock"));
  int opened = 0;
  for (const int fd : OpenDescriptors()) {
    if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
    ++opened;
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(opened == 2);
}

TEST_CASE("nothing stays open behind what was closed or refused", "[storage][posix]") {
  PosixDisk disk;
  Storage& storage = disk.storage();
  const std::vector<int> before = OpenDescriptors();
  {
    const auto file = OpenFile(storage, disk.Path("file"));
    REQUIRE_OK(file->Allocate(4096));
    const auto mapping = MapFile(*file, 4096);
    const auto lock = storage.Lock(disk.Path(".lock"));
    CHECK_FALSE(storage.Lock(disk.Path(".lock")).ok());
    CHECK_FALSE(storage.Open(disk.root(), OpenMode::kRead).ok());
    CHECK_OK(storage.List(disk.root()));
    CHECK_OK(storage.FlushDirectory(disk.root()));
    CHECK_FALSE(storage.BootId().empty());
  }
  CHECK(OpenDescriptors() == before);
}

TEST_CASE("a mapping is not inherited by forked children", "[storage][posix]") {
  PosixDisk disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  REQUIRE_OK(file->Allocate(4096));
  const auto mapping = MapFile(*file, 4096);
  unsigned char present = 0;
  REQUIRE(mincore(mapping->data(), 4096, &present) == 0);
  const int error =
      test::RunInChild([&] { return mincore(mapping->data(), 4096, &present) == 0 ? 0 : errno; }).exit_status;
  CHECK(error == ENOMEM);  // nothing is mapped there
}

TEST_CASE("a pipe where a file should be is refused instead of waited for", "[storage][posix]") {
  PosixDisk disk;
  const std::string path = disk.Path("pipe");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(Refusal(disk.storage().Open(path, OpenMode::kRead), path) == absl::StatusCode::kFailedPrecondition);
  CHECK(Refusal(disk.storage().Open(path, OpenMode::kReadWrite), path) == absl::StatusCode::kFailedPrecondition);
  CHECK(disk.storage().List(disk.root()).value() == std::vector<DirectoryEntry>{{"pipe", false, 0}});
}

TEST_CASE("links are followed, and one that leads nowhere is listed", "[storage][posix]") {
  PosixDisk disk;
  CreateFile(disk.storage(), disk.Path("file"), "text");
  REQUIRE(symlink("file", disk.Path("link").c_str()) == 0);
  REQUIRE(symlink("nowhere", disk.Path("lost").c_str()) == 0);
  CHECK(ReadText(disk.storage(), disk.Path("link")) == "text");
  CHECK(disk.storage().List(disk.root()).value() ==
        std::vector<DirectoryEntry>{{"file", false, 4}, {"link", false, 4}, {"lost", false, 0}});
}

TEST_CASE("who may not, is told so", "[storage][posix]") {
  PosixDisk disk;
  CreateFile(disk.storage(), disk.Path("file"), "");
  REQUIRE(chmod(disk.Path("file").c_str(), 0) == 0);
  REQUIRE(chmod(disk.root().c_str(), 0555) == 0);
  const auto end = test::RunInChild([&] {
    constexpr uid_t kNobody = 65534;
    if (getuid() == 0 && setuid(kNobody) != 0) return 2;
    Storage& storage = disk.storage();
    const auto denied = absl::StatusCode::kPermissionDenied;
    return ExitStatusOf(storage.Open(disk.Path("file"), OpenMode::kRead), denied, "permission denied") +
           ExitStatusOf(storage.Open(disk.Path("new"), OpenMode::kCreate), denied, disk.Path("new")) +
           ExitStatusOf(storage.CreateDirectory(disk.Path("new")), denied, "permission denied") +
           ExitStatusOf(storage.Remove(disk.Path("file")), denied, "permission denied") +
           ExitStatusOf(storage.Lock(disk.Path("file")), denied, "permission denied");
  });
  CHECK(end.exit_status == 0);
  REQUIRE(chmod(disk.root().c_str(), 0755) == 0);
}

TEST_CASE("running out of descriptors is an error that names the limit", "[storage][posix][L16]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    rlimit before{};
    if (getrlimit(RLIMIT_NOFILE, &before) != 0) return 2;
    const rlimit limit{64, before.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
    std::vector<std::unique_ptr<File>> files;
    for (int i = 0; i < 100; ++i) {
      auto file = disk.storage().Open(disk.Path(std::to_string(i)), OpenMode::kCreate);
      if (!file.ok()) {
        const int failed =
            ExitStatusOf(file, absl::StatusCode::kResourceExhausted, "RLIMIT_NOFILE is 64") +
            ExitStatusOf(disk.storage().List(disk.root()), absl::StatusCode::kResourceExhausted, "RLIMIT_NOFILE");
        // Sanitizers need descriptors of their own to check what follows.
        return setrlimit(RLIMIT_NOFILE, &before) != 0 ? 2 : failed;
      }
      files.push_back(*std::move(file));
    }
    return 3;
  });
  CHECK(end.exit_status == 0);
}

TEST_CASE("running out of address space is an error that names the limit", "[storage][posix][L16][L20]") {
  PosixDisk disk;
  const auto file = OpenFile(disk.storage(), disk.Path("file"));
  const auto mapping = file->Map(size_t{1} << 48, MapMode::kRead);
  CHECK(mapping.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(mapping.status().message()), Catch::Contains("vm.max_map_count is "));
}

TEST_CASE("a file that may not grow further is an error that names the limit", "[storage][posix]") {
  PosixDisk disk;
  const auto end = test::RunInChild([&] {
    const rlimit limit{8192, 8192};
    std::signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const auto file = disk.storage().Open(disk.Path("file"), OpenMode::kCreate).value();
    return ExitStatusOf(file->Allocate(10'000), absl::StatusCode::kResourceExhausted, "RLIMIT_FSIZE is 8192") +
           ExitStatusOf(file->Truncate(10'000), absl::StatusCode::kResourceExhausted, "RLIMIT_FSIZE is 8192") +
           ExitStatusOf(file->Write(10'000, base::AsBytes("x")), absl::StatusCode::kResourceExhausted, "RLIMIT_FSIZE");
  });
  CHECK(end.exit_status == 0);
}

}  // namespace moldau::storage
