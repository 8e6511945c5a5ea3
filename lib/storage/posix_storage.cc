#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "moldau/storage/storage.h"
#include "storage/io_error.h"
#include "storage/posix_descriptor.h"
#include "storage/posix_file.h"
#include "storage/posix_lock.h"
#include "storage/posix_open.h"

namespace moldau::storage {
namespace {

constexpr mode_t kDirectoryPermissions = 0750;

int OpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kOpenOrCreate:
      break;
  }
  return O_RDWR | O_CREAT;
}

absl::StatusOr<Descriptor> OpenDirectory(const std::string& path, std::string_view action) {
  MOLDAU_RETURN_IF_ERROR(CheckPath(path));
  Descriptor directory(Uninterrupted([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!directory.ok()) return IoError(errno, path, action);
  return directory;
}

// None if the entry went away while the directory was read.
absl::StatusOr<std::optional<DirectoryEntry>> Describe(int directory, const std::string& path, const dirent& entry) {
  if (entry.d_type == DT_DIR) return DirectoryEntry{.name = entry.d_name, .is_directory = true};
  struct stat info;
  if (fstatat(directory, entry.d_name, &info, 0) != 0) {
    // A link that leads nowhere is described as itself.
    if (errno == ENOENT && fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
      return std::nullopt;
    }
    if (errno != ENOENT) return IoError(errno, path + "/" + entry.d_name, "read its size");
  }
  const bool is_directory = S_ISDIR(info.st_mode);
  return DirectoryEntry{entry.d_name, is_directory, S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0};
}

class Posix final : public Storage {
 public:
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    MOLDAU_ASSIGN_OR_RETURN(Descriptor descriptor, OpenRegular(path, OpenFlags(mode)));
    return std::make_unique<PosixFile>(std::move(descriptor), path, mode != OpenMode::kRead);
  }

  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) override {
    MOLDAU_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDirectory(path, "list"));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(descriptor.get()), &closedir);
    if (stream == nullptr) return IoError(errno, path, "list");
    const int directory = descriptor.Release();  // the stream closes it
    std::vector<DirectoryEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(stream.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      MOLDAU_ASSIGN_OR_RETURN(std::optional<DirectoryEntry> described, Describe(directory, path, *entry));
      if (described) entries.push_back(*std::move(described));
    }
    if (errno != 0) return IoError(errno, path, "list");
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  absl::Status CreateDirectory(const std::string& path) override {
    MOLDAU_RETURN_IF_ERROR(CheckPath(path));
    if (mkdir(path.c_str(), kDirectoryPermissions) == 0) return absl::OkStatus();
    return IoError(errno, path, "create directory");
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    MOLDAU_RETURN_IF_ERROR(CheckPath(from));
    MOLDAU_RETURN_IF_ERROR(CheckPath(to));
    if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return IoError(errno, from, "rename to " + to);
  }

  absl::Status Remove(const std::string& path) override {
    MOLDAU_RETURN_IF_ERROR(CheckPath(path));
    if (unlink(path.c_str()) == 0) return absl::OkStatus();
    if (errno == EISDIR && rmdir(path.c_str()) == 0) return absl::OkStatus();
    return IoError(errno, path, "remove");
  }

  absl::Status FlushDirectory(const std::string& path) override {
    MOLDAU_ASSIGN_OR_RETURN(const Descriptor directory, OpenDirectory(path, "flush directory"));
    if (Uninterrupted([&] { return fsync(directory.get()); }) == 0) return absl::OkStatus();
    return IoError(errno, path, "flush directory");
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override { return LockFile(path); }

  std::string BootId() const override {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
  }
};

}  // namespace

Storage& PosixStorage() {
  static Posix storage;
  return storage;
}

}  // namespace moldau::storage
