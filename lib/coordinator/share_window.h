// What a queue knows of the records of one partition that are not done: who holds a lock until when, who waits for a
// time or for another record of its key, how often each was handed out. Nothing else is in here: no log, no file, no
// clock; time is an argument, and what must be written is collected for whoever writes it.
//
//     done      start                                                   end
//     - - - - - -|=== locked ===|- done -|== waiting ==|=== locked ===|- - - - - - - - - - -
//                 what came back is handed out first, by offset        | Offer: what is read next
//
//     ready --> locked --> acknowledged
//       ^         |  \--> rejected, or handed out too often --> archiving --> archived
//       |         v released, lapsed                            (while there are dead letters to write)
//       +---- waiting (for its time)
//
// A record is kept only while it is not done, so memory follows what is held or put off, not how far apart it lies.
//
// Threads: one at a time.   Ownership: values.   Failure: FailedPrecondition (kInvalidRecordState) for a verdict by
// somebody who does not hold the lock (any more); nothing changes then.
// Source: KIP-932.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "coordinator/share_state.h"
#include "moldau/base/clock.h"

namespace moldau::coordinator {

// Names one handing-out of one record; never used twice by a window.
using LockId = uint64_t;

struct ShareWindowOptions {
  int max_deliveries = 5;     // 0: no limit
  bool dead_letters = false;  // what is given up stays until Archive
  bool ordered = false;       // of one key, one at a time and in order
  size_t max_in_flight = 2000;
  size_t max_waiting = 100'000;

  // Before the second delivery, and by how much the wait grows with each further one.
  std::chrono::nanoseconds delay{0};
  double delay_growth = 1;
  std::chrono::nanoseconds max_delay = std::chrono::hours(1);

  friend bool operator==(const ShareWindowOptions&, const ShareWindowOptions&) = default;
};

class ShareWindow {
 public:
  // A record as it comes from the log.
  struct Candidate {
    int64_t offset = 0;
    uint64_t key = 0;        // a hash; 0: none
    MonoTime not_before{0};  // may not be handed out earlier
  };
  // A record that was handed out.
  struct Locked {
    int64_t offset = 0;
    LockId lock = 0;
    int16_t delivery_count = 0;  // with this one
  };
  // A record that was given up.
  struct DeadLetter {
    int64_t offset = 0;
    int16_t delivery_count = 0;
    bool rejected = false;
  };

  // Goes on where `restored` says; what was locked then is not.
  ShareWindow(const ShareWindowOptions& options, ShareState restored);
  // Becomes a window with other options that goes on where this one is. All locks and waits end.
  void Restart(const ShareWindowOptions& options);

  // --- handing out ---

  // Lets locks lapse and those come back whose time it is.
  void Advance(MonoTime now);
  // When Advance will have something to do; kForever if never. May be too early, never too late.
  [[nodiscard]] MonoTime NextDue() const noexcept;

  // Whether max_in_flight allows another lock.
  [[nodiscard]] bool MayLock() const noexcept { return in_flight_ < options_.max_in_flight; }
  // Whether another record may be read from the log.
  [[nodiscard]] bool MayOffer() const noexcept { return MayLock() && waiting_ < options_.max_waiting; }

  // The first of the records that have come back and can be handed out now.
  [[nodiscard]] std::optional<int64_t> NextReturned();
  // Locks the record that NextReturned named.
  Locked LockReturned(MonoTime deadline);

  // Shows the record at or behind end_offset, which rises: locked if it can be handed out now; otherwise it waits here,
  // or is known to be done. MayOffer must hold.
  std::optional<Locked> Offer(const Candidate& candidate, MonoTime now, MonoTime deadline);
  // Takes back a lock that nobody was told of: the record has not been handed out.
  void TakeBack(const Locked& locked, MonoTime now);
  // There is no record below `offset` any more that was not offered.
  void SkipTo(int64_t offset);
  // Passes over what was known to be done when the window was made and comes next, as far as `limit`.
  void SkipDone(int64_t limit);
  // What lies below `offset` is gone from the log, done or not; how many records that were not done.
  int64_t DropBelow(int64_t offset, MonoTime now);

  // --- verdicts, by the holder of a lock, before its deadline ---

