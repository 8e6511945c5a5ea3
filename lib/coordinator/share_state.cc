#include "coordinator/share_state.h"

#include <algorithm>

namespace moldau::coordinator {
namespace {

// Puts `change` in the place of whatever `batches` says about its offsets.
void Overwrite(std::vector<StateBatch>& batches, const StateBatch& change) {
  auto begin = std::partition_point(batches.begin(), batches.end(),
                                    [&](const StateBatch& batch) { return batch.last < change.first; });
  auto end =
      std::partition_point(begin, batches.end(), [&](const StateBatch& batch) { return batch.first <= change.last; });
  std::vector<StateBatch> instead;
  if (begin != end && begin->first < change.first) {
    instead.push_back(*begin);
    instead.back().last = change.first - 1;
  }
  instead.push_back(change);
  if (begin != end && std::prev(end)->last > change.last) {
    instead.push_back(*std::prev(end));
    instead.back().first = change.last + 1;
  }
  begin = batches.erase(begin, end);
  batches.insert(begin, instead.begin(), instead.end());
}

}  // namespace

void AppendBatch(std::vector<StateBatch>& batches, const StateBatch& next) {
  if (!batches.empty()) {
    StateBatch& last = batches.back();
    if (last.last + 1 == next.first && last.state == next.state && last.delivery_count == next.delivery_count) {
      last.last = next.last;
      return;
    }
  }
  batches.push_back(next);
}

void ShareState::Apply(int64_t start, const std::vector<StateBatch>& changes) {
  for (const StateBatch& change : changes) Overwrite(batches, change);
  start_offset = std::max(start_offset, start);
  std::erase_if(batches, [&](const StateBatch& batch) { return batch.last < start_offset; });
  if (!batches.empty()) batches.front().first = std::max(batches.front().first, start_offset);
}

bool ShareState::Truncate(int64_t end) {
  const bool beyond = start_offset > end || (!batches.empty() && batches.back().last >= end);
  if (!beyond) return false;
  start_offset = std::min(start_offset, end);
  std::erase_if(batches, [&](const StateBatch& batch) { return batch.first >= end; });
  if (!batches.empty()) batches.back().last = std::min(batches.back().last, end - 1);
  return true;
}

}  // namespace moldau::coordinator
