// A disk in memory with a faithful fault model: for tests, for the in-memory broker, and for the simulator.
//
// What it models. Files have live contents (the page cache) and durable contents (the platter). Stores through a
// mapping and Write change live pages of 4 KiB; Flush copies them. Sizes become durable by File::Flush; creations,
// renames and removals by FlushDirectory of their directory, each one separately. A crash keeps the durable state plus
// any subset of what was not yet flushed that the rules above allow, page by page, name by name. A failed flush throws
// the dirty pages of that file away as Linux does: they still read as written, are no longer dirty, and are gone after
// a crash.
//
// Threads: as Storage; a crash image must be taken while no other thread is inside a call or storing through a mapping.
// Ownership: files, mappings and locks must not outlive it.   Failure: as Storage, plus what the fault hook returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "moldau/base/random.h"
#include "moldau/storage/storage.h"

namespace moldau::storage {

// The kinds of operation that a hook sees.
enum class OperationKind : uint8_t {
  kOpen,
  kRead,
  kWrite,
  kAllocate,
  kTruncate,
  kFlush,
  kMap,
  kPopulate,
  kFlushMapping,
  kStartWriteback,
  kList,
  kCreateDirectory,
  kRename,
  kRemove,
  kFlushDirectory,
  kLock,
};

struct Operation {
  OperationKind kind;
  const std::string& path;
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t number = 0;  // counts all operations of this storage from 1
};

struct MemoryStorageOptions {
  uint64_t capacity_bytes = UINT64_MAX;  // allocated and written pages beyond this fail with ResourceExhausted
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(MemoryStorageOptions options = {});
  ~MemoryStorage() override;

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status FlushDirectory(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  [[nodiscard]] std::string BootId() const override;

  // Called before each operation, outside the storage's own locks. A non-OK status makes that operation fail with it
  // and have no effect (but see the class comment for flushes). The hook may take a crash image, advance a manual
  // clock, or block.
  using Hook = std::function<absl::Status(const Operation&)>;
  void SetHook(Hook hook);

  [[nodiscard]] uint64_t operation_count() const;
  [[nodiscard]] uint64_t used_bytes() const;
  void SetCapacity(uint64_t bytes);

  // What a crash now could lose or keep, in a fixed order.
  struct Pending {
    struct Page {
      std::string path;
      uint64_t page;
    };  // live differs from durable
    std::vector<Page> pages;
    std::vector<std::string> metadata;  // unflushed names and sizes, described for people
  };
  [[nodiscard]] Pending pending() const;

  // Which of pending() reach the platter. Missing elements count as lost. A page index in `torn` reaches it only in its
  // first `torn_sectors` sectors of 512 bytes.
  struct CrashPlan {
    std::vector<bool> pages;
    std::vector<bool> metadata;
    int torn = -1;
    int torn_sectors = 0;
    bool new_boot = true;  // false: only the process died; then nothing is lost, whatever the plan says
  };
  // The disk as a process finds it after a crash at this moment. This storage itself is not changed.
  [[nodiscard]] std::unique_ptr<MemoryStorage> CrashImage(const CrashPlan& plan) const;
  // A random plan over pending().
  [[nodiscard]] CrashPlan RandomPlan(Random& random) const;

  // Writes random dirty pages to the platter, as the kernel does now and then.
  void WriteBackSome(Random& random);

  // Inverts one bit, live and durable, as a failing medium does.
  absl::Status FlipBit(const std::string& path, uint64_t bit);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moldau::storage
