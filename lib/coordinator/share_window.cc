#include "coordinator/share_window.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "base/check.h"
#include "base/named_bug.h"
#include "base/status_builder.h"
#include "coordinator/share_time.h"

namespace moldau::coordinator {
namespace {

constexpr int16_t kMostDeliveries = std::numeric_limits<int16_t>::max();
// Fewer than so many superfluous elements are not worth clearing away.
constexpr size_t kSlack = 64;

struct LaterTimer {
  template <typename Timer>
  bool operator()(const Timer& a, const Timer& b) const {
    return a.at > b.at;
  }
};

}  // namespace

ShareWindow::ShareWindow(const ShareWindowOptions& options, ShareState restored)
    : options_(options), end_(restored.start_offset), restored_(std::move(restored.batches)) {}

void ShareWindow::Restart(const ShareWindowOptions& options) {
  const LockId last_lock = last_lock_;  // so that no old lock fits a new one
  *this = ShareWindow(options, Snapshot());
  last_lock_ = last_lock;
}

// --- finding ---

ShareWindow::Entry* ShareWindow::Find(int64_t offset) noexcept {
  if (size() == 0 || offset < entries_[head_].offset) return nullptr;
  // Where it is if no offset between is missing; it can only be further to the front.
  const auto distance = static_cast<uint64_t>(offset - entries_[head_].offset);
  const size_t guess = head_ + static_cast<size_t>(std::min<uint64_t>(distance, size() - 1));
  if (entries_[guess].offset == offset) [[likely]]
    return &entries_[guess];
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(guess) + 1;
  const auto found = std::lower_bound(entries_.begin() + static_cast<std::ptrdiff_t>(head_), end, offset,
                                      [](const Entry& entry, int64_t wanted) { return entry.offset < wanted; });
  return found != end && found->offset == offset ? &*found : nullptr;
}

absl::Status ShareWindow::CheckHeld(const Entry* entry, int64_t offset, LockId lock, MonoTime now) const {
  if (MOLDAU_NAMED_BUG(M23) && entry != nullptr && entry->state == State::kLocked) return absl::OkStatus();
  const bool is_held = entry != nullptr && entry->state == State::kLocked && entry->lock == lock;
  if (is_held && now < entry->until) [[likely]]
    return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInvalidRecordState,
                     "record at offset %d: %s; nothing was changed", offset,
                     is_held ? "lock expired" : "lock expired or given back");
}

// What was known of a record before the window was made.
const StateBatch* ShareWindow::KnownBefore(int64_t offset) noexcept {
  while (next_restored_ < restored_.size() && restored_[next_restored_].last < offset) ++next_restored_;
  if (next_restored_ == restored_.size()) return nullptr;
  const StateBatch& batch = restored_[next_restored_];
  return batch.first <= offset ? &batch : nullptr;
}

bool ShareWindow::IsExhausted(const Entry& entry) const noexcept {
  return options_.max_deliveries > 0 && entry.delivery_count >= options_.max_deliveries;
}

std::chrono::nanoseconds ShareWindow::DelayAfter(int16_t delivery_count) const noexcept {
  double delay = static_cast<double>(options_.delay.count());
  const auto most = static_cast<double>(options_.max_delay.count());
  for (int i = 1; i < delivery_count && delay < most && options_.delay_growth > 1; ++i) delay *= options_.delay_growth;
  return delay >= most ? options_.max_delay : std::chrono::nanoseconds(static_cast<int64_t>(delay));
}

// --- moving between states ---

void ShareWindow::Note(int64_t offset, DeliveryState state, int16_t delivery_count) {
  AppendBatch(changes_, {.first = offset, .last = offset, .state = state, .delivery_count = delivery_count});
}

ShareWindow::Locked ShareWindow::Lock(Entry& entry, MonoTime deadline) {
  --waiting_;
  ++in_flight_;
  entry.state = State::kLocked;
  entry.lock = ++last_lock_;
  entry.until = deadline;
  if (entry.delivery_count < kMostDeliveries) ++entry.delivery_count;
  if (!MOLDAU_NAMED_BUG(M24)) Note(entry.offset, DeliveryState::kAvailable, entry.delivery_count);
  StartTimer(entry);
  return {.offset = entry.offset, .lock = entry.lock, .delivery_count = entry.delivery_count};
}

