// A queue's window against a plain model that forgets nothing and looks at everything: in every order of a few events,
// and over long random histories, with crashes.
//
// Violation: they differ; a delivery count does not rise; two locks of a record overlap; in the end a record is in no
// place, or in two.
#pragma once

#include <algorithm>
#include <set>

#include "coordinator/window_world.h"
#include "moldau/base/random.h"
#include "support/violation.h"

namespace moldau::coordinator {

inline constexpr auto kLock = 30s;

// What should happen, record by record.
class WindowModel {
 public:
  struct Held {
    int64_t offset;
    int count;
    MonoTime deadline;
    uint64_t holder;  // names the handing-out
  };

  WindowModel(const std::vector<TestRecord>& log, const ShareWindowOptions& options)
      : options_(options), records_(log.size()) {
    for (size_t i = 0; i < log.size(); ++i) records_[i].what = log[i];
  }

  std::vector<Held> Receive(size_t max, MonoTime now) {
    std::vector<Held> out = LockSome(max, now);
    if (!out.empty()) Write();
    return out;
  }
  void ReceiveInVain(size_t max, MonoTime now) {
    for (const Held& held : LockSome(max, now)) {
      at(held.offset).state = kWaiting;
      at(held.offset).until = now;
      --at(held.offset).count;
    }
  }

  [[nodiscard]] bool Holds(int64_t offset, uint64_t holder, MonoTime now) const {
    const Record& record = records_[static_cast<size_t>(offset)];
    return record.state == kLocked && record.holder == holder && now < record.until;
  }
  [[nodiscard]] bool IsLocked(int64_t offset) const {
    return offset >= 0 && offset < end_ && records_[static_cast<size_t>(offset)].state == kLocked;
  }
  void Ack(int64_t offset, MonoTime now) {
    at(offset).state = kDone;
    Pass(now, /*lapse=*/false);
  }
  void Release(int64_t offset, MonoTime now, std::chrono::nanoseconds delay) { ComeBack(offset, now + delay, now); }
  [[nodiscard]] std::chrono::nanoseconds DelayOf(int64_t offset) const {
    return Delay(records_[static_cast<size_t>(offset)].count);
  }
  void Reject(int64_t offset, MonoTime now) {
    GiveUp(offset);
    Pass(now, /*lapse=*/false);
  }
  void Extend(int64_t offset, MonoTime deadline) { at(offset).until = deadline; }

  std::set<int64_t> SendDeadLetters(MonoTime now) {
    std::set<int64_t> sent;
    const auto is_due = [](const Record& record) { return record.state == kArchiving; };
    while (std::any_of(records_.begin(), records_.begin() + end_, is_due)) {
      Write();
      for (int64_t i = 0; i < end_; ++i) {
        if (at(i).state != kArchiving) continue;
        sent.insert(i);
        at(i).state = kDone;
      }
      Pass(now, /*lapse=*/false);
    }
    return sent;
  }

  void Write() {
    for (Record& record : records_) record.written = {record.state == kDone, record.state == kArchiving, record.count};
  }
  void Crash() {
    end_ = 0;
    while (end_ < static_cast<int64_t>(records_.size()) && at(end_).written.done) ++end_;
    for (Record& record : records_) {
      record.state = record.written.done ? kDone : record.written.archiving ? kArchiving : kUnseen;
      record.count = record.written.count;
    }
  }

  // What is handed out, or becomes a dead letter, once every lock and every wait is over.
  [[nodiscard]] std::set<int64_t> Undone() const {
    std::set<int64_t> undone;
    for (int64_t i = 0; i < static_cast<int64_t>(records_.size()); ++i) {
      const bool is_dropped = !options_.dead_letters && IsExhausted(i);
      if (records_[static_cast<size_t>(i)].state != kDone && !is_dropped) undone.insert(i);
    }
    return undone;
  }
  [[nodiscard]] size_t InFlight() const {
    return static_cast<size_t>(
        std::count_if(records_.begin(), records_.end(), [](const Record& r) { return r.state == kLocked; }));
  }
  [[nodiscard]] int64_t start() const {
    int64_t start = 0;
    while (start < end_ && records_[static_cast<size_t>(start)].state == kDone) ++start;
    return start;
  }

 private:
  enum State { kUnseen, kWaiting, kLocked, kArchiving, kDone };
  struct Record {
    TestRecord what;
    State state = kUnseen;
    int count = 0;
    MonoTime until{0};
    uint64_t holder = 0;
    struct {
      bool done = false;
      bool archiving = false;
      int count = 0;
    } written;
  };

