// Following the group: what a consumer does as its group rebalances.
//
// An eager consumer gives everything up before it joins again; a cooperative one keeps consuming what it has, gives up
// what the new assignment takes from it, and then asks for one more rebalance, in which others get that.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/contained.h"
#include "base/status_builder.h"
#include "client/consumer_core.h"
#include "client/group_plan.h"

namespace moldau::client {
namespace {

// How many steps are taken at once: an assignor of the host's that never comes to rest must not hold up Poll.
constexpr int kMaxSteps = 32;

}  // namespace

absl::Status ConsumerCore::FollowGroup() {
  LookForNewTopics();
  if (!membership_->has_news()) [[likely]]
    return absl::OkStatus();
  absl::Status status = TakeSteps();
  if (!status.ok()) membership_->LookAgain();
  status.Update(std::exchange(callback_problem_, absl::OkStatus()));
  return status;
}

absl::Status ConsumerCore::TakeSteps() {
  for (int i = 0; i < kMaxSteps; ++i) {
    MOLDAU_ASSIGN_OR_RETURN(const Membership::Step step, membership_->Next());
    switch (step) {
      case Membership::Step::kWait:
        return absl::OkStatus();
      case Membership::Step::kLost:
        Lose(Sources());
        break;
      case Membership::Step::kJoin:
      case Membership::Step::kSync: {
        absl::Status done = step == Membership::Step::kJoin ? Join() : Sync();
        if (done.ok()) break;
        membership_->GiveUp();
        return done;
      }
      case Membership::Step::kAdopt: {
        absl::Status adopted = AdoptAssignment();
        if (adopted.ok()) break;
        membership_->AdoptAgain();
        return adopted;
      }
    }
  }
  membership_->LookAgain();
  return absl::OkStatus();
}

// Whoever subscribes to other topics than before tells the group; so does who has something of a topic that was
// deleted, perhaps to be made anew under its name, and the leader if a topic has got other partitions than it shared
// out.
void ConsumerCore::LookForNewTopics() {
  if (!selection_->Refresh(*broker_)) [[likely]]
    return;
  std::vector<TopicPartition> gone;
  for (const auto& [source, partition] : index_) {
    if (partition->is_gone()) gone.push_back(source);
  }
  Lose(gone);
  const bool changed = !gone.empty() || selection_->topics() != joined_topics_ ||
                       std::any_of(led_counts_.begin(), led_counts_.end(), [this](const auto& topic) {
                         return LookUp(topic.first).partitions != topic.second;
                       });
  if (changed) membership_->Rejoin();
}

absl::Status ConsumerCore::Join() {
  if (!is_cooperative_ && !partitions_.empty()) Revoke(Sources());
  joined_topics_ = selection_->topics();
  led_counts_.clear();
  const std::vector<TopicPartition> owned = Sources();
  std::vector<protocol::JoinGroupRequest::Protocol> offers;
  for (const auto& assignor : assignors_) {
    MOLDAU_ASSIGN_OR_RETURN(std::string offer,
                            EncodeOffer(*assignor, joined_topics_, owned, membership_->identity().generation));
    offers.push_back({.name = std::string(assignor->name()), .metadata = std::move(offer)});
  }
  membership_->Join(std::move(offers));
  return absl::OkStatus();
}

absl::Status ConsumerCore::Sync() {
  const auto count = [this](const std::string& topic) { return LookUp(topic).partitions; };
  if (!membership_->is_leader()) {
    membership_->Sync({});
    return absl::OkStatus();
  }
  if (membership_->skip_assignment()) {
    led_counts_ = CountTopics(membership_->members(), count);
    // What was added while nobody led is shared out once it is back.
    if (!AreSharedOut(led_counts_, membership_->AllAssignments())) membership_->Rejoin();
    membership_->Sync({});
    return absl::OkStatus();
  }
  const auto assignor = std::find_if(assignors_.begin(), assignors_.end(), [this](const auto& known) {
    return known->name() == membership_->protocol_name();
  });
  if (assignor == assignors_.end()) {
    return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInconsistentGroupProtocol,
                       "group %s: goes by the assignor \"%s\", which this consumer does not know", options_.group,
                       membership_->protocol_name());
  }
  MOLDAU_ASSIGN_OR_RETURN(GroupPlan plan, PlanGroup(**assignor, membership_->members(), count));
  led_counts_ = std::move(plan.counts);
  membership_->Sync(std::move(plan.assignments));
  return absl::OkStatus();
}

