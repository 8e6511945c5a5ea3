// Random histories of a group, checked against what must hold at every moment: a partition has at most one owner per
// generation, what was committed by whoever may is what is fetched, also after a crash, and a group that is left in
// peace comes to rest with every partition assigned.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/group_world.h"
#include "moldau/base/random.h"
#include "support/violation.h"

namespace moldau::coordinator {

inline constexpr int kHistoryPartitions = 6;

// What histories did.
struct GroupTotals {
  int operations = 0;
  int crashes = 0;
  int commits = 0;
  int refused = 0;
};

// Shares the numbers 0 to 5 out as characters.
inline std::vector<protocol::SyncGroupRequest::Assignment> ShareOut(const protocol::JoinGroupResponse& led) {
  std::vector<protocol::SyncGroupRequest::Assignment> shares;
  for (const auto& member : led.members) shares.push_back({.member_id = member.member_id});
  for (int p = 0; p < kHistoryPartitions; ++p) {
    shares[static_cast<size_t>(p) % shares.size()].assignment.push_back(static_cast<char>('0' + p));
  }
  return shares;
}

// What random members of a group do, on a disk that loses power, and what is wrong with it.
class GroupHistory {
 public:
  explicit GroupHistory(uint64_t seed)
      : random_(seed), world_({.initial_rebalance_delay = random_.OneIn(3) ? 3000ms : 0ms}) {}

  void Run(int steps) {
    for (int i = 0; i < steps && problem_.empty(); ++i) {
      Step();
      Check();
    }
    if (problem_.empty()) ComeToRest();
  }

  // Empty if nothing is wrong.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const GroupTotals& totals() const { return totals_; }

 private:
  void Step() {
    ++totals_.operations;
    switch (random_.Below(12)) {
      case 0:
        if (members_.size() < 5) {
          members_.push_back(std::make_unique<Member>(world_));
          members_.back()->session_timeout = 10s;
          members_.back()->rebalance_timeout = 20s;
          if (random_.OneIn(4)) members_.back()->instance = random_.OneIn(2) ? "x" : "y";
          members_.back()->Join();
        }
        return;
      case 1:
        if (Member* member = Any()) {
          if (random_.OneIn(2)) member->Leave();
          synced_generation_.erase(member);
          std::erase_if(members_, [&](const auto& one) { return one.get() == member; });  // or it vanishes
        }
        return;
      case 2:
        world_.Pass(std::chrono::seconds(random_.Below(8)));
        return;
      case 3:
        if (random_.OneIn(6)) Restart();
        return;
      case 4:
      case 5:
        return Commit();
      default:
        if (Member* member = Any()) Follow(*member);
        return;
    }
  }

  Member* Any() { return members_.empty() ? nullptr : members_[random_.Below(members_.size())].get(); }

  // One step of what a client does.
  void Follow(Member& member) {
    if (!member.joined()) return;  // waits
    if (member.joined()->error_code != ErrorCode::kNone) return Again(member);
    member.Note();
    if (synced_generation_[&member] != member.generation) {
      synced_generation_[&member] = member.generation;
      return member.Sync(member.leads() && !member.joined()->skip_assignment
                             ? ShareOut(*member.joined())
                             : std::vector<protocol::SyncGroupRequest::Assignment>());
    }
    if (!member.synced()) return;  // waits
    if (member.synced()->error_code != ErrorCode::kNone) return Again(member);
    switch (member.Beat()) {
      case ErrorCode::kNone:
        return;
      case ErrorCode::kRebalanceInProgress:
        return member.Join();
      default:
        return Again(member);
    }
  }
  void Again(Member& member) {
    const ErrorCode error = member.joined() ? member.joined()->error_code : ErrorCode::kNone;
    const bool rejoins =
        error == ErrorCode::kNone && member.synced() && member.synced()->error_code == ErrorCode::kRebalanceInProgress;
    if (!rejoins) {
      member.id.clear();
      member.generation = -1;
    }
    synced_generation_.erase(&member);
    member.Join();
  }

