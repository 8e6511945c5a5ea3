#include "client/membership.h"

#include <algorithm>
#include <utility>

#include "client/group_error.h"
#include "protocol/consumer_protocol.h"
#include "protocol/describe_groups.h"

namespace moldau::client {
namespace {

int32_t ToMilliseconds(std::chrono::milliseconds time) { return static_cast<int32_t>(time.count()); }

}  // namespace

// --- mail ---

template <typename Answer>
void Membership::Mail::Deliver(uint64_t to_round, std::optional<Answer> Mail::*place, Answer answer) {
  base::MutexLock lock(mutex);
  if (to_round != round) return;
  this->*place = std::move(answer);
  Tell();
}

void Membership::Mail::BeatNow() {
  base::MutexLock lock(mutex);
  beat_now = true;
  Tell();
}

void Membership::Mail::Tell() {
  news.store(true, std::memory_order_seq_cst);
  if (waker != nullptr) waker->Wake();
}

Membership::Membership(std::shared_ptr<broker::Core> broker, const ConsumerOptions& options, base::Waker& waker)
    : broker_(std::move(broker)), options_(options), timers_(broker_->environment().executor()) {
  base::MutexLock lock(mail_->mutex);
  mail_->waker = &waker;
}

Membership::~Membership() {
  timers_.Close();
  base::MutexLock lock(mail_->mutex);
  mail_->waker = nullptr;
  ++mail_->round;
}

std::optional<std::string> Membership::instance() const {
  if (options_.group_instance_id.empty()) return std::nullopt;
  return options_.group_instance_id;
}

Membership::Identity Membership::identity() const {
  base::MutexLock lock(mail_->mutex);
  return {generation_, member_id_};
}

bool Membership::KeepsPlace() {
  Beat();
  base::MutexLock lock(mail_->mutex);
  return generation_ >= 0 && !lost_ && !fenced_;
}

std::vector<std::string> Membership::AllAssignments() const {
  std::vector<std::string> assignments;
  protocol::DescribeGroupsResponse described = broker_->groups().Describe({.groups = {options_.group}});
  for (auto& group : described.groups) {
    for (auto& member : group.members) assignments.push_back(std::move(member.member_assignment));
  }
  return assignments;
}

ErrorCode Membership::ExplainRefusal(ErrorCode error) const {
  base::MutexLock lock(mail_->mutex);
  if (fenced_) return ErrorCode::kFencedInstanceId;
  const bool is_rebalancing = !lost_ && generation_ >= 0 && (phase_ == Phase::kJoining || phase_ == Phase::kSyncing);
  return is_rebalancing && error == ErrorCode::kIllegalGeneration ? ErrorCode::kRebalanceInProgress : error;
}

// --- requests ---

void Membership::Join(std::vector<protocol::JoinGroupRequest::Protocol> offers) {
  protocol::JoinGroupRequest request;
  request.group_id = options_.group;
  request.session_timeout_ms = ToMilliseconds(options_.session_timeout);
  request.rebalance_timeout_ms = ToMilliseconds(options_.max_poll_interval);
  request.group_instance_id = instance();
  request.protocol_type = protocol::kConsumerProtocolType;
  request.protocols = std::move(offers);
  uint64_t round = 0;
  {
    base::MutexLock lock(mail_->mutex);
    // It may have lost its place since Next said kJoin: that has to be told first, and then it joins as another one.
    if (lost_ || fenced_) return;
    request.member_id = member_id_;
    phase_ = Phase::kJoining;
    rejoin_ = false;
    adopt_again_ = false;
    has_left_ = false;
    mail_->joined.reset();
    mail_->synced.reset();
    round = ++mail_->round;
    next_beat_.store((clock().Now() + std::chrono::nanoseconds(options_.heartbeat_interval)).count(),
                     std::memory_order_relaxed);
    if (!has_timer_) SetTimer();
  }
  coordinator::GroupClient client{.client_id = "consumer",
                                  .client_host = std::string(coordinator::kInProcessHost),
                                  .require_known_member_id = true,
                                  .on_rebalance = [mail = mail_] { mail->BeatNow(); }};
  broker_->groups().Join(std::move(request), std::move(client), [mail = mail_, round](JoinAnswer answer) {
    mail->Deliver(round, &Mail::joined, std::move(answer));
  });
}

void Membership::Sync(std::vector<protocol::SyncGroupRequest::Assignment> assignments) {
  protocol::SyncGroupRequest request;
  request.group_id = options_.group;
  request.group_instance_id = instance();
  request.protocol_type = protocol::kConsumerProtocolType;
  request.protocol_name = protocol_name_;
  request.assignments = std::move(assignments);
  uint64_t round = 0;
  {
    base::MutexLock lock(mail_->mutex);
    if (lost_ || fenced_) return;
    request.member_id = member_id_;
    request.generation_id = generation_;
    phase_ = Phase::kSyncing;
    round = ++mail_->round;
  }
  broker_->groups().Sync(std::move(request), [mail = mail_, round](SyncAnswer answer) {
    mail->Deliver(round, &Mail::synced, std::move(answer));
  });
}

void Membership::Rejoin() {
  base::MutexLock lock(mail_->mutex);
  rejoin_ = true;
  LookAgain();
}

void Membership::AdoptAgain() {
  base::MutexLock lock(mail_->mutex);
  adopt_again_ = true;
  LookAgain();
}

void Membership::Leave() { GiveUpPlace(/*lost=*/false, IfStatic::kStay); }

void Membership::GiveUp() { GiveUpPlace(/*lost=*/true, IfStatic::kLeave); }

bool Membership::GiveUpPlace(bool lost, IfStatic if_static) {
  protocol::LeaveGroupRequest request;
  {
    base::MutexLock lock(mail_->mutex);
    if (std::exchange(has_left_, true)) return false;
    if (member_id_.empty() && mail_->joined) member_id_ = mail_->joined->member_id;  // that it has not looked at yet
    if (!member_id_.empty() && (if_static == IfStatic::kLeave || !instance())) {
      request.group_id = options_.group;
      request.members.push_back({.member_id = member_id_, .group_instance_id = instance()});
    }
    ++mail_->round;
    phase_ = Phase::kOut;
    lost_ = lost;
    ForgetPlace(/*keep_member_id=*/false);
    if (lost) mail_->Tell();
  }
  // If the coordinator has gone the group ends with it.
  if (!request.members.empty()) broker_->groups().Leave(request);
  return true;
}

// --- what is next ---

absl::StatusOr<Membership::Step> Membership::Next() {
  mail_->news.store(false, std::memory_order_seq_cst);
  bool beat_now = false;
  {
    base::MutexLock lock(mail_->mutex);
    beat_now = std::exchange(mail_->beat_now, false);
  }
  if (beat_now) Beat();
  base::MutexLock lock(mail_->mutex);
  if (std::exchange(lost_, false)) {
    phase_ = Phase::kOut;
    ++mail_->round;
    return Step::kLost;
  }
  if (fenced_) return Fenced();
  switch (phase_) {
    case Phase::kOut:
      return Step::kJoin;
    case Phase::kJoining:
      if (!mail_->joined) return Step::kWait;
      return OnJoined(*std::exchange(mail_->joined, std::nullopt));
    case Phase::kSyncing:
      if (!mail_->synced) return Step::kWait;
      return OnSynced(*std::exchange(mail_->synced, std::nullopt));
    case Phase::kIn:
      break;
  }
  if (rejoin_) {  // first, because others may wait for what was given up
    phase_ = Phase::kOut;
    return Step::kJoin;
  }
  return std::exchange(adopt_again_, false) ? Step::kAdopt : Step::kWait;
}

absl::StatusOr<Membership::Step> Membership::OnJoined(JoinAnswer answer) {
  if (answer.error_code == ErrorCode::kMemberIdRequired) {
    member_id_ = std::move(answer.member_id);
    phase_ = Phase::kOut;
    return Step::kJoin;
  }
  if (answer.error_code != ErrorCode::kNone) return OnRefusal(answer.error_code, "join");
  member_id_ = std::move(answer.member_id);
  generation_ = answer.generation_id;
  protocol_name_ = std::move(answer.protocol_name).value_or("");
  is_leader_ = answer.leader == member_id_;
  skip_assignment_ = answer.skip_assignment;
  members_ = std::move(answer.members);
  return Step::kSync;
}

absl::StatusOr<Membership::Step> Membership::OnSynced(SyncAnswer answer) {
  if (answer.error_code != ErrorCode::kNone) return OnRefusal(answer.error_code, "sync");
  phase_ = Phase::kIn;
  assignment_ = std::move(answer.assignment);
  return Step::kAdopt;
}

absl::StatusOr<Membership::Step> Membership::OnRefusal(ErrorCode error, std::string_view what) {
  phase_ = Phase::kOut;
  switch (error) {
    case ErrorCode::kRebalanceInProgress:
      return Step::kJoin;
    case ErrorCode::kIllegalGeneration:
      ForgetPlace(/*keep_member_id=*/true);
      return Step::kLost;
    case ErrorCode::kUnknownMemberId:
      ForgetPlace(/*keep_member_id=*/false);
      return Step::kLost;
    case ErrorCode::kCoordinatorNotAvailable:
      ForgetPlace(/*keep_member_id=*/false);
      if (broker_->closing()) return Step::kWait;
      return Step::kLost;  // the group was deleted
    case ErrorCode::kFencedInstanceId:
      fenced_ = true;
      return Step::kLost;
    default:
      return GroupError(error, options_.group, what);
  }
}

void Membership::ForgetPlace(bool keep_member_id) {
  generation_ = -1;
  if (!keep_member_id) member_id_.clear();
}

absl::Status Membership::Fenced() const {
  return GroupError(ErrorCode::kFencedInstanceId, options_.group, options_.group_instance_id);
}

// --- time ---

void Membership::EnterPoll() {
  StayInPoll();
  if (clock().Now().count() >= next_beat_.load(std::memory_order_relaxed)) Beat();
}

void Membership::LeavePoll() {
  poll_deadline_.store(DeadlineAfter(clock(), options_.max_poll_interval).count(), std::memory_order_relaxed);
}

void Membership::Beat() {
  protocol::HeartbeatRequest request;
  uint64_t round = 0;
  {
    base::MutexLock lock(mail_->mutex);
    next_beat_.store(DeadlineAfter(clock(), options_.heartbeat_interval).count(), std::memory_order_relaxed);
    request.member_id = member_id_;
    request.generation_id = generation_;
    // Whoever waits for the coordinator's answer need not prove that it lives; but once that has come it must, though
    // the consumer may not have polled yet.
    if (phase_ == Phase::kJoining && mail_->joined && mail_->joined->error_code == ErrorCode::kNone) {
      request.member_id = mail_->joined->member_id;
      request.generation_id = mail_->joined->generation_id;
    } else if (phase_ != Phase::kIn && !(phase_ == Phase::kSyncing && mail_->synced)) {
      return;
    }
    if (lost_ || fenced_ || has_left_) return;
    round = mail_->round;
  }
  request.group_id = options_.group;
  request.group_instance_id = instance();
  const ErrorCode error = broker_->groups().Heartbeat(request).error_code;
  base::MutexLock lock(mail_->mutex);
  if (round == mail_->round) OnBeat(error);  // else it joined anew meanwhile
}

void Membership::OnBeat(ErrorCode error) {
  switch (error) {
    case ErrorCode::kRebalanceInProgress:
      rejoin_ = true;
      break;
    case ErrorCode::kIllegalGeneration:
      lost_ = true;
      ForgetPlace(/*keep_member_id=*/true);
      break;
    case ErrorCode::kUnknownMemberId:
      lost_ = true;
      ForgetPlace(/*keep_member_id=*/false);
      break;
    case ErrorCode::kFencedInstanceId:
      fenced_ = true;
      lost_ = true;
      ForgetPlace(/*keep_member_id=*/false);
      break;
    default:
      return;  // well, or not to be helped
  }
  mail_->Tell();
}

void Membership::SetTimer() {
  has_timer_ = true;
  const int64_t next =
      std::min(next_beat_.load(std::memory_order_relaxed), poll_deadline_.load(std::memory_order_relaxed));
  timers_.PostAt(MonoTime(next), [this] { OnTimer(); });
}

void Membership::OnTimer() {
  const int64_t now = clock().Now().count();
  if (now >= poll_deadline_.load(std::memory_order_relaxed)) return LeaveForSlowness();
  if (now >= next_beat_.load(std::memory_order_relaxed)) Beat();
  base::MutexLock lock(mail_->mutex);
  has_timer_ = false;
  if (!has_left_ && !fenced_) SetTimer();
}

void Membership::LeaveForSlowness() {
  {
    base::MutexLock lock(mail_->mutex);
    has_timer_ = false;
    if (fenced_) return;
  }
  if (!GiveUpPlace(/*lost=*/true, IfStatic::kStay)) return;
  broker_->environment().logger().Warning("consumer.max_poll_interval",
                                          "group %s: a consumer has not polled for %d ms and leaves its group",
                                          options_.group, options_.max_poll_interval.count());
}

}  // namespace moldau::client