absl::Status ConsumerCore::AdoptAssignment() {
  MOLDAU_ASSIGN_OR_RETURN(const std::vector<TopicPartition> assigned, DecodePartitions(membership_->assignment()));
  const std::set<TopicPartition> wanted(assigned.begin(), assigned.end());
  std::vector<TopicPartition> revoked;
  for (const auto& [source, partition] : index_) {
    if (!wanted.contains(source)) revoked.push_back(source);
  }
  std::vector<TopicPartition> added;
  for (const TopicPartition& source : wanted) {
    // A topic that was deleted meanwhile has nothing to read.
    if (!index_.contains(source) && source.partition < LookUp(source.topic).partitions) added.push_back(source);
  }
  if (!revoked.empty()) {
    Revoke(revoked);
    membership_->Rejoin();  // so that others get it
  }
  const auto younger = std::stable_partition(
      added.begin(), added.end(), [this](const TopicPartition& source) { return !IsYoungerThanSubscription(source); });
  auto end = added.begin();  // of what has been added, which the host is told even if the rest cannot be
  absl::Status status = AddPartitions({end, younger}, options_.auto_offset_reset, IfUnreadable::kKeep);
  if (status.ok()) {
    end = younger;
    status = AddPartitions({end, added.end()}, OffsetReset::kEarliest, IfUnreadable::kKeep);
    if (status.ok()) end = added.end();
  }
  Call("on_assigned", options_.on_assigned, {added.begin(), end});
  return status;
}

// Of what has come since nothing is missed.
bool ConsumerCore::IsYoungerThanSubscription(const TopicPartition& source) const {
  const auto known = known_topics_.find(source.topic);
  return known == known_topics_.end() || known->second.id != LookUp(source.topic).id ||
         source.partition >= known->second.partitions;
}

void ConsumerCore::Revoke(std::span<const TopicPartition> sources) {
  AutoCommit();
  Call("on_revoked", options_.on_revoked, sources);
  Remove(sources);
}

void ConsumerCore::Lose(std::span<const TopicPartition> sources) {
  if (sources.empty()) return;
  if (options_.on_lost) {
    Call("on_lost", options_.on_lost, sources);
  } else {
    Call("on_revoked", options_.on_revoked, sources);
  }
  Remove(sources);
}

void ConsumerCore::Remove(std::span<const TopicPartition> sources) {
  for (const TopicPartition& source : sources) index_.erase(source);
  std::erase_if(partitions_, [this](const auto& partition) { return !index_.contains(partition->source()); });
  turn_ = 0;
  ++assignment_version_;
}

void ConsumerCore::Call(const char* name, const RebalanceCallback& callback, std::span<const TopicPartition> sources) {
  if (!callback || sources.empty()) return;
  Consumer handle(shared_from_this());
  membership_->LeavePoll();  // a callback that hangs is a consumer that does
  callback_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  const std::optional<std::string> thrown = base::WhatIsThrownBy([&] { callback(handle, sources); });
  callback_thread_.store({}, std::memory_order_relaxed);
  membership_->EnterPoll();
  handle.core_.reset();  // it does not own the consumer
  if (!thrown) return;
  const std::string where = absl::StrJoin(sources, ", ", [this](std::string* out, const TopicPartition& source) {
    const auto found = index_.find(source);
    absl::StrAppendFormat(out, "%s-%d at offset %d", source.topic, source.partition,
                          found == index_.end() ? -1 : found->second->position());
  });
  const absl::Status problem =
      base::Error(absl::StatusCode::kInternal, "group %s: %s threw for %s: %s", options_.group, name, where, *thrown);
  broker_->environment().logger().Error("consumer.callback", "%s", std::string(problem.message()));
  callback_problem_.Update(problem);
}

std::vector<TopicPartition> ConsumerCore::Sources() const {
  std::vector<TopicPartition> sources;
  sources.reserve(index_.size());
  for (const auto& [source, partition] : index_) sources.push_back(source);
  return sources;
}

}  // namespace moldau::client