  // Somebody commits, perhaps with what it remembers of an older generation.
  void Commit() {
    Member* member = Any();
    if (member == nullptr || member->generation < 0) return;
    const int64_t offset = ++next_offset_;
    int32_t claimed = member->generation;
    if (random_.OneIn(3)) claimed = std::max(0, claimed - static_cast<int32_t>(1 + random_.Below(2)));
    const auto commitment = world_.coordinator().Commit(
        {.group_id = "baristas",
         .generation_id = claimed,
         .member_id = member->id,
         .group_instance_id = member->instance,
         .topics = {{.name = "orders", .partitions = {{.partition_index = 0, .committed_offset = offset}}}}});
    const ErrorCode error = commitment.response.topics.at(0).partitions.at(0).error_code;
    if (error != ErrorCode::kNone) {
      ++totals_.refused;
      return;
    }
    Expect(claimed >= newest_committed_generation_, "a commit of an old generation comes after one of a newer");
    newest_committed_generation_ = claimed;
    ++totals_.commits;
    committed_ = offset;
    if (random_.OneIn(2)) {
      Expect(commitment.receipt.Wait().ok(), "a commit does not become durable");
      durable_ = offset;
    }
  }

  void Restart() {
    if (random_.OneIn(2)) {
      world_.Restart();
      return;
    }
    // The members' machine, too.
    members_.clear();
    synced_generation_.clear();
    ++totals_.crashes;
    world_.Crash(world_.logs().disk().RandomPlan(random_));
    // Commits are in one log in their order: what is left is a prefix that has all that was durable.
    const int64_t left = CommittedIn(world_);
    Expect(left >= durable_, "a durable commit is lost");
    Expect(left <= committed_, "an offset is there that nobody committed");
    committed_ = durable_ = left;
    newest_committed_generation_ = -1;  // the generations after the last that was flushed are lost as well
    owners_.clear();
  }

  void Check() {
    Expect(CommittedIn(world_) == committed_, "what was committed is not what is fetched");
    for (const auto& member : members_) {
      if (!member->synced() || member->synced()->error_code != ErrorCode::kNone) continue;
      if (synced_generation_[member.get()] != member->generation) continue;
      for (const char partition : member->synced()->assignment) {
        const std::string who = member->instance ? *member->instance : member->id;
        const auto [owner, is_first] = owners_.try_emplace({member->generation, partition}, who);
        Expect(is_first || owner->second == who, "a partition has two owners in one generation");
      }
    }
  }

  // Everybody does what clients do; the ones that vanished are given up.
  void ComeToRest() {
    if (members_.empty()) {
      members_.push_back(std::make_unique<Member>(world_));
      members_.back()->Join();
    }
    // Of two that claim one instance only the last survives: the earlier one's program would end.
    for (int round = 0; round < 120; ++round) {
      world_.Pass(1s);
      for (const auto& member : members_) {
        const bool fenced = (member->joined() && member->joined()->error_code == ErrorCode::kFencedInstanceId) ||
                            (member->generation >= 0 && member->Beat() == ErrorCode::kFencedInstanceId);
        ++totals_.operations;
        if (!fenced) Follow(*member);
      }
      Check();
    }
    Expect(world_.StateOf("baristas") == "Stable", "the group does not come to rest");
    std::map<char, int> owners;
    const auto described = world_.coordinator().Describe({.groups = {"baristas"}});
    for (const auto& member : described.groups[0].members) {
      for (const char partition : member.member_assignment) ++owners[partition];
    }
    Expect(owners.size() == kHistoryPartitions, "partitions are left to nobody");
  }

  void Expect(bool holds, const char* what) {
    if (!holds && problem_.empty()) problem_ = what;
  }

  Random random_;
  GroupWorld world_;
  std::vector<std::unique_ptr<Member>> members_;
  std::map<Member*, int32_t> synced_generation_;
  std::map<std::pair<int32_t, char>, std::string> owners_;
  int64_t next_offset_ = 0;
  int64_t committed_ = -1;
  int64_t durable_ = -1;
  int32_t newest_committed_generation_ = -1;
  GroupTotals totals_;
  std::string problem_;
};

// Histories of as many seeds.
inline GroupTotals RunGroupHistories(int seeds) {
  GroupTotals totals;
  for (int seed = 0; seed < seeds; ++seed) {
    GroupHistory history(static_cast<uint64_t>(seed));
    history.Run(150);
    test::Demand(history.problem().empty(), "seed %d: %s", seed, history.problem());
    totals.operations += history.totals().operations;
    totals.crashes += history.totals().crashes;
    totals.commits += history.totals().commits;
    totals.refused += history.totals().refused;
  }
  return totals;
}

}  // namespace moldau::coordinator