// A lock has ended without success.
void ShareWindow::ComeBack(Entry& entry, MonoTime when, MonoTime now) {
  --in_flight_;
  ++waiting_;
  entry.state = State::kWaiting;
  entry.until = when;
  if (IsExhausted(entry)) {
    GiveUp(entry, /*rejected=*/false, now);
  } else {
    Queue(entry, now);
  }
}

// To be handed out, now or when it is time.
void ShareWindow::Queue(Entry& entry, MonoTime now) {
  if (entry.until <= now) {
    entry.state = State::kReady;
    ready_.push_back(entry.offset);
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
  } else {
    entry.state = State::kWaiting;
    StartTimer(entry);
  }
}

void ShareWindow::GiveUp(Entry& entry, bool rejected, MonoTime now) {
  if (!options_.dead_letters) {
    Finish(entry, DeliveryState::kArchived, now);
    return;
  }
  entry.state = State::kArchiving;
  Note(entry.offset, DeliveryState::kArchiving, entry.delivery_count);
  dead_letters_.push_back({.offset = entry.offset, .delivery_count = entry.delivery_count, .rejected = rejected});
}

void ShareWindow::Finish(Entry& entry, DeliveryState state, MonoTime now) {
  MarkDone(entry, state);
  LeaveLane(entry, now);
}

// The entry stays in its place until Tidy.
void ShareWindow::MarkDone(Entry& entry, DeliveryState state) {
  Note(entry.offset, state, entry.delivery_count);
  --(entry.state == State::kLocked ? in_flight_ : waiting_);
  entry.state = State::kDone;
  ++done_;
}

// --- order within a key ---

void ShareWindow::EnterLane(Entry& entry) {
  if (!options_.ordered || entry.key == 0) return;
  const auto [lane, is_first] = lanes_.try_emplace(entry.key, entry.offset);
  if (is_first) return;
  Find(lane->second)->next_of_key = entry.offset;
  lane->second = entry.offset;
  entry.state = State::kBlocked;
}

// Any number of those behind it may have been handed out too often, in a life in which there was no order.
void ShareWindow::LeaveLane(const Entry& entry, MonoTime now) {
  if (!options_.ordered || entry.key == 0) return;
  for (int64_t next = entry.next_of_key; next >= 0;) {
    Entry& head = *Find(next);
    if (!IsExhausted(head)) return Queue(head, now);
    if (options_.dead_letters) return GiveUp(head, /*rejected=*/false, now);
    MarkDone(head, DeliveryState::kArchived);
    next = head.next_of_key;
  }
  lanes_.erase(entry.key);
}

// --- handing out ---

void ShareWindow::StartTimer(const Entry& entry) {
  if (!timers_.empty()) {
    // Neighbours that were locked together lapse together.
    Timer& last = timers_.back();
    if (last.at == entry.until && last.last + 1 == entry.offset) {
      last.last = entry.offset;
      return;
    }
  }
  timers_.push_back({.at = entry.until, .first = entry.offset, .last = entry.offset});
  std::push_heap(timers_.begin(), timers_.end(), LaterTimer());
}

MonoTime ShareWindow::NextDue() const noexcept { return timers_.empty() ? kForever : timers_.front().at; }

void ShareWindow::Advance(MonoTime now) {
  if (NextDue() > now) [[likely]]
    return;
  while (NextDue() <= now) {
    const Timer timer = timers_.front();
    std::pop_heap(timers_.begin(), timers_.end(), LaterTimer());
    timers_.pop_back();
    auto at = std::lower_bound(entries_.begin() + static_cast<std::ptrdiff_t>(head_), entries_.end(), timer.first,
                               [](const Entry& entry, int64_t offset) { return entry.offset < offset; });
    for (; at != entries_.end() && at->offset <= timer.last; ++at) {
      if (at->until > now) continue;
      if (at->state == State::kLocked) {
        ComeBack(*at, Later(at->until, DelayAfter(at->delivery_count)), now);
      } else if (at->state == State::kWaiting) {
        Queue(*at, now);
      }
    }
  }
  Tidy();
}

