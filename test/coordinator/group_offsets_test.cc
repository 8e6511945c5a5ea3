// Who may commit, what is kept how long, and what administrators see and remove.
#include "coordinator/group_world.h"

namespace moldau::coordinator {
namespace {

std::string SubscriptionTo(std::vector<std::string> topics) {
  auto bytes = protocol::EncodeSubscription({.topics = std::move(topics)});
  REQUIRE_OK(bytes);
  return *std::move(bytes);
}

TEST_CASE("a member that lost its place commits nothing, whatever it believes", "[coordinator][group][G1]") {
  GroupWorld world;
  Member zombie(world);
  zombie.JoinAlone();
  CHECK(zombie.Commit(5) == ErrorCode::kNone);
  world.Pass(31s);  // it hangs for longer than its session
  CHECK(zombie.Commit(6) == ErrorCode::kUnknownMemberId);
  CHECK(CommittedIn(world) == 5);

  Member next(world);
  next.JoinAlone();
  CHECK(zombie.Commit(7) == ErrorCode::kUnknownMemberId);
  CHECK(next.Commit(8) == ErrorCode::kNone);
  // A member that is known, but speaks of an older generation.
  next.protocols[0].metadata = "other topics";
  next.JoinAlone();
  const protocol::OffsetCommitRequest request{
      .group_id = "baristas",
      .generation_id = next.generation - 1,
      .member_id = next.id,
      .topics = {{.name = "orders", .partitions = {{.partition_index = 0, .committed_offset = 1}}}}};
  CHECK(world.coordinator().Commit(request).response.topics[0].partitions[0].error_code ==
        ErrorCode::kIllegalGeneration);
  CHECK(CommittedIn(world) == 8);
}

TEST_CASE("commits of the old generation are taken until the next one has begun", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  Member b(world);
  b.Join();
  CHECK(a.Commit(1) == ErrorCode::kNone);  // what it did before it gives its partitions up
  a.Join();
  CHECK(a.Commit(2) == ErrorCode::kRebalanceInProgress);
  CHECK(CommittedIn(world) == 1);
  a.Sync({{.member_id = a.id, .assignment = "all"}});
  CHECK(a.Commit(3) == ErrorCode::kNone);
}

TEST_CASE("from outside a group commits are taken while it has no members", "[coordinator][group]") {
  GroupWorld world;
  Member outside(world);
  CHECK(outside.Commit(1) == ErrorCode::kNone);
  Member a(world);
  a.JoinAlone();
  CHECK(outside.Commit(2) == ErrorCode::kUnknownMemberId);
  CHECK(CommittedIn(world) == 1);
  CHECK(a.Leave() == ErrorCode::kNone);
  CHECK(outside.Commit(3) == ErrorCode::kNone);
  CHECK(CommittedIn(world) == 3);
  Member of_unknown_group(world, "waiters");
  of_unknown_group.id = "somebody";
  of_unknown_group.generation = 4;
  CHECK(of_unknown_group.Commit(1) == ErrorCode::kIllegalGeneration);
}

TEST_CASE("of a commit the good partitions are stored and the bad ones named", "[coordinator][group]") {
  GroupWorld world;
  const auto commitment = world.coordinator().Commit(
      {.group_id = "baristas",
       .topics = {
           {.name = "nosuch", .partitions = {{.partition_index = 0, .committed_offset = 1}}},
           {.name = "orders",
            .partitions = {{.partition_index = 0, .committed_offset = 4, .committed_metadata = "m"},
                           {.partition_index = 9, .committed_offset = 1},
                           {.partition_index = 1, .committed_offset = 1, .committed_metadata = std::string(5000, 'm')},
                           {.partition_index = 2, .committed_offset = -1}}}}});
  const auto& topics = commitment.response.topics;
  REQUIRE(topics.size() == 2);
  CHECK(topics[0].partitions[0].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(topics[1].partitions[0].error_code == ErrorCode::kNone);
  CHECK(topics[1].partitions[1].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(topics[1].partitions[2].error_code == ErrorCode::kOffsetMetadataTooLarge);
  CHECK(topics[1].partitions[3].error_code == ErrorCode::kInvalidRequest);
  const auto all = world.store().FetchAll("baristas");
  REQUIRE_OK(all);
  REQUIRE(all->size() == 1);
  CHECK(all->begin()->second.metadata == "m");
}

TEST_CASE("of a commit that meets the deletion of a topic the rest is stored", "[coordinator][group]") {
  GroupWorld world;
  world.logs().before_write = [&] { world.logs().topics.erase("orders"); };
  const auto commitment = world.coordinator().Commit(
      {.group_id = "baristas",
       .topics = {{.name = "audit", .partitions = {{.partition_index = 0, .committed_offset = 4}}},
                  {.name = "orders", .partitions = {{.partition_index = 0, .committed_offset = 5}}},
                  {.name = "audit", .partitions = {{.partition_index = 1, .committed_offset = 6}}}}});
  const auto& topics = commitment.response.topics;
  REQUIRE(topics.size() == 3);
  CHECK(topics[0].partitions[0].error_code == ErrorCode::kNone);
  CHECK(topics[1].partitions[0].error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(topics[2].partitions[0].error_code == ErrorCode::kNone);
  CHECK(world.store().FetchAll("baristas")->size() == 2);
}

TEST_CASE("an offset beyond the end of the log is taken: whether it is there shows to whoever reads",
          "[coordinator][group][G7]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  CHECK(a.Commit(int64_t{1} << 40) == ErrorCode::kNone);
  CHECK(CommittedIn(world) == int64_t{1} << 40);
}

TEST_CASE("committed offsets are fetched by partition, all of a group, and of several groups at once",
          "[coordinator][group]") {
  GroupWorld world;
  for (const char* group : {"baristas", "waiters"}) {
    Member outside(world, group);
    CHECK(outside.Commit(3) == ErrorCode::kNone);
    CHECK(outside.Commit(4, "audit") == ErrorCode::kNone);
  }
  protocol::OffsetFetchRequest some;
  some.group_id = "baristas";
  some.topics = {{{.name = "orders", .partition_indexes = {0, 1}}}};
  const auto found = world.coordinator().Fetch(some);
  REQUIRE(found.topics.size() == 1);
  CHECK(found.topics[0].partitions[0].committed_offset == 3);
  CHECK(found.topics[0].partitions[1].committed_offset == -1);

  protocol::OffsetFetchRequest all;
  all.groups = {{.group_id = "baristas", .topics = std::nullopt},
                {.group_id = "nosuch", .topics = std::nullopt},
                {.group_id = ""}};
  const auto answer = world.coordinator().Fetch(all);
  REQUIRE(answer.groups.size() == 3);
  CHECK(answer.groups[0].topics.size() == 2);
  CHECK(answer.groups[1].topics.empty());
  CHECK(answer.groups[2].error_code == ErrorCode::kInvalidGroupId);
}

// --- retention ---

TEST_CASE("a group with members forgets nothing, however old", "[coordinator][group][G9]") {
  GroupWorld world;
  Member a(world);
  a.session_timeout = 30min;
  a.JoinAlone();
  CHECK(a.Commit(5) == ErrorCode::kNone);
  for (int hour = 0; hour < 30 * 24; ++hour) {
    world.Pass(25min, 25min);
    CHECK(a.Beat() == ErrorCode::kNone);
    world.Pass(25min, 25min);
    CHECK(a.Beat() == ErrorCode::kNone);
    world.Pass(10min, 10min);
    CHECK(a.Beat() == ErrorCode::kNone);
  }
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == 5);
}

TEST_CASE("offsets expire a week after the last member has left, for good", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  CHECK(a.Commit(5) == ErrorCode::kNone);
  CHECK(a.Leave() == ErrorCode::kNone);
  world.Pass(7 * 24h - 1s, 1h);
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == 5);
  world.Pass(2s);
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == -1);
  CHECK(world.StateOf("baristas") == "Dead");
  world.Restart();
  CHECK(CommittedIn(world) == -1);
  CHECK(world.store().ListGroups()->empty());
}

TEST_CASE("offsets of a group that never had members expire each by its own age", "[coordinator][group]") {
  GroupWorld world;
  Member outside(world);
  CHECK(outside.Commit(5) == ErrorCode::kNone);
  world.Pass(6 * 24h, 1h);
  CHECK(outside.Commit(1, "audit") == ErrorCode::kNone);
  world.Pass(2 * 24h, 1h);
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == -1);
  CHECK(world.store().FetchAll("baristas")->size() == 1);
}

TEST_CASE("a calendar that jumps expires nothing", "[coordinator][group][G9]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  CHECK(a.Commit(5) == ErrorCode::kNone);
  Member outside(world, "waiters");
  CHECK(outside.Commit(6) == ErrorCode::kNone);
  const bool leaves_before = GENERATE(false, true);
  if (leaves_before) CHECK(a.Leave() == ErrorCode::kNone);
  for (const auto jump : {30 * 24h, -60 * 24h}) {
    world.logs().clock().JumpWall(jump);
    world.Pass(1s);
    if (!leaves_before) CHECK(a.Beat() == ErrorCode::kNone);  // nor a session
    REQUIRE_OK(world.coordinator().ExpireOffsets());
    CHECK(CommittedIn(world) == 5);
    CHECK(CommittedIn(world, "waiters") == 6);
  }
  // Nor is anything kept for longer.
  if (!leaves_before) CHECK(a.Leave() == ErrorCode::kNone);
  world.Pass(7 * 24h, 1h);
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == -1);
  CHECK(CommittedIn(world, "waiters") == -1);
}

