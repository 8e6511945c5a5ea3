// Joining, sharing out, leaving, and what becomes of members that are not heard of.
#include <map>

#include "coordinator/group_world.h"

namespace moldau::coordinator {
namespace {

// Two members in one generation; `a` leads.
struct Pair {
  explicit Pair(GroupWorld& world) : a(world), b(world) {
    a.JoinAlone();
    b.Join();
    REQUIRE_FALSE(b.joined());
    a.Join();
    a.Sync({{.member_id = a.id, .assignment = "half"}, {.member_id = b.joined()->member_id, .assignment = "rest"}});
    b.Sync();
    REQUIRE(a.synced()->assignment == "half");
    REQUIRE(b.synced()->assignment == "rest");
  }
  Member a;
  Member b;
};

TEST_CASE("a member that is alone leads a generation of its own at once", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.Join();
  REQUIRE(a.joined());
  CHECK(a.joined()->error_code == ErrorCode::kNone);
  CHECK(a.joined()->generation_id == 1);
  CHECK(a.joined()->protocol_name == "range");
  CHECK(a.leads());
  REQUIRE(a.joined()->members.size() == 1);
  CHECK(a.joined()->members[0].metadata == "of all");
  a.Sync({{.member_id = a.id, .assignment = "all"}});
  REQUIRE(a.synced());
  CHECK(a.synced()->assignment == "all");
  CHECK(world.StateOf("baristas") == "Stable");
  CHECK(a.Beat() == ErrorCode::kNone);
}

TEST_CASE("a newcomer is told its id before it is waited for", "[coordinator][group]") {
  GroupWorld world;
  std::optional<protocol::JoinGroupResponse> answer;
  world.coordinator().Join({.group_id = "baristas",
                            .session_timeout_ms = 30'000,
                            .protocol_type = "consumer",
                            .protocols = {{.name = "range"}}},
                           {.client_id = "test"}, [&](protocol::JoinGroupResponse joined) { answer = joined; });
  REQUIRE(answer);
  CHECK(answer->error_code == ErrorCode::kMemberIdRequired);
  CHECK(answer->member_id.starts_with("test-"));
  CHECK(world.StateOf("baristas") == "Empty");
  // It never comes back, and holds others up for one session only.
  Member a(world);
  a.Join();
  world.Pass(29s);
  CHECK_FALSE(a.joined());
  world.Pass(1s);
  REQUIRE(a.joined());
  CHECK(a.joined()->members.size() == 1);
}

TEST_CASE("a second member makes the group rebalance, and both share the next generation", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  Member b(world);
  b.Join();
  CHECK_FALSE(b.joined());  // the group waits for a
  CHECK(world.StateOf("baristas") == "PreparingRebalance");
  CHECK(a.Beat() == ErrorCode::kRebalanceInProgress);
  a.Sync();
  CHECK(a.synced()->error_code == ErrorCode::kRebalanceInProgress);

  a.Join();
  REQUIRE(b.joined());
  b.Note();
  CHECK(a.joined()->generation_id == 2);
  CHECK(b.joined()->generation_id == 2);
  CHECK(a.leads());
  CHECK_FALSE(b.leads());
  CHECK(a.joined()->members.size() == 2);
  CHECK(b.joined()->members.empty());
  CHECK(world.StateOf("baristas") == "CompletingRebalance");

  b.Sync();
  CHECK_FALSE(b.synced());  // waits for the leader's
  CHECK(b.Beat() == ErrorCode::kNone);
  a.Sync({{.member_id = a.id, .assignment = "0"}, {.member_id = b.id, .assignment = "1"}});
  REQUIRE(b.synced());
  CHECK(a.synced()->assignment == "0");
  CHECK(b.synced()->assignment == "1");
  b.Sync();  // asked again
  CHECK(b.synced()->assignment == "1");
}

TEST_CASE("a member that joins again with nothing new is told the current generation", "[coordinator][group]") {
  GroupWorld world;
  Pair both(world);
  both.b.Join();
  REQUIRE(both.b.joined());
  CHECK(both.b.joined()->generation_id == 2);
  CHECK(both.a.Beat() == ErrorCode::kNone);
  // The leader, and a member that offers something else, begin a new one.
  both.a.Join();
  CHECK_FALSE(both.a.joined());
  CHECK(both.b.Beat() == ErrorCode::kRebalanceInProgress);
  both.b.protocols[0].metadata = "other topics";
  both.b.Join();
  CHECK(both.b.joined()->generation_id == 3);
}

TEST_CASE("of the assignors that all members know the one that most want is chosen", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  Member b(world);
  Member c(world);
  a.protocols = {{.name = "sticky"}, {.name = "range"}, {.name = "roundrobin"}};
  b.protocols = {{.name = "roundrobin"}, {.name = "range"}};
  c.protocols = {{.name = "roundrobin"}, {.name = "range"}};
  a.JoinAlone();
  CHECK(a.joined()->protocol_name == "sticky");
  b.Join();
  c.Join();
  a.Join();
  CHECK(a.joined()->protocol_name == "roundrobin");
  CHECK(c.joined()->protocol_name == "roundrobin");
}

TEST_CASE("who shares no assignor, or no type of protocol, with the group is refused", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  const auto refused = [&](Member& member) {
    member.Join();
    return member.joined()->error_code;
  };
  Member other_assignor(world);
  other_assignor.protocols = {{.name = "sticky"}};
  CHECK(refused(other_assignor) == ErrorCode::kInconsistentGroupProtocol);
  Member other_type(world);
  other_type.protocol_type = "connect";
  CHECK(refused(other_type) == ErrorCode::kInconsistentGroupProtocol);
  Member nothing(world);
  nothing.protocols.clear();
  CHECK(refused(nothing) == ErrorCode::kInconsistentGroupProtocol);
  CHECK(a.Beat() == ErrorCode::kNone);
}

TEST_CASE("session timeouts and sizes beyond what the broker allows are refused", "[coordinator][group]") {
  GroupWorld world({.max_size = 1});
  for (const auto timeout : {5999ms, 1'800'001ms}) {
    Member member(world);
    member.session_timeout = timeout;
    member.Join();
    CHECK(member.joined()->error_code == ErrorCode::kInvalidSessionTimeout);
  }
  Member a(world);
  a.JoinAlone();
  Member b(world);
  b.Join();
  CHECK(b.joined()->error_code == ErrorCode::kGroupMaxSizeReached);
  Member nameless(world, "");
  nameless.Join();
  CHECK(nameless.joined()->error_code == ErrorCode::kInvalidGroupId);
}

TEST_CASE("names that are too long to be stored are refused", "[coordinator][group]") {
  GroupWorld world;
  const auto refused = [&](auto change) {
    Member member(world);
    change(member);
    member.Join();
    return member.joined()->error_code;
  };
  const std::string too_long(32'001, 'n');
  CHECK(refused([](Member& m) { m.instance = std::string(250, 'i'); }) == ErrorCode::kInvalidRequest);
  CHECK(refused([&](Member& m) { m.protocol_type = too_long; }) == ErrorCode::kInvalidRequest);
  CHECK(refused([&](Member& m) { m.protocols[0].name = too_long; }) == ErrorCode::kInvalidRequest);
  CHECK(refused([&](Member& m) { m.host = too_long; }) == ErrorCode::kInvalidRequest);
  CHECK(refused([&](Member& m) { m.client_id = too_long; }) == ErrorCode::kInvalidRequest);
  Member a(world);
  const std::string longest(32'000, 'n');
  a.client_id = a.host = a.protocol_type = a.protocols[0].name = longest;
  a.JoinAlone();
  Member b(world, "waiters");
  b.instance = std::string(249, 'i');
  b.JoinAlone();
  world.Restart();
  CHECK(world.StateOf("baristas") == "Stable");
  CHECK(world.StateOf("waiters") == "Stable");
}

TEST_CASE("strangers and members of older generations are told so", "[coordinator][group]") {
  GroupWorld world;
  Member stranger(world);
  stranger.id = "nobody";
  stranger.generation = 1;
  CHECK(stranger.Beat() == ErrorCode::kUnknownMemberId);
  CHECK(stranger.Leave() == ErrorCode::kUnknownMemberId);
  stranger.Join();
  CHECK(stranger.joined()->error_code == ErrorCode::kUnknownMemberId);
  Pair both(world);
  CHECK(stranger.Beat() == ErrorCode::kUnknownMemberId);
  stranger.Sync();
  CHECK(stranger.synced()->error_code == ErrorCode::kUnknownMemberId);
  stranger.id = both.b.id;  // of generation 2
  CHECK(stranger.Beat() == ErrorCode::kIllegalGeneration);
  stranger.Sync();
  CHECK(stranger.synced()->error_code == ErrorCode::kIllegalGeneration);
}

TEST_CASE("a member that is not heard of for its session is left out, to the millisecond", "[coordinator][group]") {
  GroupWorld world;
  Pair both(world);
  for (int i = 0; i < 10; ++i) {  // heartbeats, however long, keep both in it
    world.Pass(29s);
    CHECK(both.a.Beat() == ErrorCode::kNone);
    CHECK(both.b.Beat() == ErrorCode::kNone);
  }
  world.Pass(15s);
  CHECK(both.a.Beat() == ErrorCode::kNone);
  world.Pass(15s - 1ms, 1ms);
  CHECK(world.StateOf("baristas") == "Stable");
  world.Pass(1ms, 1ms);
  CHECK(both.a.Beat() == ErrorCode::kRebalanceInProgress);
  CHECK(both.b.Beat() == ErrorCode::kUnknownMemberId);
  both.a.Join();
  CHECK(both.a.joined()->members.size() == 1);
}

TEST_CASE("who is overdue is left out when others are heard of, though nobody runs the timers",
          "[coordinator][group][G6]") {
  GroupWorld world;
  Pair both(world);
  ManualClock& clock = world.logs().clock();
  clock.Advance(20s);
  CHECK(both.b.Beat() == ErrorCode::kNone);
  clock.Advance(15s);
  CHECK(both.b.Beat() == ErrorCode::kNone);  // the timer may be about to run
  clock.Advance(1s);
  CHECK(both.b.Beat() == ErrorCode::kNone);
  CHECK(both.b.Beat() == ErrorCode::kRebalanceInProgress);
  CHECK(both.a.Beat() == ErrorCode::kUnknownMemberId);
}

TEST_CASE("when a whole process has stood still its members are heard of before any is left out",
          "[coordinator][group][G6]") {
  GroupWorld world;
  Pair both(world);
  world.logs().clock().Advance(10min);
  CHECK(both.a.Beat() == ErrorCode::kNone);
  CHECK(both.b.Beat() == ErrorCode::kNone);
  world.RunTasks();
  CHECK(both.a.Beat() == ErrorCode::kNone);
  CHECK(both.b.Beat() == ErrorCode::kNone);
}

TEST_CASE("a member that beats but does not join again holds a rebalance up for its rebalance timeout only",
          "[coordinator][group]") {
  GroupWorld world;
  Pair both(world);
  Member c(world);
  c.Join();
  both.a.Join();
  for (int i = 0; i < 59; ++i) {
    world.Pass(1s);
    CHECK(both.b.Beat() == ErrorCode::kRebalanceInProgress);
  }
  CHECK_FALSE(c.joined());
  world.Pass(1s);
  REQUIRE(c.joined());
  CHECK(c.joined()->generation_id == 3);
  CHECK(both.b.Beat() == ErrorCode::kUnknownMemberId);
}

TEST_CASE("members that do not ask for their assignment are left out, the leader too", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  Member b(world);
  for (Member* member : {&a, &b}) {
    member->session_timeout = 10min;
    member->rebalance_timeout = 20s;
  }
  a.JoinAlone();
  b.Join();
  a.Join();  // leads, and is not heard of any more
  b.Sync();
  world.Pass(20s);
  REQUIRE(b.synced());
  CHECK(b.synced()->error_code == ErrorCode::kRebalanceInProgress);
  b.Join();
  REQUIRE(b.joined());
  CHECK(b.leads());
  CHECK(b.joined()->members.size() == 1);
}

TEST_CASE("who leaves is not waited for, and the last one leaves an empty group", "[coordinator][group]") {
  GroupWorld world;
  Pair both(world);
  CHECK(both.b.Leave() == ErrorCode::kNone);
  CHECK(both.a.Beat() == ErrorCode::kRebalanceInProgress);
  both.a.JoinAlone();
  CHECK(both.a.generation == 3);
  CHECK(both.a.Leave() == ErrorCode::kNone);
  CHECK(world.StateOf("baristas") == "Empty");
  CHECK(both.a.Leave() == ErrorCode::kUnknownMemberId);
  Member c(world);
  c.JoinAlone();
  CHECK(c.generation == 5);  // generations only rise
}

TEST_CASE("a member in the broker's process is told at once that a rebalance begins", "[coordinator][group]") {
  GroupWorld world;
  int told = 0;
  std::string id;
  const auto join = [&](std::string member_id) {
    world.coordinator().Join({.group_id = "baristas",
                              .session_timeout_ms = 30'000,
                              .rebalance_timeout_ms = 30'000,
                              .member_id = std::move(member_id),
                              .protocol_type = "consumer",
                              .protocols = {{.name = "range"}}},
                             {.client_id = "test", .on_rebalance = [&] { ++told; }},
                             [&](protocol::JoinGroupResponse answer) { id = answer.member_id; });
  };
  join("");
  join(id);
  CHECK(told == 0);
  Member b(world);
  b.Join();
  CHECK(told == 1);
}

TEST_CASE("a thousand members that come in a second make few generations", "[coordinator][group][G2]") {
  GroupWorld world({.initial_rebalance_delay = 3s});
  std::vector<std::unique_ptr<Member>> members;
  for (int i = 0; i < 1000; ++i) {
    members.push_back(std::make_unique<Member>(world));
    members.back()->Join();
    world.Pass(1ms, 1ms);
  }
  world.Pass(10s);
  int joined = 0;
  for (auto& member : members) {
    member->Note();
    joined += member->joined() && member->generation <= 5;
  }
  CHECK(joined == 1000);
  const auto leader = std::find_if(members.begin(), members.end(), [](const auto& one) { return one->leads(); });
  REQUIRE(leader != members.end());
  CHECK((*leader)->joined()->members.size() == 1000);
  CHECK((*leader)->generation == 1);

  // Flapping: ten of them leave and come back within a second; the rest joins again when it hears of it.
  std::vector<protocol::SyncGroupRequest::Assignment> shares;
  for (auto& member : members) shares.push_back({.member_id = member->id, .assignment = "some"});
  for (auto& member : members) member->Sync(member->leads() ? shares : decltype(shares)());
  for (int i = 0; i < 10; ++i) {
    CHECK(members[static_cast<size_t>(i)]->Leave() == ErrorCode::kNone);
    members[static_cast<size_t>(i)] = std::make_unique<Member>(world);
    members[static_cast<size_t>(i)]->Join();
  }
  for (auto& member : members) {
    if (member->generation == 1) member->Join();
  }
  for (auto& member : members) {
    REQUIRE(member->joined());
    member->Note();
    CHECK(member->generation == 2);
  }
}

TEST_CASE("the first generation waits no longer for newcomers than the members' rebalance timeout",
          "[coordinator][group]") {
  GroupWorld world({.initial_rebalance_delay = 3s});
  Member first(world);
  first.rebalance_timeout = 5s;
  first.Join();
  std::vector<std::unique_ptr<Member>> others;
  for (int second = 0; second < 4; ++second) {
    world.Pass(1s);
    others.push_back(std::make_unique<Member>(world));
    others.back()->rebalance_timeout = 5s;
    others.back()->Join();
    CHECK_FALSE(first.joined());
  }
  world.Pass(1s);
  REQUIRE(first.joined());
  CHECK(first.joined()->generation_id == 1);
}

// --- static members ---

TEST_CASE("a static member that comes back in time has its assignment, without a rebalance", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.instance = "till 1";
  a.JoinAlone("half");
  Member b(world);
  b.Join();
  a.Join();
  a.Sync({{.member_id = a.id, .assignment = "half"}, {.member_id = b.joined()->member_id, .assignment = "rest"}});
  b.Sync();

  Member again(world);
  again.instance = "till 1";
  again.Join();
  REQUIRE(again.joined());
  CHECK(again.joined()->error_code == ErrorCode::kNone);
  CHECK(again.joined()->generation_id == 2);
  CHECK(again.joined()->skip_assignment);
  CHECK(again.id != a.id);
  again.Sync();
  CHECK(again.synced()->assignment == "half");
  CHECK(b.Beat() == ErrorCode::kNone);
  CHECK(a.Beat() == ErrorCode::kFencedInstanceId);
  CHECK(a.Commit(5) == ErrorCode::kFencedInstanceId);
}

TEST_CASE("a newcomer cannot take a static member's name with the id that it was told", "[coordinator][group][G8]") {
  GroupWorld world;
  Member a(world);
  a.instance = "till 1";
  a.JoinAlone();
  Member newcomer(world);
  world.coordinator().Join({.group_id = "baristas",
                            .session_timeout_ms = 30'000,
                            .protocol_type = "consumer",
                            .protocols = {{.name = "range"}}},
                           {.client_id = "test"},
                           [&](protocol::JoinGroupResponse told) { newcomer.id = told.member_id; });
  REQUIRE(newcomer.id.starts_with("test-"));
  newcomer.instance = "till 1";
  newcomer.Join();
  REQUIRE(newcomer.joined());
  CHECK(newcomer.joined()->error_code == ErrorCode::kFencedInstanceId);
  CHECK(a.Beat() == ErrorCode::kNone);
}

TEST_CASE("a static member that comes back for other topics makes the group rebalance", "[coordinator][group]") {
  const auto subscription = [](std::vector<std::string> topics, int32_t generation) {
    auto bytes = protocol::EncodeSubscription({.topics = std::move(topics), .generation_id = generation});
    REQUIRE_OK(bytes);
    return *std::move(bytes);
  };
  GroupWorld world;
  Member a(world);
  a.instance = "till 1";
  a.protocols[0].metadata = subscription({"orders"}, 4);
  a.JoinAlone();
  Member same(world);
  same.instance = "till 1";
  same.protocols[0].metadata = subscription({"orders"}, -1);
  same.Join();
  CHECK(same.joined()->generation_id == 1);
  Member other(world);
  other.instance = "till 1";
  other.protocols[0].metadata = subscription({"refunds"}, -1);
  other.Join();
  CHECK(other.joined()->generation_id == 2);
  CHECK_FALSE(other.joined()->skip_assignment);
}

TEST_CASE("of a static member that is started twice at once the later one is it", "[coordinator][group][G8]") {
  GroupWorld world;
  Member a(world);
  a.instance = "till 1";
  a.JoinAlone();
  Member b(world);
  b.Join();  // begins a rebalance, in which all this happens
  Member second(world);
  second.instance = "till 1";
  second.Join();
  Member third(world);
  third.instance = "till 1";
  third.Join();
  b.Join();
  REQUIRE(second.joined());
  REQUIRE(third.joined());
  third.Note();
  CHECK(a.Beat() == ErrorCode::kFencedInstanceId);
  CHECK(second.Beat() != ErrorCode::kNone);
  CHECK(second.Commit(9) != ErrorCode::kNone);
  CHECK(CommittedIn(world) == -1);
  CHECK(third.joined()->error_code == ErrorCode::kNone);
  CHECK(third.Beat() == ErrorCode::kNone);
}

TEST_CASE("a static member is waited for until its session ends, and can be removed by its name",
          "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.instance = "till 1";
  a.JoinAlone();
  Member b(world);
  b.Join();
  world.Pass(29s);
  CHECK_FALSE(b.joined());
  world.Pass(1s);
  REQUIRE(b.joined());
  CHECK(b.joined()->members.size() == 1);

  Member c(world, "waiters");
  c.instance = "till 1";
  c.JoinAlone();
  const auto removed =
      world.coordinator().Leave({.group_id = "waiters", .members = {{.member_id = "", .group_instance_id = "till 1"}}});
  CHECK(removed.members.at(0).error_code == ErrorCode::kNone);
  CHECK(world.StateOf("waiters") == "Empty");
}

// --- restarts ---

TEST_CASE("a group is found again after a restart, and its members go on", "[coordinator][group]") {
  GroupWorld world;
  Pair both(world);
  world.Restart();
  CHECK(world.StateOf("baristas") == "Stable");
  CHECK(both.a.Beat() == ErrorCode::kNone);
  CHECK(both.b.Commit(3) == ErrorCode::kNone);
  both.b.Sync();
  CHECK(both.b.synced()->assignment == "rest");
  // Each has a whole session to be heard of.
  world.Restart();
  CHECK(world.StateOf("baristas") == "Stable");
  world.Pass(29s);
  CHECK(both.a.Beat() == ErrorCode::kNone);
  world.Pass(1s);
  CHECK(both.a.Beat() == ErrorCode::kRebalanceInProgress);
  CHECK(both.b.Beat() == ErrorCode::kUnknownMemberId);
}

TEST_CASE("after a restart a member that does not come back is waited for one session, and then its share has an owner",
          "[coordinator][group][G5]") {
  GroupWorld world;
  Pair both(world);
  world.Flush();
  if (GENERATE(false, true)) {
    world.Crash();
  } else {
    world.Restart();
  }
  CHECK(both.b.Beat() == ErrorCode::kNone);  // a led, and is gone
  world.Pass(29s);
  CHECK(both.b.Beat() == ErrorCode::kNone);
  world.Pass(1s);
  CHECK(both.b.Beat() == ErrorCode::kRebalanceInProgress);
  both.b.JoinAlone("all");
  CHECK(both.b.leads());
  CHECK(both.b.synced()->assignment == "all");
}

TEST_CASE("members that ended with the broker's process are not waited for", "[coordinator][group]") {
  GroupWorld world;
  {
    Member local(world);
    local.host = kInProcessHost;
    local.JoinAlone();
  }
  world.Restart();
  CHECK(world.StateOf("baristas") == "Empty");
  Member next(world);
  next.JoinAlone();
  CHECK(next.generation == 2);

  // With members elsewhere the group shares out anew what the others had.
  Member local(world);
  local.host = kInProcessHost;
  local.Join();
  next.Join();
  next.Sync({{.member_id = next.id, .assignment = "0"}, {.member_id = local.joined()->member_id, .assignment = "1"}});
  world.Restart();
  CHECK(next.Beat() == ErrorCode::kRebalanceInProgress);
  next.Join();
  REQUIRE(next.joined());
  CHECK(next.joined()->members.size() == 1);
}

TEST_CASE("whoever waits when the broker closes is answered", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  Member b(world);
  b.Join();
  REQUIRE_FALSE(b.joined());
  world.coordinator().Close();
  REQUIRE(b.joined());
  CHECK(b.joined()->error_code == ErrorCode::kCoordinatorNotAvailable);
  CHECK(a.Beat() == ErrorCode::kCoordinatorNotAvailable);
  a.Join();
  CHECK(a.joined()->error_code == ErrorCode::kCoordinatorNotAvailable);
}

}  // namespace
}  // namespace moldau::coordinator
