// The contents of one file on the disk in memory, in two layers: live (the page cache) and durable (the platter), with
// the order of what lies between them.
//
//   live      pages as last stored, size as last set        what Read and mappings see
//   pending   pages that differ, size changes in order      what a crash may keep in part
//   durable   pages as last flushed, size as last flushed   what every crash keeps
//
// The rules of a crash, which ext4 and xfs share: pages reach the platter in any order. Size changes of one file do so
// in theirs, so a crash keeps the first few of them. Cutting a file also destroys what lay behind the cut on the
// platter, and zeroes the rest of its last page there. A page written behind a cut cannot survive without the cut,
// since it is another block of the disk. Pages of a failed flush are lost: they are neither pending nor durable until
// they are changed again.
//
// Threads: safe; stores through a mapping may go on meanwhile.   Ownership: its space must outlive it.
// Failure: ResourceExhausted when the disk is full.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "moldau/base/random.h"
#include "storage/memory_page.h"
#include "storage/memory_region.h"
#include "storage/memory_space.h"

namespace moldau::storage {

// A change of size that is not durable yet.
struct SizeChange {
  uint64_t order = 0;  // among all changes of the disk
  uint64_t from = 0;
  uint64_t to = 0;
};

// What a crash keeps of a file's pending changes.
struct KeptContent {
  size_t size_changes = 0;  // the first so many of them
  // For a pending page: how many of its sectors reach the platter.
  std::map<uint64_t, size_t> sectors;
};

class MemoryContent {
 public:
  // Numbers the changes of a disk.
  using Order = std::atomic<uint64_t>;

  MemoryContent(MemorySpace& space, Order& order) : space_(space), order_(order) {}
  ~MemoryContent();
  MemoryContent(const MemoryContent&) = delete;
  MemoryContent& operator=(const MemoryContent&) = delete;

  // As the methods of File and Mapping; `path` is for messages.
  size_t Read(uint64_t offset, std::span<std::byte> out) const;
  absl::Status Write(const std::string& path, uint64_t offset, std::span<const std::byte> data);
  absl::Status Allocate(const std::string& path, uint64_t size);
  absl::Status Truncate(const std::string& path, uint64_t size);
  [[nodiscard]] uint64_t size() const;
  absl::Status Populate(const std::string& path, uint64_t offset, uint64_t length);
  void Flush();
  void FlushRange(uint64_t offset, uint64_t length);

  // The flush of a whole file or of a range fails: what it should have written is lost.
  void LoseDirtyPages(uint64_t offset, uint64_t length);

  // The address of the contents, valid and stable until the matching Unmap.
  absl::StatusOr<std::byte*> Map(const std::string& path, uint64_t size);
  void Unmap();

  // Gives the space back, since no name and no user is left.
  void ReleaseSpace();

  [[nodiscard]] std::vector<uint64_t> PendingPages() const;
  [[nodiscard]] std::vector<SizeChange> PendingSizes() const;

  // Writes each dirty page to the platter with a chance of one half.
  void WriteBackSome(Random& random);

  // OutOfRange behind the end.
  absl::Status FlipBit(const std::string& path, uint64_t bit);

  // What a machine finds after a power failure: durable and live are the same.
  [[nodiscard]] std::shared_ptr<MemoryContent> AfterPowerLoss(MemorySpace& space, Order& order,
                                                              const KeptContent& kept) const;

  // What the next process finds: everything, with the same things pending.
  [[nodiscard]] std::shared_ptr<MemoryContent> AfterProcessDeath(MemorySpace& space, Order& order) const;

 private:
  // Live contents, wherever they are.
  [[nodiscard]] PageRef LivePage(uint64_t page) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] bool LiveIs(uint64_t page, const PageRef& ref) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreLive(uint64_t offset, std::span<const std::byte> data) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForEachLivePage(absl::FunctionRef<void(uint64_t page)> visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SetLiveSize(const std::string& path, uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Space.
  [[nodiscard]] uint64_t UnallocatedPages(uint64_t first, uint64_t end) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MarkAllocated(uint64_t first, uint64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ReservePages(const std::string& path, uint64_t offset, uint64_t length)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The platter.
  [[nodiscard]] PageRef DurablePage(uint64_t page, size_t changes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] bool BehindACut(uint64_t page, size_t first_change) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddSizeChange(uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CommitSizeChanges(size_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] std::vector<uint64_t> DirtyPages(uint64_t first, uint64_t end) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeDurable(uint64_t page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  MemorySpace& space_;
  Order& order_;
  mutable base::Mutex mutex_;

  uint64_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  PageLayer live_ ABSL_GUARDED_BY(mutex_);  // empty while the region holds the contents
  std::unique_ptr<MemoryRegion> region_ ABSL_GUARDED_BY(mutex_);
  int mappings_ ABSL_GUARDED_BY(mutex_) = 0;

  std::vector<bool> allocated_ ABSL_GUARDED_BY(mutex_);  // by page
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;           // pages of the disk

  uint64_t durable_size_ ABSL_GUARDED_BY(mutex_) = 0;
  PageLayer durable_ ABSL_GUARDED_BY(mutex_);
  std::vector<SizeChange> changes_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, PageRef> lost_ ABSL_GUARDED_BY(mutex_);  // pages of failed flushes, as they were then
};

}  // namespace moldau::storage
