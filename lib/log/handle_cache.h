// Keeps the number of open files and mappings of a broker below the process's limits: the segments that were used
// longest ago give theirs back first. 10,000 partitions share a few hundred descriptors.
//
// Threads: any.   Ownership: borrows the holders, which withdraw themselves before they die.
// Failure: ResourceExhausted naming the limit when nothing can be given back.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace moldau::log {

// Something with an open file that could be closed and opened again.
class HandleHolder {
 public:
  // Closes the file and mapping if nobody needs them now; true if it did. Must not call the cache.
  virtual bool TryReleaseHandles() = 0;

 protected:
  ~HandleHolder() = default;
};

class HandleCache {
 public:
  // At most `limit` holders with open handles at a time.
  explicit HandleCache(int limit) : limit_(limit) {}

  // Half of what the process may open now (RLIMIT_NOFILE) and map (vm.max_map_count), so that the host keeps its share.
  static int DefaultLimit();

  // `holder` is about to open its handles, or has used them: it becomes the last to give them back. At the limit others
  // give theirs back first.
  absl::Status Use(HandleHolder* holder);

  // `holder` has closed its handles or is dying.
  void Withdraw(HandleHolder* holder);

  [[nodiscard]] int open_count() const;
  [[nodiscard]] int limit() const noexcept { return limit_; }

 private:
  using Order = std::list<HandleHolder*>;  // least recently used first

  mutable base::Mutex mutex_;
  const int limit_;
  Order order_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<HandleHolder*, Order::iterator> places_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace moldau::log