TEST_CASE("offsets of a group that ended with its process expire, however often the process is started again",
          "[coordinator][group][G9]") {
  GroupWorld world;
  Member local(world);
  local.host = kInProcessHost;
  local.JoinAlone();
  CHECK(local.Commit(5) == ErrorCode::kNone);
  for (int day = 0; day < 7; ++day) {
    world.Restart();
    REQUIRE_OK(world.coordinator().ExpireOffsets());
    CHECK(CommittedIn(world) == 5);
    world.Pass(24h, 1h);
  }
  world.Restart();
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(CommittedIn(world) == -1);
}

TEST_CASE("groups that are over leave nothing in memory", "[coordinator][group][G10]") {
  GroupWorld world;
  for (int i = 0; i < 2000; ++i) {
    Member member(world, "group " + std::to_string(i));
    if (i % 2 == 0) {
      member.JoinAlone();
      if (i % 4 == 0) CHECK(member.Commit(1) == ErrorCode::kNone);
      if (i % 8 == 0) CHECK(member.Leave() == ErrorCode::kNone);  // the others just vanish
    } else {
      member.Join();
      if (i % 3 == 0) CHECK(member.Leave() == ErrorCode::kNone);
    }
  }
  CHECK(world.coordinator().size() == 2000);
  world.Pass(6min, 10s);  // sessions end
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  world.Pass(8 * 24h, 1h);
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(world.coordinator().size() == 0);
  CHECK(world.store().ListGroups()->empty());
  world.Pass(1s);
  CHECK(world.logs().executor().NextDue() > world.logs().clock().Now() + 1min);  // and no timers
}

