// A consumer's place in its group, as the coordinator sees it: joins, keeps the session alive, and says what the
// consumer has to do next. It knows generations and bytes; what partitions are is the consumer's business.
//
//   out ── Join ──► joining ── answered ──► Sync ──► syncing ── answered ──► in
//    ▲                                                                        │ the group rebalances
//    └────────────────────────────────────────────────────────────────────────┘
//
// Heartbeats are sent by a timer of the broker's executor, and by Poll if that is late. The same timer notices that the
// consumer has not polled for too long, and leaves the group.
//
// Threads: its consumer's, one at a time; answers and timers come on any thread.   Ownership: its consumer's.
// Failure: as documented; FailedPrecondition (kFencedInstanceId) for ever once another consumer has its place.
// Source: Kafka's classic group protocol; KIP-62 (session and poll are watched apart), KIP-345 (static members).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/task_scope.h"
#include "broker/core.h"
#include "moldau/base/event_count.h"
#include "moldau/consumer.h"
#include "protocol/join_group.h"
#include "protocol/sync_group.h"

namespace moldau::client {

class Membership {
 public:
  // `waker` is woken when Next has something to say. Borrows the options, which name a group.
  Membership(std::shared_ptr<broker::Core> broker, const ConsumerOptions& options, base::Waker& waker);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // What the consumer has to do next.
  enum class Step : uint8_t {
    kWait,   // nothing, until the waker is woken
    kJoin,   // Join
    kSync,   // Sync; the leader of the generation shares the partitions out to members()
    kAdopt,  // what is in assignment() belongs to it, and nothing else
    kLost,   // what it had may belong to others by now
  };
  absl::StatusOr<Step> Next();
  // Whether Next may say something else than kWait; one load.
  [[nodiscard]] bool has_news() const noexcept { return mail_->news.load(std::memory_order_seq_cst); }
  // Next is to be asked again though nothing has happened.
  void LookAgain() noexcept { mail_->news.store(true, std::memory_order_seq_cst); }

  void Join(std::vector<protocol::JoinGroupRequest::Protocol> offers);
  void Sync(std::vector<protocol::SyncGroupRequest::Assignment> assignments);
  // Wants the group to rebalance, once it is in.
  void Rejoin();
  // The assignment could not be taken over: Next says kAdopt once more.
  void AdoptAgain();
  // A static member stays in the group until its session ends.
  void Leave();
  // Leaves as one that cannot go on, a static member too, so that another one may lead; Next says kLost, and then
  // kJoin.
  void GiveUp();

  // Of the generation that was joined last. The members are told to its leader only.
  [[nodiscard]] const std::string& protocol_name() const noexcept { return protocol_name_; }
  [[nodiscard]] const std::vector<protocol::JoinGroupResponse::Member>& members() const noexcept { return members_; }
  [[nodiscard]] bool is_leader() const noexcept { return is_leader_; }
  // The leader is not to share out anything: the assignment of before stands.
  [[nodiscard]] bool skip_assignment() const noexcept { return skip_assignment_; }
  [[nodiscard]] const std::string& assignment() const noexcept { return assignment_; }
  // Of all members, as the coordinator has them; none while the group rebalances.
  [[nodiscard]] std::vector<std::string> AllAssignments() const;

  // Who commits.
  struct Identity {
    int32_t generation = -1;
    std::string member_id;
  };
  [[nodiscard]] Identity identity() const;
  // Asks the coordinator whether it still has its place, and with it what it was assigned.
  [[nodiscard]] bool KeepsPlace();
  // What a refused commit means: while a rebalance is under way the generation is only about to be known.
  [[nodiscard]] ErrorCode ExplainRefusal(ErrorCode error) const;

  // A consumer that is in Poll is not slow, however long that takes.
  void EnterPoll();
  void LeavePoll();
  // It has left, but only to be called back by the next thing to do.
  void StayInPoll() noexcept { poll_deadline_.store(kForever.count(), std::memory_order_relaxed); }

 private:
  using JoinAnswer = protocol::JoinGroupResponse;
  using SyncAnswer = protocol::SyncGroupResponse;
  enum class Phase : uint8_t { kOut, kJoining, kSyncing, kIn };

  // Where answers arrive, on whatever thread. It outlives the membership if an answer is still to come.
  struct Mail {
    base::Mutex mutex;
    base::Waker* waker ABSL_GUARDED_BY(mutex) = nullptr;
    uint64_t round ABSL_GUARDED_BY(mutex) = 0;  // of requests; answers to earlier ones come too late
    std::optional<JoinAnswer> joined ABSL_GUARDED_BY(mutex);
    std::optional<SyncAnswer> synced ABSL_GUARDED_BY(mutex);
    bool beat_now ABSL_GUARDED_BY(mutex) = false;  // a rebalance has begun, or is over by now
    std::atomic<bool> news{true};

    template <typename Answer>
    void Deliver(uint64_t to_round, std::optional<Answer> Mail::*place, Answer answer);
    void BeatNow();
    void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  };

  absl::StatusOr<Step> OnJoined(JoinAnswer answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  absl::StatusOr<Step> OnSynced(SyncAnswer answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  absl::StatusOr<Step> OnRefusal(ErrorCode error, std::string_view what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  void ForgetPlace(bool keep_member_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  [[nodiscard]] absl::Status Fenced() const;

  void Beat();
  void OnBeat(ErrorCode error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  void OnTimer();
  void SetTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mail_->mutex);
  void LeaveForSlowness();
  enum class IfStatic : uint8_t { kStay, kLeave };
  // False if it has none.
  bool GiveUpPlace(bool lost, IfStatic if_static);
  [[nodiscard]] std::optional<std::string> instance() const;
  [[nodiscard]] Clock& clock() const { return broker_->environment().clock(); }

  const std::shared_ptr<broker::Core> broker_;
  const ConsumerOptions& options_;
  const std::shared_ptr<Mail> mail_ = std::make_shared<Mail>();

  Phase phase_ ABSL_GUARDED_BY(mail_->mutex) = Phase::kOut;
  std::string member_id_ ABSL_GUARDED_BY(mail_->mutex);
  int32_t generation_ ABSL_GUARDED_BY(mail_->mutex) = -1;
  bool rejoin_ ABSL_GUARDED_BY(mail_->mutex) = false;
  bool adopt_again_ ABSL_GUARDED_BY(mail_->mutex) = false;
  bool lost_ ABSL_GUARDED_BY(mail_->mutex) = false;
  bool fenced_ ABSL_GUARDED_BY(mail_->mutex) = false;
  bool has_timer_ ABSL_GUARDED_BY(mail_->mutex) = false;
  bool has_left_ ABSL_GUARDED_BY(mail_->mutex) = false;

  // The consumer's thread only.
  std::string protocol_name_;
  std::vector<protocol::JoinGroupResponse::Member> members_;
  bool is_leader_ = false;
  bool skip_assignment_ = false;
  std::string assignment_;

  std::atomic<int64_t> next_beat_{0};                     // MonoTime
  std::atomic<int64_t> poll_deadline_{kForever.count()};  // MonoTime
  base::TaskScope timers_;                                // goes first
};

}  // namespace moldau::client
