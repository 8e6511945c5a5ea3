// How much has been read from a partition. A reader that stays counts for itself, without a locked instruction, since
// following a log costs little more than one; what it counted is added up when it goes, or when somebody asks.
//
// Threads: a Reader is used by one thread at a time; all members of ReadMeter may be called from any thread.
// Ownership: readers are taken out before the meter goes.   Failure: none.
#pragma once

#include <cstdint>

#include "base/counter.h"
#include "base/mutex.h"

namespace moldau::broker {

// Of whole batches that were found.
struct ReadTotals {
  uint64_t fetches = 0;
  uint64_t bytes = 0;
};

class ReadMeter {
 public:
  class Reader {
   public:
    void Count(uint64_t bytes) noexcept {
      fetches_.AddAlone(1);
      bytes_.AddAlone(bytes);
    }

   private:
    friend class ReadMeter;
    base::Counter fetches_;
    base::Counter bytes_;
    Reader* next_ = nullptr;
    Reader** link_ = nullptr;  // what points here
  };

  void AddReader(Reader& reader);
  void RemoveReader(Reader& reader);

  // One read by nobody in particular.
  void Count(uint64_t bytes) noexcept {
    fetches_.Add(1);
    bytes_.Add(bytes);
  }

  [[nodiscard]] ReadTotals totals() const;

 private:
  base::Counter fetches_;
  base::Counter bytes_;
  mutable base::Mutex mutex_;
  Reader* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace moldau::broker