TEST_CASE("groups that ended with their processes leave nothing in memory either", "[coordinator][group][G10]") {
  GroupWorld world;
  for (int i = 0; i < 500; ++i) {
    Member local(world, "group " + std::to_string(i));
    local.host = kInProcessHost;
    local.JoinAlone();
    if (i % 2 == 0) CHECK(local.Commit(1) == ErrorCode::kNone);
  }
  for (int start = 0; start < 5; ++start) {
    world.Restart();
    CHECK(world.coordinator().size() == 0);  // a group is read when it is asked for
    REQUIRE_OK(world.coordinator().ExpireOffsets());
    CHECK(world.coordinator().size() <= 250);  // those that still have offsets
    world.Pass(2 * 24h, 1h);
  }
  REQUIRE_OK(world.coordinator().ExpireOffsets());
  CHECK(world.coordinator().size() == 0);
  CHECK(world.store().ListGroups()->empty());
  world.Pass(1s);
  CHECK(world.logs().executor().NextDue() > world.logs().clock().Now() + 1min);
}

// --- administration ---

TEST_CASE("groups are listed and described", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone("all of it");
  Member outside(world, "waiters");
  CHECK(outside.Commit(1) == ErrorCode::kNone);

  const auto listed = world.coordinator().List({});
  REQUIRE(listed.groups.size() == 2);
  CHECK(listed.groups[0].group_id == "baristas");
  CHECK(listed.groups[0].group_state == "Stable");
  CHECK(listed.groups[0].protocol_type == "consumer");
  CHECK(listed.groups[1].group_state == "Empty");
  CHECK(world.coordinator().List({.states_filter = {"stable"}}).groups.size() == 1);
  CHECK(world.coordinator().List({.types_filter = {"share"}}).groups.empty());

  const auto described = world.coordinator().Describe({.groups = {"baristas", "nosuch"}});
  REQUIRE(described.groups.size() == 2);
  CHECK(described.groups[0].protocol_data == "range");
  REQUIRE(described.groups[0].members.size() == 1);
  CHECK(described.groups[0].members[0].client_host == "/10.0.0.1");
  CHECK(described.groups[0].members[0].member_assignment == "all of it");
  CHECK(described.groups[1].group_state == "Dead");
}

