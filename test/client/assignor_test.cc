#include "moldau/assignor.h"

#include <algorithm>
#include <map>
#include <set>

#include "moldau/base/random.h"
#include "moldau/error.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau {
namespace {

using test::Scaled;

std::shared_ptr<const Assignor> Named(std::string_view name) {
  auto assignor = FindAssignor(name);
  REQUIRE_OK(assignor);
  return *std::move(assignor);
}

GroupSubscription Member(std::string id, std::vector<std::string> topics, std::vector<TopicPartition> owned = {},
                         int32_t generation = -1) {
  return {.member_id = std::move(id), .topics = std::move(topics), .owned = std::move(owned), .generation = generation};
}

// As the members would say it that have this from generation 1.
std::vector<GroupSubscription> After(const GroupAssignment& assignment, std::vector<GroupSubscription> members,
                                     const Assignor& assignor, int32_t generation = 1) {
  for (GroupSubscription& member : members) {
    const auto found = assignment.find(member.member_id);
    member.owned = found == assignment.end() ? std::vector<TopicPartition>() : found->second;
    member.generation = generation;
    member.user_data = assignor.UserData(member.owned, generation);
  }
  return members;
}

size_t CountMoved(const GroupAssignment& before, const GroupAssignment& after) {
  std::map<TopicPartition, std::string> owner;
  for (const auto& [id, partitions] : before) {
    for (const TopicPartition& partition : partitions) owner[partition] = id;
  }
  size_t moved = 0;
  for (const auto& [id, partitions] : after) {
    for (const TopicPartition& partition : partitions) moved += owner.contains(partition) && owner[partition] != id;
  }
  return moved;
}

using Shares = GroupAssignment;

TEST_CASE("assignors are found by Kafka's names, and others are refused", "[client][assignor]") {
  for (const char* name : {"range", "roundrobin", "sticky", "cooperative-sticky"}) {
    CHECK(Named(name)->name() == name);
    CHECK(Named(name)->is_cooperative() == (std::string_view(name) == "cooperative-sticky"));
  }
  const absl::Status unknown = FindAssignor("fair").status();
  CHECK(absl::IsInvalidArgument(unknown));
  CHECK(GetErrorCode(unknown) == ErrorCode::kInconsistentGroupProtocol);
}

TEST_CASE("range gives each reader of a topic a contiguous range, the first ones one more", "[client][assignor]") {
  const auto shares = Named("range")->Assign({Member("a", {"t", "u"}), Member("b", {"t", "u"}), Member("c", {"u"})},
                                             {{"t", 3}, {"u", 4}});
  CHECK(shares ==
        Shares{{"a", {{"t", 0}, {"t", 1}, {"u", 0}, {"u", 1}}}, {"b", {{"t", 2}, {"u", 2}}}, {"c", {{"u", 3}}}});
}

TEST_CASE("roundrobin deals all partitions out in turn to those who read them", "[client][assignor]") {
  const auto assignor = Named("roundrobin");
  CHECK(assignor->Assign({Member("a", {"t", "u"}), Member("b", {"t", "u"})}, {{"t", 3}, {"u", 3}}) ==
        Shares{{"a", {{"t", 0}, {"t", 2}, {"u", 1}}}, {"b", {{"t", 1}, {"u", 0}, {"u", 2}}}});
  CHECK(assignor->Assign({Member("a", {"t"}), Member("b", {"u"})}, {{"t", 2}, {"u", 1}}) ==
        Shares{{"a", {{"t", 0}, {"t", 1}}}, {"b", {{"u", 0}}}});
}

TEST_CASE("static members are dealt to by their instance, whatever member id a restart gave them",
          "[client][assignor]") {
  const auto static_member = [](std::string id, std::string instance) {
    GroupSubscription member = Member(std::move(id), {"t"});
    member.instance_id = std::move(instance);
    return member;
  };
  for (const char* name : {"range", "roundrobin"}) {
    const auto before = Named(name)->Assign({static_member("id1", "x"), static_member("id2", "y")}, {{"t", 2}});
    const auto after = Named(name)->Assign({static_member("id2", "y"), static_member("id9", "x")}, {{"t", 2}});
    CHECK(before.at("id1") == after.at("id9"));
    CHECK(before.at("id2") == after.at("id2"));
  }
}

TEST_CASE("sticky assignors keep what members have, and move no more than a newcomer's share", "[client][assignor]") {
  for (const char* name : {"sticky", "cooperative-sticky"}) {
    const auto assignor = Named(name);
    const PartitionCounts counts = {{"t", 8}, {"u", 4}};
    std::vector<GroupSubscription> members = {Member("a", {"t", "u"}), Member("b", {"t", "u"}),
                                              Member("c", {"t", "u"})};
    const auto first = assignor->Assign(members, counts);
    for (const auto& [id, partitions] : first) CHECK(partitions.size() == 4);

    members = After(first, members, *assignor);
    CHECK(assignor->Assign(members, counts) == first);

    members.push_back(Member("d", {"t", "u"}));
    const auto second = assignor->Assign(members, counts);
    for (const auto& [id, partitions] : second) CHECK(partitions.size() == 3);
    CHECK(CountMoved(first, second) == 3);

    members = After(second, members, *assignor, 2);
    members.erase(members.begin());
    const auto third = assignor->Assign(members, counts);
    CHECK(CountMoved(second, third) == 3);  // what the one who left had
  }
}

TEST_CASE("of two that claim a partition the later generation has it, and of equals nobody", "[client][assignor]") {
  const auto assignor = Named("cooperative-sticky");
  const PartitionCounts counts = {{"t", 2}};
  const auto later =
      assignor->Assign({Member("a", {"t"}, {{"t", 0}, {"t", 1}}, 3), Member("b", {"t"}, {{"t", 1}}, 4)}, counts);
  CHECK(later == Shares{{"a", {{"t", 0}}}, {"b", {{"t", 1}}}});
  const auto equal = assignor->Assign({Member("a", {"t"}, {{"t", 0}}, 4), Member("b", {"t"}, {{"t", 0}}, 4)}, counts);
  CHECK(equal.at("a").size() + equal.at("b").size() == 2);
}

TEST_CASE("the generation of a client with old subscriptions comes from its user data", "[client][assignor]") {
  const auto assignor = Named("cooperative-sticky");
  GroupSubscription old_client = Member("a", {"t"}, {{"t", 0}});
  old_client.user_data = assignor->UserData({}, 7);
  CHECK(assignor->Assign({old_client, Member("b", {"t"}, {{"t", 0}}, 6)}, {{"t", 2}}).at("a") ==
        std::vector<TopicPartition>{{"t", 0}});
}

TEST_CASE("user data that is no user data changes nothing", "[client][assignor]") {
  const auto assignor = Named("sticky");
  Random random(3);
  const std::string good = assignor->UserData({{"t", 0}, {"t", 3}, {"u", 1}}, 5);
  for (size_t size = 0; size < good.size(); ++size) {
    GroupSubscription member = Member("a", {"t"});
    member.user_data = good.substr(0, size);
    CHECK(assignor->Assign({member}, {{"t", 4}}).at("a").size() == 4);
    member.user_data = good;
    member.user_data[size] = static_cast<char>(random.Next());
    CHECK(assignor->Assign({member}, {{"t", 4}}).at("a").size() == 4);
  }
}

// Every partition that somebody reads belongs to one reader; shares are as even as the assignor promises.
TEST_CASE("no assignor forgets a partition or gives one away twice, whoever subscribes to what", "[client][assignor]") {
  const char* names[] = {"range", "roundrobin", "sticky", "cooperative-sticky"};
  for (int seed = 0; seed < Scaled(300); ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const auto assignor = Named(names[random.Below(4)]);
    PartitionCounts counts;
    for (uint64_t t = 1 + random.Below(4); t > 0; --t) {
      counts["t" + std::to_string(t)] = static_cast<int32_t>(1 + random.Below(9));
    }
    std::vector<GroupSubscription> members;
    GroupAssignment last;
    for (int32_t generation = 1; generation <= 4; ++generation) {
      members = After(last, members, *assignor, generation - 1);
      if (members.size() > 1 && random.OneIn(2)) members.erase(members.begin() + static_cast<long>(random.Below(2)));
      for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
        std::vector<std::string> topics;
        for (const auto& [topic, count] : counts) {
          if (!random.OneIn(3)) topics.push_back(topic);
        }
        members.push_back(Member("m" + std::to_string(generation) + std::to_string(n), topics));
      }
      std::sort(members.begin(), members.end(), [](auto& a, auto& b) { return a.member_id < b.member_id; });
      last = assignor->Assign(members, counts);
      std::set<TopicPartition> given;
      for (const auto& [id, partitions] : last) {
        const auto member =
            std::find_if(members.begin(), members.end(), [&id = id](auto& one) { return one.member_id == id; });
        REQUIRE(member != members.end());
        for (const TopicPartition& partition : partitions) {
          REQUIRE(std::count(member->topics.begin(), member->topics.end(), partition.topic) == 1);
          REQUIRE(given.insert(partition).second);
        }
      }
      size_t readable = 0;
      for (const auto& [topic, count] : counts) {
        if (std::any_of(members.begin(), members.end(), [&topic = topic](auto& member) {
              return std::count(member.topics.begin(), member.topics.end(), topic) > 0;
            })) {
          readable += static_cast<size_t>(count);
        }
      }
      REQUIRE(given.size() == readable);
    }
  }
}

TEST_CASE("shares of equal subscribers differ by one partition at most", "[client][assignor]") {
  for (const char* name : {"roundrobin", "sticky", "cooperative-sticky"}) {
    for (int32_t partitions = 1; partitions < 20; ++partitions) {
      const auto shares = Named(name)->Assign(
          {Member("a", {"t", "u"}), Member("b", {"t", "u"}), Member("c", {"t", "u"})}, {{"t", partitions}, {"u", 2}});
      std::vector<size_t> sizes;
      for (const char* id : {"a", "b", "c"}) sizes.push_back(shares.contains(id) ? shares.at(id).size() : 0);
      const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
      CHECK(*most - *least <= 1);
    }
  }
}

}  // namespace
}  // namespace moldau
