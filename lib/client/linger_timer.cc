#include "client/linger_timer.h"

#include "client/partition_sender.h"

namespace moldau::client {

void LingerTimer::Add(PartitionSender& sender) {
  const MonoTime due = DeadlineAfter(tasks_.executor().clock(), linger_);
  const base::MutexLock lock(mutex_);
  entries_.emplace(due, &sender);
  Arm(due);
}

PartitionSender* LingerTimer::TakeOldest() {
  const base::MutexLock lock(mutex_);
  if (entries_.empty()) return nullptr;
  PartitionSender* const sender = entries_.top().second;
  entries_.pop();
  return sender;
}

void LingerTimer::Arm(MonoTime when) {
  if (when >= armed_for_) return;
  armed_for_ = when;
  tasks_.PostAt(when, [this] { Fire(); });
}

void LingerTimer::Fire() {
  const MonoTime now = tasks_.executor().clock().Now();
  std::vector<PartitionSender*> due;
  {
    const base::MutexLock lock(mutex_);
    for (; !entries_.empty() && entries_.top().first <= now; entries_.pop()) due.push_back(entries_.top().second);
  }
  // Without the lock: pushing appends.
  std::vector<Entry> again;
  for (PartitionSender* sender : due) {
    if (const MonoTime next = sender->PushIfOpenedBefore(now - linger_); next != kForever)
      again.emplace_back(next, sender);
  }
  const base::MutexLock lock(mutex_);
  for (const Entry& entry : again) entries_.push(entry);
  armed_for_ = kForever;
  if (!entries_.empty()) Arm(entries_.top().first);
}

}  // namespace moldau::client