std::optional<int64_t> ShareWindow::NextReturned() {
  while (!ready_.empty()) {
    const Entry* entry = Find(ready_.front());
    if (entry != nullptr && entry->state == State::kReady) return entry->offset;
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
    ready_.pop_back();
  }
  return std::nullopt;
}

ShareWindow::Locked ShareWindow::LockReturned(MonoTime deadline) {
  Entry* const entry = Find(ready_.front());
  MOLDAU_CHECK(entry != nullptr && entry->state == State::kReady);
  std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
  ready_.pop_back();
  return Lock(*entry, deadline);
}

std::optional<ShareWindow::Locked> ShareWindow::Offer(const Candidate& candidate, MonoTime now, MonoTime deadline) {
  end_ = candidate.offset + 1;
  const StateBatch* const known = KnownBefore(candidate.offset);
  if (known != nullptr && IsDone(known->state)) return std::nullopt;

  Entry& entry = entries_.emplace_back();
  entry.offset = candidate.offset;
  entry.until = candidate.not_before;
  if (known != nullptr) entry.delivery_count = known->delivery_count;
  ++waiting_;
  const bool given_up = known != nullptr && known->state == DeliveryState::kArchiving;
  // What was given up waits for nobody, but those behind it wait for its dead letter.
  if (!given_up || !lanes_.contains(candidate.key)) {
    entry.key = candidate.key;
    EnterLane(entry);
  }
  if (given_up) {
    GiveUp(entry, /*rejected=*/!IsExhausted(entry), now);
  } else if (entry.state == State::kBlocked) {
    return std::nullopt;
  } else if (IsExhausted(entry)) {
    GiveUp(entry, /*rejected=*/false, now);
  } else if (entry.until > now) {
    Queue(entry, now);
  } else {
    return Lock(entry, deadline);
  }
  Tidy();
  return std::nullopt;
}

void ShareWindow::TakeBack(const Locked& locked, MonoTime now) {
  Entry* const entry = Find(locked.offset);
  MOLDAU_CHECK(entry != nullptr && entry->state == State::kLocked && entry->lock == locked.lock);
  --in_flight_;
  ++waiting_;
  --entry->delivery_count;
  entry->until = now;
  Note(entry->offset, DeliveryState::kAvailable, entry->delivery_count);
  Queue(*entry, now);
}

void ShareWindow::SkipTo(int64_t offset) { end_ = std::max(end_, offset); }

void ShareWindow::SkipDone(int64_t limit) {
  while (end_ < limit) {
    const StateBatch* const known = KnownBefore(end_);
    if (known == nullptr || !IsDone(known->state)) return;
    end_ = std::min(known->last + 1, limit);
  }
}

int64_t ShareWindow::DropBelow(int64_t offset, MonoTime now) {
  int64_t dropped = 0;
  for (size_t i = head_; i < entries_.size() && entries_[i].offset < offset; ++i) {
    if (entries_[i].state == State::kDone) continue;
    Finish(entries_[i], DeliveryState::kArchived, now);
    ++dropped;
  }
  if (dropped > 0) {
    std::erase_if(dead_letters_, [&](const DeadLetter& letter) { return letter.offset < offset; });
  }
  SkipTo(offset);
  Tidy();
  return dropped;
}

// --- verdicts ---

absl::Status ShareWindow::Acknowledge(int64_t offset, LockId lock, MonoTime now) {
  Entry* const entry = Find(offset);
  MOLDAU_RETURN_IF_ERROR(CheckHeld(entry, offset, lock, now));
  Finish(*entry, DeliveryState::kAcknowledged, now);
  Tidy();
  return absl::OkStatus();
}

absl::Status ShareWindow::Release(int64_t offset, LockId lock, MonoTime now,
                                  std::optional<std::chrono::nanoseconds> delay) {
  Entry* const entry = Find(offset);
  MOLDAU_RETURN_IF_ERROR(CheckHeld(entry, offset, lock, now));
  ComeBack(*entry, Later(now, delay.value_or(DelayAfter(entry->delivery_count))), now);
  Tidy();
  return absl::OkStatus();
}

