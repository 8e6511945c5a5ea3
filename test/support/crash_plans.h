// What a power cut may leave of the disk in memory: every subset of its pending changes while they are few, a sample
// of them otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "moldau/base/random.h"
#include "moldau/storage/memory_storage.h"
#include "support/scale.h"

namespace moldau::test {

// Up to how many pending changes all subsets are tried; short runs are content with less.
inline size_t ExhaustiveChanges() { return Scale() < 1 ? 4 : 8; }

// The subset of the pending changes whose bits are set, pages first.
inline storage::MemoryStorage::CrashPlan PlanOf(uint64_t set, const storage::MemoryStorage::Pending& pending) {
  storage::MemoryStorage::CrashPlan plan;
  for (size_t i = 0; i < pending.pages.size(); ++i) plan.pages.push_back((set >> i & 1) != 0);
  for (size_t i = 0; i < pending.metadata.size(); ++i) {
    plan.metadata.push_back((set >> (i + pending.pages.size()) & 1) != 0);
  }
  return plan;
}

// Calls `visit` with each plan: 2^n for n <= 8 pending changes, `samples` random ones for more.
template <typename Visit>
void ForEachCrashPlan(const storage::MemoryStorage& disk, Random& random, int samples, const Visit& visit) {
  const storage::MemoryStorage::Pending pending = disk.pending();
  const size_t changes = pending.pages.size() + pending.metadata.size();
  if (changes > ExhaustiveChanges()) {
    for (int i = 0; i < samples; ++i) visit(disk.RandomPlan(random));
    return;
  }
  for (uint64_t set = 0; set < uint64_t{1} << changes; ++set) visit(PlanOf(set, pending));
}

}  // namespace moldau::test
