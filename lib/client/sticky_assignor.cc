#include "client/sticky_assignor.h"

#include <algorithm>
#include <set>

#include "protocol/wire_reader.h"
#include "protocol/wire_writer.h"

namespace moldau::client {
namespace {

using protocol::WireReader;
using protocol::WireWriter;

constexpr size_t kLeastTopicBytes = 6;
constexpr size_t kLeastPartitionBytes = 4;

// What a member had, and since when.
struct Claim {
  std::vector<TopicPartition> owned;
  int32_t generation = -1;
};

// By the user data of the sticky assignor; if it is not understood, by the subscription.
Claim StickyClaim(const GroupSubscription& member) {
  Claim claim{member.owned, member.generation};
  if (member.user_data.empty()) return claim;
  WireReader in(member.user_data);
  std::vector<TopicPartition> owned;
  const size_t topics = in.ArrayLength(kLeastTopicBytes);
  for (size_t i = 0; i < topics && in.ok(); ++i) {
    const std::string topic(in.String());
    const size_t count = in.ArrayLength(kLeastPartitionBytes);
    for (size_t k = 0; k < count && in.ok(); ++k) owned.push_back({topic, in.Int<int32_t>()});
  }
  const bool has_generation = in.ok() && in.left() >= sizeof(int32_t);  // version 0 has none
  const int32_t generation = has_generation ? in.Int<int32_t>() : -1;
  return in.ok() ? Claim{std::move(owned), generation} : claim;
}

Claim CooperativeClaim(const GroupSubscription& member) {
  Claim claim{member.owned, member.generation};
  if (claim.generation >= 0) return claim;
  WireReader in(member.user_data);
  const auto generation = in.Int<int32_t>();
  if (in.ok()) claim.generation = generation;
  return claim;
}

// Who had each partition: of several that claim it the one of the latest generation; nobody if that is not clear.
std::map<TopicPartition, std::string> FindOwners(const std::vector<GroupSubscription>& members, bool cooperative) {
  std::map<TopicPartition, std::string> owners;
  std::map<TopicPartition, int32_t> since;
  for (const GroupSubscription& member : members) {
    const Claim claim = cooperative ? CooperativeClaim(member) : StickyClaim(member);
    for (const TopicPartition& partition : claim.owned) {
      const auto [place, is_first] = since.try_emplace(partition, claim.generation);
      if (is_first || claim.generation > place->second) {
        place->second = claim.generation;
        owners[partition] = member.member_id;
      } else if (claim.generation == place->second) {
        owners[partition].clear();
      }
    }
  }
  return owners;
}

// The assignment while it is made.
class Balance {
 public:
  Balance(const std::vector<GroupSubscription>& members, const PartitionCounts& partitions) {
    for (const GroupSubscription& member : members) {
      shares_[member.member_id];
      for (const std::string& topic : member.topics) {
        if (partitions.contains(topic)) readers_[topic].push_back(member.member_id);
      }
    }
    for (const auto& [topic, readers] : readers_) {
      for (int32_t id = 0; id < partitions.at(topic); ++id) free_.insert({topic, id});
    }
  }

  void Keep(const std::map<TopicPartition, std::string>& owners) {
    for (const auto& [partition, owner] : owners) {
      if (free_.contains(partition) && Reads(owner, partition.topic)) Give(partition, owner);
    }
  }

  // The rest goes to whoever has least; those with few readers first, while there is a choice.
  void HandOut() {
    std::vector<TopicPartition> rest(free_.begin(), free_.end());
    std::stable_sort(rest.begin(), rest.end(), [this](const auto& a, const auto& b) {
      return readers_.at(a.topic).size() < readers_.at(b.topic).size();
    });
    for (const TopicPartition& partition : rest) Give(partition, Poorest(partition.topic));
  }

  // Moves single partitions from the richest members that can give to the poorest that can take, until no move makes
  // the shares more even. Each move lessens the sum of the squares of the shares, so it ends.
  void Even() {
    while (MoveOne()) {
    }
  }

  [[nodiscard]] const std::map<std::string, std::set<TopicPartition>>& shares() const { return shares_; }

 private:
  bool MoveOne() {
    std::vector<std::set<TopicPartition>*> richest_first;
    for (auto& [member, share] : shares_) richest_first.push_back(&share);
    std::stable_sort(richest_first.begin(), richest_first.end(),
                     [](const auto* a, const auto* b) { return a->size() > b->size(); });
    for (std::set<TopicPartition>* const share : richest_first) {
      for (auto at = share->begin(); at != share->end(); ++at) {
        std::set<TopicPartition>& poorest = shares_.at(Poorest(at->topic));
        if (poorest.size() + 1 >= share->size()) continue;
        poorest.insert(share->extract(at));
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool Reads(const std::string& member, const std::string& topic) const {
    const std::vector<std::string>& readers = readers_.at(topic);
    return std::find(readers.begin(), readers.end(), member) != readers.end();
  }
  [[nodiscard]] const std::string& Poorest(const std::string& topic) const {
    const std::vector<std::string>& readers = readers_.at(topic);
    return *std::min_element(readers.begin(), readers.end(), [this](const auto& a, const auto& b) {
      return shares_.at(a).size() < shares_.at(b).size();
    });
  }
  void Give(const TopicPartition& partition, const std::string& member) {
    free_.erase(partition);
    shares_.at(member).insert(partition);
  }

  std::map<std::string, std::set<TopicPartition>> shares_;   // by member
  std::map<std::string, std::vector<std::string>> readers_;  // by topic
  std::set<TopicPartition> free_;
};

}  // namespace

std::string StickyAssignor::UserData(const std::vector<TopicPartition>& owned, int32_t generation) const {
  WireWriter out;
  if (cooperative_) {  // the subscription itself says what is owned
    out.Int(generation);
    return std::move(out).take();
  }
  std::map<std::string, std::vector<int32_t>> by_topic;
  for (const TopicPartition& partition : owned) by_topic[partition.topic].push_back(partition.partition);
  out.Int(static_cast<int32_t>(by_topic.size()));
  for (const auto& [topic, partitions] : by_topic) {
    out.String(topic);
    out.Int(static_cast<int32_t>(partitions.size()));
    for (const int32_t id : partitions) out.Int(id);
  }
  out.Int(generation);
  return std::move(out).take();
}

GroupAssignment StickyAssignor::Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const {
  Balance balance(members, partitions);
  balance.Keep(FindOwners(members, cooperative_));
  balance.HandOut();
  balance.Even();
  GroupAssignment assignment;
  for (const auto& [member, share] : balance.shares()) assignment[member].assign(share.begin(), share.end());
  return assignment;
}

}  // namespace moldau::client
