#include "log/handle_cache.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "base/status_builder.h"

namespace moldau::log {

int HandleCache::DefaultLimit() {
  int64_t limit = 1 << 20;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    limit = std::min<int64_t>(limit, static_cast<int64_t>(files.rlim_cur) / 2);
  }
  int64_t maps = 65530;
  std::ifstream("/proc/sys/vm/max_map_count") >> maps;
  limit = std::min<int64_t>(limit, maps / 4);  // a hot segment has a mapping, and prepared successors have theirs
  return static_cast<int>(std::max<int64_t>(limit, 4));
}

absl::Status HandleCache::Use(HandleHolder* holder) {
  base::MutexLock lock(mutex_);
  if (const auto it = places_.find(holder); it != places_.end()) {
    order_.splice(order_.end(), order_, it->second);
    return absl::OkStatus();
  }
  auto candidate = order_.begin();
  while (static_cast<int>(places_.size()) >= limit_ && candidate != order_.end()) {
    if ((*candidate)->TryReleaseHandles()) {
      places_.erase(*candidate);
      candidate = order_.erase(candidate);
    } else {
      ++candidate;
    }
  }
  if (static_cast<int>(places_.size()) >= limit_) {
    return base::Error(absl::StatusCode::kResourceExhausted, ErrorCode::kStorageError,
                       "segment files: all %d that may be open at a time are in use; raise RLIMIT_NOFILE or "
                       "vm.max_map_count, or read and write fewer partitions at a time",
                       limit_);
  }
  places_.emplace(holder, order_.insert(order_.end(), holder));
  return absl::OkStatus();
}

void HandleCache::Withdraw(HandleHolder* holder) {
  base::MutexLock lock(mutex_);
  const auto it = places_.find(holder);
  if (it == places_.end()) return;
  order_.erase(it->second);
  places_.erase(it);
}

int HandleCache::open_count() const {
  base::MutexLock lock(mutex_);
  return static_cast<int>(places_.size());
}

}  // namespace moldau::log