  std::vector<Held> LockSome(size_t max, MonoTime now) {
    Pass(now);
    std::vector<Held> out;
    for (int64_t i = 0; i < end_ && out.size() < max && InFlight() < options_.max_in_flight; ++i) {
      if (IsDeliverable(i, now)) out.push_back(Lock(i, now));
    }
    const auto size = static_cast<int64_t>(records_.size());
    while (out.size() < max && InFlight() < options_.max_in_flight && Waiting() < options_.max_waiting && end_ < size) {
      const int64_t i = end_++;
      if (at(i).state == kDone) continue;
      if (at(i).state == kUnseen) at(i).state = kWaiting;
      at(i).until = at(i).what.not_before;
      Pass(now);
      if (IsDeliverable(i, now)) out.push_back(Lock(i, now));
    }
    return out;
  }

  Record& at(int64_t i) { return records_[static_cast<size_t>(i)]; }
  [[nodiscard]] size_t Waiting() const {
    size_t waiting = 0;
    for (int64_t i = 0; i < end_; ++i) {
      const State state = records_[static_cast<size_t>(i)].state;
      waiting += state == kWaiting || state == kArchiving ? 1 : 0;
    }
    return waiting;
  }
  // Whether one before it that has the same key is not done.
  bool IsBlocked(int64_t i) {
    if (!options_.ordered || at(i).what.key == 0) return false;
    for (int64_t j = 0; j < i; ++j) {
      if (at(j).what.key == at(i).what.key && at(j).state != kDone) return true;
    }
    return false;
  }
  bool IsExhausted(int64_t i) const {
    return options_.max_deliveries > 0 && records_[static_cast<size_t>(i)].count >= options_.max_deliveries;
  }
  bool IsDeliverable(int64_t i, MonoTime now) {
    return at(i).state == kWaiting && at(i).until <= now && !IsBlocked(i) && !IsExhausted(i);
  }
  Held Lock(int64_t i, MonoTime now) {
    Record& record = at(i);
    record.state = kLocked;
    record.until = now + kLock;
    record.holder = ++last_holder_;
    return {i, ++record.count, record.until, record.holder};
  }
  std::chrono::nanoseconds Delay(int count) const {
    auto delay = options_.delay;
    for (int i = 1; i < count; ++i) {
      delay =
          std::chrono::nanoseconds(static_cast<int64_t>(static_cast<double>(delay.count()) * options_.delay_growth));
      delay = std::min(delay, options_.max_delay);
    }
    return delay;
  }
  void ComeBack(int64_t i, MonoTime when, MonoTime now) {
    at(i).state = kWaiting;
    at(i).until = when;
    Pass(now, /*lapse=*/false);
  }
  void GiveUp(int64_t i) { at(i).state = options_.dead_letters ? kArchiving : kDone; }

  // Locks lapse, and what has been handed out too often is given up once nothing of its key is before it.
  void Pass(MonoTime now, bool lapse = true) {
    for (int64_t i = 0; lapse && i < end_; ++i) {
      if (at(i).state == kLocked && at(i).until <= now) {
        at(i).state = kWaiting;
        at(i).until += Delay(at(i).count);
      }
    }
    for (int64_t i = 0; i < end_; ++i) {
      if (at(i).state == kWaiting && IsExhausted(i) && !IsBlocked(i)) GiveUp(i);
    }
  }

  const ShareWindowOptions options_;
  std::vector<Record> records_;
  int64_t end_ = 0;
  uint64_t last_holder_ = 0;
};

enum class WindowEvent {
  kReceiveOne,
  kReceiveTwo,
  kReceiveInVain,
  kAckNewest,
  kAckOldest,
  kReleaseNewest,
  kRejectNewest,
  kExtendNewest,
  kAlmostLapse,
  kMillisecond,
  kWrite,
  kSendDeadLetters,
  kCrash,
};
inline constexpr int kWindowEvents = 13;

// Window and model side by side. What is true of any queue, whatever the model says, is checked here too: counts rise
// with each handing-out, crash or not, and no two locks of a record overlap.
class WindowPair {
 public:
  WindowPair(const std::vector<TestRecord>& log, const ShareWindowOptions& options)
      : world_(log, options), model_(log, options), last_(log.size()) {
    world_.now = 1h;
  }

