// The platter side of a file's contents: what flushes make durable, and what a crash keeps.
#include <algorithm>

#include "storage/memory_content.h"

namespace moldau::storage {
namespace {

constexpr size_t kMaxSizeChanges = 16;  // the oldest becomes durable by itself, as a journal commits now and then

bool IsCut(const SizeChange& change) { return change.to < change.from; }

}  // namespace

void MemoryContent::Flush() {
  const base::MutexLock lock(mutex_);
  const std::vector<uint64_t> dirty = DirtyPages(0, PagesFor(size_));
  CommitSizeChanges(changes_.size());
  for (const uint64_t page : dirty) MakeDurable(page);
}

void MemoryContent::FlushRange(uint64_t offset, uint64_t length) {
  const base::MutexLock lock(mutex_);
  const std::vector<uint64_t> dirty = DirtyPages(offset / kPageSize, PagesFor(offset + length));
  // The new blocks of pages behind a cut are found only once the cut itself is on the platter.
  const auto last_cut = std::find_if(changes_.rbegin(), changes_.rend(), IsCut);
  CommitSizeChanges(static_cast<size_t>(changes_.rend() - last_cut));
  for (const uint64_t page : dirty) MakeDurable(page);
}

void MemoryContent::LoseDirtyPages(uint64_t offset, uint64_t length) {
  const base::MutexLock lock(mutex_);
  for (const uint64_t page : DirtyPages(offset / kPageSize, PagesFor(offset + length))) lost_[page] = LivePage(page);
}

std::vector<uint64_t> MemoryContent::PendingPages() const {
  const base::MutexLock lock(mutex_);
  return DirtyPages(0, PagesFor(size_));
}

std::vector<SizeChange> MemoryContent::PendingSizes() const {
  const base::MutexLock lock(mutex_);
  return changes_;
}

void MemoryContent::WriteBackSome(Random& random) {
  const base::MutexLock lock(mutex_);
  for (const uint64_t page : DirtyPages(0, PagesFor(size_))) {
    if (random.OneIn(2) && !BehindACut(page, 0)) MakeDurable(page);
  }
}

std::shared_ptr<MemoryContent> MemoryContent::AfterPowerLoss(MemorySpace& space, Order& order,
                                                             const KeptContent& kept) const {
  auto after = std::make_shared<MemoryContent>(space, order);
  const base::MutexLock lock(mutex_);
  const base::MutexLock after_lock(after->mutex_);
  after->size_ = kept.size_changes == 0 ? durable_size_ : changes_[kept.size_changes - 1].to;
  const uint64_t pages = PagesFor(after->size_);
  for (uint64_t page = 0; page < std::min(durable_.end(), pages); ++page) {
    after->live_.Set(page, DurablePage(page, kept.size_changes));
  }
  for (const auto& [page, sectors] : kept.sectors) {
    if (page >= pages || BehindACut(page, kept.size_changes)) continue;
    const bool whole = sectors * kSectorSize >= kPageSize;
    after->live_.Set(page, whole ? LivePage(page) : Torn(after->live_.Get(page), LivePage(page), sectors));
  }
  if (const size_t tail = after->size_ % kPageSize; tail != 0) {
    after->live_.Set(pages - 1, WithZeroTail(after->live_.Get(pages - 1), tail));
  }
  after->durable_ = after->live_;
  after->durable_size_ = after->size_;
  for (uint64_t page = 0; page < pages; ++page) {
    const bool reserved = page < allocated_.size() && allocated_[page];
    if (reserved || after->live_.Get(page) != nullptr) after->MarkAllocated(page, page + 1);
  }
  space.Take(after->taken_);
  return after;
}

std::shared_ptr<MemoryContent> MemoryContent::AfterProcessDeath(MemorySpace& space, Order& order) const {
  auto after = std::make_shared<MemoryContent>(space, order);
  const base::MutexLock lock(mutex_);
  const base::MutexLock after_lock(after->mutex_);
  after->size_ = size_;
  ForEachLivePage([&](uint64_t page) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const PageRef durable = durable_.Get(page);
    after->live_.Set(page, LiveIs(page, durable) ? durable : LivePage(page));
  });
  after->allocated_ = allocated_;
  after->taken_ = taken_;
  space.Take(taken_);
  after->durable_size_ = durable_size_;
  after->durable_ = durable_;
  after->changes_ = changes_;
  after->lost_ = lost_;
  return after;
}

// A page of the platter once the first `changes` size changes have reached it.
PageRef MemoryContent::DurablePage(uint64_t page, size_t changes) const {
  PageRef ref = durable_.Get(page);
  for (size_t i = 0; i < changes && ref != nullptr; ++i) {
    const SizeChange& change = changes_[i];
    if (!IsCut(change) || PagesFor(change.to) > page + 1) continue;
    ref = change.to <= page * kPageSize ? nullptr : WithZeroTail(ref, change.to - page * kPageSize);
  }
  return ref;
}

// True if one of the changes from `first_change` on cut the whole page off: what it holds now was written after that.
bool MemoryContent::BehindACut(uint64_t page, size_t first_change) const {
  return std::any_of(changes_.begin() + static_cast<ptrdiff_t>(first_change), changes_.end(),
                     [&](const SizeChange& change) { return IsCut(change) && change.to <= page * kPageSize; });
}

// Files that grow by small writes would have a change for each: of a run of growths the first and the latest are kept,
// so that a crash may find the old size, one between, or the new one.
void MemoryContent::AddSizeChange(uint64_t size) {
  const SizeChange change{order_.fetch_add(1) + 1, size_, size};
  const size_t count = changes_.size();
  const bool merges = IsCut(change) ? count >= 1 && IsCut(changes_[count - 1])
                                    : count >= 2 && !IsCut(changes_[count - 1]) && !IsCut(changes_[count - 2]);
  if (merges) {
    changes_.back() = {change.order, changes_.back().from, size};
    return;
  }
  changes_.push_back(change);
  if (changes_.size() > kMaxSizeChanges) CommitSizeChanges(1);
}

void MemoryContent::CommitSizeChanges(size_t count) {
  if (count == 0) return;
  const auto end = changes_.begin() + static_cast<ptrdiff_t>(count);
  if (std::any_of(changes_.begin(), end, IsCut)) {
    for (uint64_t page = 0; page < durable_.end(); ++page) durable_.Set(page, DurablePage(page, count));
  }
  durable_size_ = changes_[count - 1].to;
  changes_.erase(changes_.begin(), end);
}

// The pages of [first, end) that are to be written: live differs from what the platter holds, or, after a failed flush,
// from what they were then.
std::vector<uint64_t> MemoryContent::DirtyPages(uint64_t first, uint64_t end) const {
  std::vector<uint64_t> dirty;
  end = std::min(end, PagesFor(size_));
  ForEachLivePage([&](uint64_t page) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (page < first || page >= end) return;
    const auto lost = lost_.find(page);
    if (!LiveIs(page, lost != lost_.end() ? lost->second : DurablePage(page, changes_.size()))) dirty.push_back(page);
  });
  return dirty;
}

void MemoryContent::MakeDurable(uint64_t page) {
  PageRef live = LivePage(page);
  // The kernel zeroes what a program stored behind the end of the file.
  const uint64_t start = page * kPageSize;
  if (size_ - start < kPageSize) live = WithZeroTail(live, size_ - start);
  durable_.Set(page, std::move(live));
  lost_.erase(page);
}

}  // namespace moldau::storage