  absl::Status Acknowledge(int64_t offset, LockId lock, MonoTime now);
  // `delay` in place of what the options say.
  absl::Status Release(int64_t offset, LockId lock, MonoTime now, std::optional<std::chrono::nanoseconds> delay);
  absl::Status Reject(int64_t offset, LockId lock, MonoTime now);
  absl::Status Extend(int64_t offset, LockId lock, MonoTime now, MonoTime deadline);

  // --- dead letters ---

  [[nodiscard]] bool has_dead_letters() const noexcept { return !dead_letters_.empty(); }
  // The next record whose dead letter is to be written; it is named once.
  std::optional<DeadLetter> NextDeadLetter();
  // Its dead letter is safe.
  void Archive(int64_t offset, MonoTime now);
  // It could not be written; NextDeadLetter names it again, unless the log has dropped the record meanwhile.
  void RetryDeadLetter(const DeadLetter& letter);

  // --- what is to be written ---

  [[nodiscard]] bool has_changes() const noexcept { return !changes_.empty(); }
  // What changed since the last call, in the order in which it is to be applied.
  [[nodiscard]] std::vector<StateBatch> TakeChanges();
  // All there is to know.
  [[nodiscard]] ShareState Snapshot() const;

  // --- state ---

  // All below is done.
  [[nodiscard]] int64_t start_offset() const noexcept { return size() == 0 ? end_ : entries_[head_].offset; }
  // Of the next record to offer.
  [[nodiscard]] int64_t end_offset() const noexcept { return end_; }
  [[nodiscard]] size_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] const ShareWindowOptions& options() const noexcept { return options_; }

 private:
  enum class State : uint8_t {
    kReady,      // in ready_
    kWaiting,    // for its time; in timers_
    kBlocked,    // behind another record of its key
    kLocked,     // in timers_
    kArchiving,  // in dead_letters_, or its dead letter is being written
    kDone,       // only until it is cleared away
  };
  struct Entry {
    int64_t offset = 0;
    LockId lock = 0;
    MonoTime until{0};  // of a lock: its deadline; else the earliest time to hand it out
    uint64_t key = 0;
    int64_t next_of_key = -1;
    int16_t delivery_count = 0;
    State state = State::kReady;
  };
  // Some neighbours may be due.
  struct Timer {
    MonoTime at;
    int64_t first;
    int64_t last;
  };

  [[nodiscard]] size_t size() const noexcept { return entries_.size() - head_; }
  [[nodiscard]] Entry* Find(int64_t offset) noexcept;
  [[nodiscard]] absl::Status CheckHeld(const Entry* entry, int64_t offset, LockId lock, MonoTime now) const;
  [[nodiscard]] const StateBatch* KnownBefore(int64_t offset) noexcept;
  [[nodiscard]] bool IsExhausted(const Entry& entry) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds DelayAfter(int16_t delivery_count) const noexcept;

  void Note(int64_t offset, DeliveryState state, int16_t delivery_count);
  Locked Lock(Entry& entry, MonoTime deadline);
  void ComeBack(Entry& entry, MonoTime when, MonoTime now);
  void Queue(Entry& entry, MonoTime now);
  void GiveUp(Entry& entry, bool rejected, MonoTime now);
  void Finish(Entry& entry, DeliveryState state, MonoTime now);
  void MarkDone(Entry& entry, DeliveryState state);
  void EnterLane(Entry& entry);
  void LeaveLane(const Entry& entry, MonoTime now);
  void StartTimer(const Entry& entry);
  void Tidy();

  ShareWindowOptions options_;
  int64_t end_;
  std::vector<StateBatch> restored_;  // what was known before, at and behind end_
  size_t next_restored_ = 0;

  std::vector<Entry> entries_;  // from head_ on, by offset; the first is not done
  size_t head_ = 0;
  size_t done_ = 0;  // of those from head_ on
  size_t in_flight_ = 0;
  size_t waiting_ = 0;  // neither locked nor done
  LockId last_lock_ = 0;

  std::vector<int64_t> ready_;  // a heap, the least offset first; may name what has gone
  std::vector<Timer> timers_;   // a heap, the earliest first; may name what has changed
  std::deque<DeadLetter> dead_letters_;
  std::unordered_map<uint64_t, int64_t> lanes_;  // by key: the last of its records
  std::vector<StateBatch> changes_;
};

}  // namespace moldau::coordinator