TEST_CASE("a group is deleted with all it has, once nobody is in it", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.JoinAlone();
  CHECK(a.Commit(5) == ErrorCode::kNone);
  const auto remove = [&] { return world.coordinator().Delete({.groups_names = {"baristas"}}).results[0].error_code; };
  CHECK(remove() == ErrorCode::kNonEmptyGroup);
  CHECK(a.Leave() == ErrorCode::kNone);
  CHECK(remove() == ErrorCode::kNone);
  CHECK(remove() == ErrorCode::kGroupIdNotFound);
  CHECK(CommittedIn(world) == -1);
  world.Crash();
  CHECK(CommittedIn(world) == -1);
  CHECK(world.coordinator().List({}).groups.empty());
  Member b(world);
  b.JoinAlone();
  CHECK(b.generation == 1);
}

TEST_CASE("offsets can be deleted for topics that nobody in the group reads", "[coordinator][group]") {
  GroupWorld world;
  Member a(world);
  a.protocols = {{.name = "range", .metadata = SubscriptionTo({"orders"})}};
  a.JoinAlone();
  CHECK(a.Commit(5) == ErrorCode::kNone);
  CHECK(a.Commit(6, "audit") == ErrorCode::kNone);
  const auto answer = world.coordinator().DeleteOffsets(
      {.group_id = "baristas",
       .topics = {{.name = "orders", .partitions = {{.partition_index = 0}}},
                  {.name = "audit", .partitions = {{.partition_index = 0}, {.partition_index = 2}}}}});
  CHECK(answer.error_code == ErrorCode::kNone);
  CHECK(answer.topics.at(0).partitions.at(0).error_code == ErrorCode::kGroupSubscribedToTopic);
  CHECK(answer.topics.at(1).partitions.at(0).error_code == ErrorCode::kNone);
  CHECK(CommittedIn(world) == 5);
  CHECK(world.store().FetchAll("baristas")->size() == 1);
}

}  // namespace
}  // namespace moldau::coordinator
