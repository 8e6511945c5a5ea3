// A window over a log of numbered records, with the one thing that a crash leaves: what was written. Time stands still
// until the test moves it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/share_window.h"
#include "support/catch.h"

namespace moldau::coordinator {

using namespace std::chrono_literals;

// A record of the log, as far as a queue cares.
struct TestRecord {
  uint64_t key = 0;
  MonoTime not_before{0};
};

class WindowWorld {
 public:
  explicit WindowWorld(size_t records, ShareWindowOptions options = {})
      : log(records), options_(options), window_(options, {}) {}
  WindowWorld(std::vector<TestRecord> records, ShareWindowOptions options)
      : log(std::move(records)), options_(options), window_(options, {}) {}

  // As SharePartition::Acquire: what was locked is written before it is handed out.
  std::vector<ShareWindow::Locked> Receive(size_t max = 1, std::chrono::nanoseconds lock = 30s) {
    std::vector<ShareWindow::Locked> out = Lock(max, lock);
    if (!out.empty()) Write();
    return out;
  }
  // The same when nothing can be written: nothing is handed out, and what was to be written is for the next time.
  void ReceiveInVain(size_t max = 1) {
    const std::vector<ShareWindow::Locked> locked = Lock(max, 30s);
    if (!locked.empty() && window_.has_changes()) {
      static_cast<void>(window_.TakeChanges());
      has_lost_changes_ = true;
    }
    for (const auto& each : locked) window_.TakeBack(each, now);
  }
  // Offsets alone.
  std::vector<int64_t> Offsets(size_t max = 1, std::chrono::nanoseconds lock = 30s) {
    std::vector<int64_t> offsets;
    for (const auto& locked : Receive(max, lock)) offsets.push_back(locked.offset);
    return offsets;
  }
  ShareWindow::Locked One() {
    const auto locked = Receive();
    REQUIRE(locked.size() == 1);
    return locked.front();
  }

  absl::Status Ack(const ShareWindow::Locked& locked) { return window_.Acknowledge(locked.offset, locked.lock, now); }
  absl::Status Release(const ShareWindow::Locked& locked,
                       std::optional<std::chrono::nanoseconds> delay = std::nullopt) {
    return window_.Release(locked.offset, locked.lock, now, delay);
  }
  absl::Status Reject(const ShareWindow::Locked& locked) { return window_.Reject(locked.offset, locked.lock, now); }
  absl::Status Extend(const ShareWindow::Locked& locked, std::chrono::nanoseconds by) {
    return window_.Extend(locked.offset, locked.lock, now, now + by);
  }

  // All dead letters that are due are written and safe, after it was written that they were given up.
  std::vector<int64_t> SendDeadLetters() {
    std::vector<int64_t> sent;
    while (window_.has_dead_letters()) {
      Write();
      const size_t before = sent.size();
      while (const auto letter = window_.NextDeadLetter()) sent.push_back(letter->offset);
      for (size_t i = before; i < sent.size(); ++i) window_.Archive(sent[i], now);
    }
    return sent;
  }

  void Write() {
    written.Apply(window_.start_offset(), window_.TakeChanges());
    if (std::exchange(has_lost_changes_, false)) written = window_.Snapshot();
  }
  void Crash() {
    window_ = ShareWindow(options_, written);
    has_lost_changes_ = false;
  }

  [[nodiscard]] ShareWindow& window() { return window_; }

  MonoTime now{1h};
  std::vector<TestRecord> log;
  ShareState written;

 private:
  std::vector<ShareWindow::Locked> Lock(size_t max, std::chrono::nanoseconds lock) {
    std::vector<ShareWindow::Locked> out;
    window_.Advance(now);
    while (out.size() < max && window_.MayLock() && window_.NextReturned()) {
      out.push_back(window_.LockReturned(now + lock));
    }
    const auto log_end = static_cast<int64_t>(log.size());
    while (out.size() < max && window_.MayOffer()) {
      window_.SkipDone(log_end);
      const int64_t offset = window_.end_offset();
      if (offset == log_end) break;
      const TestRecord& record = log[static_cast<size_t>(offset)];
      const auto locked =
          window_.Offer({.offset = offset, .key = record.key, .not_before = record.not_before}, now, now + lock);
      if (locked) out.push_back(*locked);
    }
    return out;
  }

  ShareWindowOptions options_;
  ShareWindow window_;
  bool has_lost_changes_ = false;
};

}  // namespace moldau::coordinator
