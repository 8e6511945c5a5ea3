// The outside world of the log: directories, files, mapped regions, and what makes them durable. Nothing else in Moldau
// opens a file, so a test can put a disk underneath that fills up, tears writes, loses unflushed pages or fails its
// n-th operation.
//
// Threads: a Storage and its files may be used from any thread; calls on one file are not ordered against each other.
// Ownership: files, mappings and locks must not outlive their storage.
// Failure: NotFound, AlreadyExists, PermissionDenied, ResourceExhausted (no space, descriptors or mappings),
// DataLoss or Internal for I/O errors; messages name the path. Paths are plain strings with '/' separators.
// Source: POSIX; what survives a crash follows the rules of ext4 and xfs (data by fdatasync, names by fsync of the
// directory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace moldau::storage {

enum class OpenMode : uint8_t {
  kRead,          // must exist; writes fail
  kReadWrite,     // must exist
  kCreate,        // must not exist
  kOpenOrCreate,  // creates it empty if it does not exist
};

enum class MapMode : uint8_t {
  kRead,       // for readers; the file may still be written through Write or another mapping, which readers then see
  kReadWrite,  // stores go to the file; the range stored to must have been allocated before
};

enum class Advice : uint8_t {
  kNormal,      // the kernel's own read-ahead
  kRandom,      // single pages: for partitions that are touched now and then
  kSequential,  // a scan from front to back
};

// A mapped part of a file, unmapped by the destructor. data() is page aligned. Bytes beyond the file's end must not be
// touched until the file has grown over them.
class Mapping {
 public:
  virtual ~Mapping() = default;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] size_t size() const noexcept { return size_; }

  // Makes later stores to the range free of page faults. The range must be allocated. Contents do not change.
  virtual absl::Status Populate(size_t offset, size_t length) = 0;

  // Makes the bytes of the range durable (not the file's size: that takes File::Flush).
  virtual absl::Status Flush(size_t offset, size_t length) = 0;

  // Hints how the range will be read; never fails.
  virtual void Advise(Advice advice) = 0;

 protected:
  Mapping(std::byte* data, size_t size) noexcept : data_(data), size_(size) {}

 private:
  std::byte* data_;
  size_t size_;
};

class File {
 public:
  virtual ~File() = default;

  // Reads into `out`; returns the bytes read, fewer than asked for only at the end of the file.
  virtual absl::StatusOr<size_t> Read(uint64_t offset, std::span<std::byte> out) const = 0;

  // Writes all of `data`, growing the file if need be. After an error the range holds any mixture of old and new.
  virtual absl::Status Write(uint64_t offset, std::span<const std::byte> data) = 0;

  // Makes the file at least `size` long with space reserved for all of it; new bytes read as zeros. A failed allocation
  // leaves size and space as they were.
  virtual absl::Status Allocate(uint64_t size) = 0;

  // Sets the size; gives space back when it shrinks.
  virtual absl::Status Truncate(uint64_t size) = 0;

  [[nodiscard]] virtual absl::StatusOr<uint64_t> Size() const = 0;

  // Makes data and size durable. After an error nothing that was unflushed may be taken for durable, ever: a later
  // success says nothing about it.
  virtual absl::Status Flush() = 0;

  // Asks the device to begin writing the range; not durable, returns early.
  virtual absl::Status StartWriteback(uint64_t offset, uint64_t length) = 0;

  // Maps [0, size) of the file; size may exceed the file's present size.
  virtual absl::StatusOr<std::unique_ptr<Mapping>> Map(size_t size, MapMode mode) = 0;
};

// Held while it lives; also released when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct DirectoryEntry {
  std::string name;  // without its directory
  bool is_directory = false;
  uint64_t size = 0;  // of a file

  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

class Storage {
 public:
  virtual ~Storage() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;

  // The entries of a directory, sorted by name.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) = 0;

  // Creates one directory; its parent must exist. AlreadyExists if something of that name does.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;

  // Renames a file or directory, replacing a file of the new name atomically.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;

  // Removes a file or an empty directory. The space of a file that is open or mapped is given back with its last user.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Makes creations, renames and removals in this directory durable (not the contents of its files).
  virtual absl::Status FlushDirectory(const std::string& path) = 0;

  // Creates the file if need be and locks it against every other process and every other holder in this one.
  // FailedPrecondition naming the holder's process id if it is held.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  // Differs after each start of the machine, empty if unknown. Pages written before a crash of the process alone are
  // still there; after a restart of the machine only what was flushed is.
  [[nodiscard]] virtual std::string BootId() const = 0;
};

// The operating system's files. Files are created 0640, directories 0750; descriptors are closed on exec and mappings
// are not inherited by forked children.
[[nodiscard]] Storage& PosixStorage();

}  // namespace moldau::storage