  void Do(WindowEvent event) {
    switch (event) {
      case WindowEvent::kReceiveOne:
        return Receive(1);
      case WindowEvent::kReceiveTwo:
        return Receive(2);
      case WindowEvent::kReceiveInVain:
        world_.ReceiveInVain();
        model_.ReceiveInVain(1, world_.now);
        return;
      case WindowEvent::kAckNewest:
        return Settle(leases_.size() - 1, event);
      case WindowEvent::kAckOldest:
        return Settle(0, event);
      case WindowEvent::kReleaseNewest:
      case WindowEvent::kRejectNewest:
      case WindowEvent::kExtendNewest:
        return Settle(leases_.size() - 1, event);
      case WindowEvent::kAlmostLapse:
        world_.now += kLock - 1ms;
        return;
      case WindowEvent::kMillisecond:
        world_.now += 1ms;
        return;
      case WindowEvent::kWrite:
        world_.Write();
        model_.Write();
        return;
      case WindowEvent::kSendDeadLetters: {
        const std::vector<int64_t> sent = world_.SendDeadLetters();
        Expect(std::set<int64_t>(sent.begin(), sent.end()) == model_.SendDeadLetters(world_.now),
               "the same dead letters");
        for (const int64_t offset : sent) Expect(letters_.insert(offset).second, "one dead letter of each");
        dead_.insert(sent.begin(), sent.end());
        return;
      }
      case WindowEvent::kCrash:
        world_.Crash();
        model_.Crash();
        leases_.clear();   // they died with their process
        letters_.clear();  // that they were sent may be lost
        for (Last& last : last_) last.locked_until = MonoTime(0);
        return;
    }
  }

  void Receive(size_t max) {
    const std::vector<ShareWindow::Locked> got = world_.Receive(max, kLock);
    const std::vector<WindowModel::Held> expected = model_.Receive(max, world_.now);
    Expect(got.size() == expected.size(), "as many records received");
    for (size_t i = 0; i < got.size(); ++i) {
      Expect(got[i].offset == expected[i].offset, "the same offset received");
      Expect(got[i].delivery_count == expected[i].count, "the same delivery count");
      Last& last = last_[static_cast<size_t>(got[i].offset)];
      Expect(got[i].delivery_count > last.count, "a delivery count that rises");
      Expect(last.locked_until <= world_.now, "a lock that overlaps none");
      Expect(!dead_.contains(got[i].offset), "a record without a dead letter");
      last = {got[i].delivery_count, expected[i].deadline};
      leases_.push_back({got[i], expected[i].holder});
    }
    Expect(world_.window().in_flight() == model_.InFlight(), "the same number in flight");
    Expect(world_.window().start_offset() == model_.start(), "the same start offset");
  }

  // The lease stays in the list: a second verdict is to be refused.
  void Settle(size_t which, WindowEvent event, std::optional<std::chrono::nanoseconds> delay = std::nullopt) {
    if (leases_.empty()) return;
    const Lease lease = leases_[which];
    const int64_t offset = lease.locked.offset;
    const bool holds = model_.Holds(offset, lease.holder, world_.now);
    const MonoTime now = world_.now;
    absl::Status status;
    if (event == WindowEvent::kReleaseNewest) {
      status = world_.Release(lease.locked, delay);
      if (holds) model_.Release(offset, now, delay.value_or(model_.DelayOf(offset)));
    } else if (event == WindowEvent::kRejectNewest) {
      status = world_.Reject(lease.locked);
      if (holds) model_.Reject(offset, now);
    } else if (event == WindowEvent::kExtendNewest) {
      status = world_.Extend(lease.locked, kLock);
      if (holds) model_.Extend(offset, now + kLock);
    } else {
      status = world_.Ack(lease.locked);
      if (holds) model_.Ack(offset, now);
    }
    Expect(status.ok() == holds, "agreed whether a verdict counts");
    if (holds)
      last_[static_cast<size_t>(offset)].locked_until = event == WindowEvent::kExtendNewest ? now + kLock : now;
  }

  // A verdict by somebody who holds nothing.
  void SettleUnknown(int64_t offset, LockId lock) {
    if (model_.IsLocked(offset)) lock += LockId{1} << 40;  // somebody else holds it
    const ShareState before = world_.window().Snapshot();
    Expect(!world_.Ack({.offset = offset, .lock = lock}).ok() && !world_.Release({.offset = offset, .lock = lock}).ok(),
           "refused what nobody holds");
    Expect(world_.window().Snapshot() == before, "unchanged by it");
  }

  // After all locks and waits are over, each record is done, becomes a dead letter or is handed out: none is lost, none
  // stuck, none in two places.
  void Drain() {
    std::set<int64_t> found;
    for (int i = 0; i < 10'000; ++i) {
      world_.now += 2h;
      std::vector<int64_t> some = world_.SendDeadLetters();
      for (const auto& locked : world_.Receive(100)) {
        some.push_back(locked.offset);
        Expect(!dead_.contains(locked.offset), "a last record without a dead letter");
        Expect(world_.Ack(locked).ok(), "the last acknowledgement taken");
      }
      for (const int64_t offset : some) Expect(found.insert(offset).second, "each record in one place");
      if (some.empty() && world_.window().start_offset() == static_cast<int64_t>(world_.log.size())) break;
    }
    Expect(found == model_.Undone(), "the same records left");
    Expect(world_.window().in_flight() == 0 && world_.window().waiting() == 0, "nothing stuck");
    Expect(world_.window().Snapshot() == ShareState{.start_offset = world_.window().start_offset()},
           "nothing remembered");
  }