absl::Status ShareWindow::Reject(int64_t offset, LockId lock, MonoTime now) {
  Entry* const entry = Find(offset);
  MOLDAU_RETURN_IF_ERROR(CheckHeld(entry, offset, lock, now));
  --in_flight_;
  ++waiting_;
  entry->state = State::kWaiting;
  GiveUp(*entry, /*rejected=*/true, now);
  Tidy();
  return absl::OkStatus();
}

absl::Status ShareWindow::Extend(int64_t offset, LockId lock, MonoTime now, MonoTime deadline) {
  Entry* const entry = Find(offset);
  MOLDAU_RETURN_IF_ERROR(CheckHeld(entry, offset, lock, now));
  entry->until = deadline;
  StartTimer(*entry);
  Tidy();
  return absl::OkStatus();
}

// --- dead letters ---

std::optional<ShareWindow::DeadLetter> ShareWindow::NextDeadLetter() {
  if (dead_letters_.empty()) return std::nullopt;
  const DeadLetter letter = dead_letters_.front();
  dead_letters_.pop_front();
  return letter;
}

void ShareWindow::RetryDeadLetter(const DeadLetter& letter) {
  const Entry* const entry = Find(letter.offset);
  if (entry != nullptr && entry->state == State::kArchiving) dead_letters_.push_back(letter);
}

void ShareWindow::Archive(int64_t offset, MonoTime now) {
  Entry* const entry = Find(offset);
  if (entry == nullptr || entry->state != State::kArchiving) return;  // the log has dropped it meanwhile
  Finish(*entry, DeliveryState::kArchived, now);
  Tidy();
}

// --- what is to be written ---

std::vector<StateBatch> ShareWindow::TakeChanges() {
  // Neighbours that were done one by one, by whoever, become one batch. Changes of one offset keep their order.
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const StateBatch& a, const StateBatch& b) { return a.first < b.first; });
  std::vector<StateBatch> taken;
  for (const StateBatch& change : changes_) AppendBatch(taken, change);
  changes_.clear();
  return taken;
}

ShareState ShareWindow::Snapshot() const {
  ShareState state{.start_offset = start_offset()};
  int64_t next = state.start_offset;
  const auto close_gap = [&](int64_t until) {
    if (next < until) AppendBatch(state.batches, {next, until - 1, DeliveryState::kAcknowledged, 0});
  };
  for (size_t i = head_; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.state == State::kDone) continue;
    close_gap(entry.offset);
    next = entry.offset + 1;
    const bool archiving = entry.state == State::kArchiving;
    if (!archiving && entry.delivery_count == 0) continue;
    AppendBatch(state.batches,
                {entry.offset, entry.offset, archiving ? DeliveryState::kArchiving : DeliveryState::kAvailable,
                 entry.delivery_count});
  }
  close_gap(end_);
  for (size_t i = next_restored_; i < restored_.size(); ++i) {
    StateBatch batch = restored_[i];
    batch.first = std::max(batch.first, end_);
    if (batch.first <= batch.last) AppendBatch(state.batches, batch);
  }
  return state;
}

// Clears away what is done, and timers of what has changed; all of it costs a constant per record in the long run.
void ShareWindow::Tidy() {
  for (; head_ < entries_.size() && entries_[head_].state == State::kDone; ++head_) --done_;
  if (head_ == entries_.size()) {
    entries_.clear();
    head_ = 0;
  } else if (head_ > kSlack && head_ > size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  if (done_ > kSlack && done_ > size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    std::erase_if(entries_, [](const Entry& entry) { return entry.state == State::kDone; });
    head_ = done_ = 0;
  }
  if (timers_.size() > kSlack && timers_.size() > 2 * (in_flight_ + waiting_)) {
    timers_.clear();
    for (size_t i = head_; i < entries_.size(); ++i) {
      const Entry& entry = entries_[i];
      if (entry.state == State::kLocked || entry.state == State::kWaiting) StartTimer(entry);
    }
  }
}

}  // namespace moldau::coordinator