  // Forgets old leases.
  void KeepLeases(size_t count) {
    if (leases_.size() > count) leases_.erase(leases_.begin(), leases_.end() - static_cast<std::ptrdiff_t>(count));
  }
  [[nodiscard]] size_t lease_count() const { return leases_.size(); }
  [[nodiscard]] WindowWorld& world() { return world_; }

 private:
  struct Lease {
    ShareWindow::Locked locked;
    uint64_t holder;
  };
  struct Last {
    int count = 0;
    MonoTime locked_until{0};
  };

  static void Expect(bool holds, const char* what) { test::Demand(holds, "window and model: not %s", what); }

  WindowWorld world_;
  WindowModel model_;
  std::vector<Last> last_;
  std::set<int64_t> dead_;     // their dead letters are safe
  std::set<int64_t> letters_;  // of this life
  std::vector<Lease> leases_;
};

// Continues every history by every event; returns how many there were.
inline int64_t ExploreFrom(const WindowPair& before, int depth) {
  int64_t count = 0;
  for (int event = 0; event < kWindowEvents; ++event) {
    WindowPair pair = before;
    pair.Do(static_cast<WindowEvent>(event));
    ++count;
    if (depth > 1) {
      count += ExploreFrom(pair, depth - 1);
    } else {
      pair.Drain();
    }
  }
  return count;
}

// Every order of `events` events on two records of one key; returns how many histories there were.
inline int64_t ExploreOrders(const ShareWindowOptions& options, int events) {
  int64_t histories = 0;
  // Nothing that happens before the first Receive makes a difference.
  for (const WindowEvent first : {WindowEvent::kReceiveOne, WindowEvent::kReceiveTwo}) {
    WindowPair pair(std::vector<TestRecord>(2, TestRecord{.key = 1}), options);
    pair.Do(first);
    histories += ExploreFrom(pair, events - 1);
  }
  return histories;
}

// A log, options and `operations` operations by chance.
inline void RunRandomWindow(uint64_t seed, int operations) {
  Random random(seed);
  const ShareWindowOptions options{.max_deliveries = static_cast<int>(random.Below(4)),
                                   .dead_letters = random.OneIn(2),
                                   .ordered = random.OneIn(2),
                                   .max_in_flight = 1 + random.Below(20),
                                   .max_waiting = 1 + random.Below(50),
                                   .delay = random.OneIn(2) ? 0s : 4s,
                                   .delay_growth = random.OneIn(2) ? 1.0 : 2.0,
                                   .max_delay = 10s};
  std::vector<TestRecord> log(50 + random.Below(100));
  for (TestRecord& record : log) {
    record.key = random.Below(6);
    if (random.OneIn(4)) record.not_before = 1h + std::chrono::seconds(random.Below(200));
  }
  WindowPair pair(log, options);
  for (int i = 0; i < operations; ++i) {
    const uint64_t what = random.Below(100);
    const size_t leases = pair.lease_count();
    const size_t which = leases == 0 ? 0 : random.Below(leases);
    if (what < 30) {
      pair.Receive(1 + random.Below(10));
    } else if (what < 60) {
      pair.Settle(which, WindowEvent::kAckNewest);
    } else if (what < 70) {
      pair.Settle(which, WindowEvent::kReleaseNewest,
                  random.OneIn(2) ? std::optional<std::chrono::nanoseconds>(std::chrono::seconds(random.Below(20)))
                                  : std::nullopt);
    } else if (what < 73) {
      pair.Settle(which, WindowEvent::kRejectNewest);
    } else if (what < 78) {
      pair.Settle(which, WindowEvent::kExtendNewest);
    } else if (what < 90) {
      pair.world().now += std::chrono::milliseconds(random.Below(20'000));
    } else if (what < 93) {
      pair.Do(WindowEvent::kWrite);
    } else if (what < 97) {
      pair.Do(WindowEvent::kSendDeadLetters);
    } else if (what < 98) {
      pair.Do(WindowEvent::kCrash);
    } else if (what < 99) {
      pair.SettleUnknown(static_cast<int64_t>(random.Below(log.size() + 4)) - 2, random.Below(300));
    } else {
      pair.Do(WindowEvent::kReceiveInVain);
    }
    pair.KeepLeases(40);
  }
  pair.Drain();
}

}  // namespace moldau::coordinator
