// Consumers that share a group, as their host sees them.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "broker/access.h"
#include "broker/core.h"
#include "client/group_consumers.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

TEST_CASE("consumers of a group share the partitions evenly, as they come and go", "[client][consumer][group]") {
  const auto assignor = GENERATE("range", "roundrobin", "sticky", "cooperative-sticky");
  World world;
  world.Create("orders", 6);
  const ConsumerOptions options{.assignors = {assignor}};
  Consumer a = Subscribe(*world.broker, options);
  CHECK(a.Assignment().size() == 6);  // at once: nobody else is there
  Consumer b = Subscribe(*world.broker, options);
  CHECK(b.Assignment().empty());  // a has to give up some first
  Settle({&a, &b});
  CHECK(a.Assignment().size() == 3);
  CHECK(b.Assignment().size() == 3);
  {
    Consumer c = Subscribe(*world.broker, options);
    Settle({&a, &b, &c});
    std::set<TopicPartition> all;
    for (Consumer* one : {&a, &b, &c}) {
      CHECK(one->Assignment().size() == 2);
      for (const TopicPartition& source : one->Assignment()) all.insert(source);
    }
    CHECK(all.size() == 6);
  }
  Settle({&a, &b});
  CHECK(a.Assignment().size() == 3);
  CHECK_OK(a.Close());
  Settle({&b});
  CHECK(b.Assignment().size() == 6);
}

TEST_CASE("partitions that stay are consumed on while a cooperative group rebalances", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders", 6);
  Sources revoked;
  Consumer a = Subscribe(*world.broker, {.on_revoked = [&](Consumer&, auto sources) { revoked = Listed(sources); }});
  Consumer b = Subscribe(*world.broker);
  Settle({&a, &b});
  const Sources before = a.Assignment();
  revoked.clear();
  Consumer c = Subscribe(*world.broker);
  for (int32_t p = 0; p < 6; ++p) Append(topic, p, "p" + std::to_string(p));
  Strings seen = Read(a);  // it has joined again, and waits for b
  CHECK(seen.size() == 3);
  CHECK(a.Assignment() == before);
  CHECK(revoked.empty());
  for (std::string& value : Settle({&a, &b, &c})) seen.push_back(std::move(value));
  CHECK(revoked.size() == 1);
  for (const TopicPartition& source : a.Assignment()) CHECK(std::count(before.begin(), before.end(), source) == 1);
  std::sort(seen.begin(), seen.end());
  CHECK(seen == Strings{"p0", "p1", "p2", "p3", "p4", "p5"});
}

TEST_CASE("an eager group gives everything up before anyone gets anything", "[client][consumer][group]") {
  World world;
  world.Create("orders", 4);
  Strings events;
  const auto options = [&](const std::string& name) {
    return ConsumerOptions{.assignors = {"range"},
                           .on_assigned = [&, name](Consumer&, auto) { events.push_back(name + " assigned"); },
                           .on_revoked = [&, name](Consumer&, auto) { events.push_back(name + " revoked"); }};
  };
  Consumer a = Subscribe(*world.broker, options("a"));
  Consumer b = Subscribe(*world.broker, options("b"));
  Settle({&a, &b});
  CHECK(events == Strings{"a assigned", "a revoked", "a assigned", "b assigned"});
}

TEST_CASE("who takes a partition over goes on where the one before had come", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  for (int i = 0; i < 6; ++i) Append(topic, i % 2, std::to_string(i));
  Consumer a = Subscribe(*world.broker, {.max_poll_records = 2});
  Strings seen = Read(a);
  for (const std::string& value : Read(a)) seen.push_back(value);
  Consumer b = Subscribe(*world.broker, {.max_poll_records = 2});
  for (const std::string& value : Settle({&a, &b})) seen.push_back(value);
  std::sort(seen.begin(), seen.end());
  CHECK(seen == Strings{"0", "1", "2", "3", "4", "5"});  // committed as it was given up: nothing twice
}

TEST_CASE("without automatic commit what was not committed is read again by the next owner",
          "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Append(topic, 0, "1");
  Consumer a = Subscribe(*world.broker, {.max_poll_records = 1, .enable_auto_commit = false});
  CHECK(Read(a) == Strings{"0"});
  CHECK_OK(a.Commit());
  CHECK(Read(a) == Strings{"1"});
  CHECK_OK(a.Close());
  Consumer b = Subscribe(*world.broker);
  CHECK(Read(b) == Strings{"1"});
}

TEST_CASE("a host can commit in its callback what it has done so far", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Append(topic, 0, "1");
  absl::Status committed = absl::UnavailableError("");
  absl::Status polled;
  absl::Status closed;
  Consumer a = Subscribe(*world.broker, {.assignors = {"range"},
                                         .on_revoked =
                                             [&](Consumer& consumer, auto sources) {
                                               committed = consumer.Commit({{sources[0], 1}});
                                               polled = consumer.Poll(0ms).status();
                                               closed = consumer.Close();
                                             },
                                         .enable_auto_commit = false});
  CHECK(Read(a) == Strings{"0", "1"});
  Consumer b = Subscribe(*world.broker, {.assignors = {"range"}});
  Settle({&a, &b});
  CHECK_OK(committed);
  CHECK(absl::IsFailedPrecondition(polled));
  CHECK(absl::IsFailedPrecondition(closed));
  CHECK(a.Committed({"orders", 0}).value() == 1);
}

TEST_CASE("a host can choose where a partition begins as it is assigned", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  for (const char* value : {"0", "1", "2"}) Append(topic, 0, value);
  Consumer a = Subscribe(*world.broker, {.on_assigned = [](Consumer& consumer, auto sources) {
    for (const TopicPartition& source : sources) CHECK_OK(consumer.Seek(source, 2));
  }});
  CHECK(Read(a) == Strings{"2"});
}

TEST_CASE("a callback that throws is contained and named with the partitions and their positions",
          "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Consumer a = Subscribe(*world.broker, {.assignors = {"range"}, .on_revoked = [](Consumer&, auto) {
                                           throw std::runtime_error("the till is on fire");
                                         }});
  CHECK(Read(a) == Strings{"0"});
  Consumer b = Subscribe(*world.broker, {.assignors = {"range"}});
  const absl::Status told = a.Poll(0ms).status();
  CHECK(absl::IsInternal(told));
  for (const char* part : {"on_revoked", "orders-0 at offset 1", "the till is on fire"}) {
    CHECK_THAT(std::string(told.message()), Catch::Matchers::Contains(part));
  }
  Settle({&a, &b});
  CHECK(a.Assignment().size() + b.Assignment().size() == 1);  // the rebalance went on
  CHECK_THAT(std::string(Consumer::Subscribe(
                             *world.broker,
                             {.group = "others", .topics = {"orders"}, .on_assigned = [](Consumer&, auto) { throw 5; }})
                             .status()
                             .message()),
             Catch::Matchers::Contains("on_assigned threw for orders-0"));
  CHECK(Subscribe(*world.broker, {.group = "others"}).Assignment().size() == 1);
}

TEST_CASE("close gives the partitions up and says so, and a consumer that is only destroyed calls nobody",
          "[client][consumer][group]") {
  World world;
  world.Create("orders", 2);
  int revoked = 0;
  const ConsumerOptions options{.on_revoked = [&](Consumer&, auto) { ++revoked; }};
  { Consumer destroyed = Subscribe(*world.broker, options); }
  CHECK(revoked == 0);
  Consumer closed = Subscribe(*world.broker, options);
  CHECK(closed.Assignment().size() == 2);
  CHECK_OK(closed.Close());
  CHECK_OK(closed.Close());
  CHECK(revoked == 1);
}

// --- time ---

TEST_CASE("a consumer that polls too slowly leaves its group, and its late commit changes nothing",
          "[client][consumer][group][G1][G5][G6]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  for (int i = 0; i < 4; ++i) Append(topic, i % 2, std::to_string(i));
  Sources lost;
  Consumer slow = Subscribe(*world.broker, {.max_poll_interval = 60s,
                                            .on_lost = [&](Consumer&, auto sources) { lost = Listed(sources); },
                                            .enable_auto_commit = false});
  CHECK(Read(slow).size() == 4);
  Consumer other = Subscribe(*world.broker, {.max_poll_interval = 60s});
  CHECK(Read(other).empty());
  // Its heartbeats go on, so only the time between its polls counts: it is over a second after a minute.
  for (int second = 0; second < 59; ++second) {
    world.Pass(1s);
    CHECK(Read(other).empty());
  }
  Strings taken_over;
  for (int second = 0; second < 3; ++second) {
    world.Pass(1s);
    for (const std::string& value : Read(other)) taken_over.push_back(value);
  }
  CHECK(taken_over.size() == 4);  // nothing is lost
  CHECK(other.Assignment().size() == 2);
  CHECK_OK(other.Commit());

  const absl::Status late = slow.Commit();
  CHECK(absl::IsFailedPrecondition(late));
  CHECK(CodeOf(late) == ErrorCode::kUnknownMemberId);
  CHECK(other.Committed({"orders", 0}).value() == 2);
  CHECK(lost.empty());
  CHECK(Read(slow).empty());
  CHECK(lost.size() == 2);
  Settle({&slow, &other});
  CHECK(slow.Assignment().size() == 1);  // it is back
}

TEST_CASE("a commit after the group has forgotten its slow consumer is refused even if nobody took its place",
          "[client][consumer][group][G1]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Consumer slow = Subscribe(*world.broker, {.max_poll_interval = 60s, .enable_auto_commit = false});
  CHECK(Read(slow).size() == 1);
  world.Pass(60s);
  CHECK(CodeOf(slow.Commit()) == ErrorCode::kUnknownMemberId);
  CHECK(slow.Committed({"orders", 0}).value() == std::nullopt);
}

TEST_CASE("a consumer that hangs in its own callback loses its partitions, as one that does not poll",
          "[client][consumer][group][G6]") {
  World world;
  world.Create("orders", 2);
  std::optional<Consumer> b;
  bool hangs = false;
  Sources lost;
  const auto hang = [&](Consumer&, std::span<const TopicPartition>) {
    if (!std::exchange(hangs, false)) return;
    for (int i = 0; i < 8; ++i) {
      world.Pass(10s);
      Read(*b);
    }
    CHECK(b->Assignment().size() == 2);
  };
  Consumer a = Subscribe(*world.broker, {.max_poll_interval = 1min,
                                         .on_assigned = hang,
                                         .on_revoked = hang,
                                         .on_lost = [&](Consumer&, auto sources) { lost = Listed(sources); }});
  b = Subscribe(*world.broker);
  hangs = true;  // as it gives one up
  Settle({&a, &*b});
  CHECK_FALSE(hangs);
  CHECK(lost.size() == 1);
  CHECK(a.Assignment().size() == 1);
  CHECK(b->Assignment().size() == 1);
}

TEST_CASE("a consumer that hangs as it gives everything up leaves nothing in the group that it would wait for",
          "[client][consumer][group][G6]") {
  World world;
  world.Create("orders", 2);
  std::optional<Consumer> b;
  bool hangs = false;
  Consumer a = Subscribe(*world.broker, {.assignors = {"range"},
                                         .max_poll_interval = 1min,
                                         .on_revoked = [&](Consumer&, std::span<const TopicPartition>) {
                                           if (!std::exchange(hangs, false)) return;
                                           for (int i = 0; i < 8; ++i) {
                                             world.Pass(10s);
                                             Read(*b);
                                           }
                                           CHECK(b->Assignment().size() == 2);
                                         }});
  b = Subscribe(*world.broker, {.assignors = {"range"}});
  hangs = true;
  Settle({&a, &*b});  // no time passes any more
  CHECK_FALSE(hangs);
  CHECK(a.Assignment().size() == 1);
  CHECK(b->Assignment().size() == 1);
}

TEST_CASE("a poll that waits is not a slow one", "[client][consumer][group][G6]") {
  World world;
  world.Create("orders");
  std::atomic<bool> polls{false};
  std::atomic<bool> done{false};
  Consumer a = Subscribe(*world.broker, {.max_poll_interval = 10s});
  world.executor->Post([&] { polls = true; });  // which only the poll runs, as it waits
  std::thread poller([&] {
    a.Poll(120s).IgnoreError();
    done = true;
  });
  while (!polls) std::this_thread::yield();
  while (!done) world.clock.Advance(1s);
  poller.join();
  CHECK(a.Assignment().size() == 1);
  CHECK_OK(a.Commit());
}

TEST_CASE("polls keep a session alive when nobody runs the executor's timers in time",
          "[client][consumer][group][G6]") {
  World world;
  world.Create("orders");
  int lost = 0;
  Consumer a = Subscribe(
      *world.broker, {.session_timeout = 30s, .on_lost = [&](Consumer&, std::span<const TopicPartition>) { ++lost; }});
  for (int i = 0; i < 10; ++i) {
    world.clock.Advance(20s);
    CHECK(Read(a).empty());
    // Somebody else makes the coordinator look who is overdue.
    broker::Access::core(*world.broker)->groups().Heartbeat({.group_id = "baristas", .member_id = "stranger"});
  }
  world.RunTasks();
  CHECK(Read(a).empty());
  CHECK(lost == 0);
  CHECK_OK(a.Commit());
}

// --- who may take part ---

TEST_CASE("consumers without a common assignor cannot share a group, and say so", "[client][consumer][group]") {
  World world;
  world.Create("orders");
  Consumer a = Subscribe(*world.broker, {.assignors = {"range", "sticky"}});
  const ConsumerOptions other{.group = "baristas", .topics = {"orders"}, .assignors = {"roundrobin"}};
  const absl::Status refused = Consumer::Subscribe(*world.broker, other).status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK(CodeOf(refused) == ErrorCode::kInconsistentGroupProtocol);
  CHECK(Read(a).empty());
  CHECK(a.Assignment().size() == 1);
  Consumer b = Subscribe(*world.broker, {.assignors = {"roundrobin", "sticky"}});
  Settle({&a, &b});
  CHECK(a.Assignment().size() + b.Assignment().size() == 1);

  const absl::Status unknown =
      Consumer::Subscribe(*world.broker, {.group = "g", .topics = {"orders"}, .assignors = {"fair"}}).status();
  CHECK(absl::IsInvalidArgument(unknown));
}

TEST_CASE("a session that the broker does not allow is refused", "[client][consumer][group]") {
  World world;
  world.Create("orders");
  const absl::Status refused =
      Consumer::Subscribe(*world.broker,
                          {.group = "g", .topics = {"orders"}, .session_timeout = 2s, .heartbeat_interval = 1s})
          .status();
  CHECK(absl::IsInvalidArgument(refused));
  CHECK(CodeOf(refused) == ErrorCode::kInvalidSessionTimeout);
}

// --- commits ---

TEST_CASE("a commit need not be waited for, and tells when it is durable", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Consumer a = Subscribe(*world.broker, {.enable_auto_commit = false});
  CHECK(Read(a).size() == 1);
  const auto receipt = a.CommitAsync();
  REQUIRE_OK(receipt);
  CHECK(a.Committed({"orders", 0}).value() == 1);
  absl::Status outcome = absl::UnavailableError("");
  receipt->OnDone([&](const absl::Status& status) { outcome = status; });
  world.Pass(1s);
  CHECK_OK(outcome);
  REQUIRE_OK(a.CommitAsync({{{"orders", 0}, 0}}));
  CHECK(a.Committed({"orders", 0}).value() == 0);
}

TEST_CASE("a commit of what was committed without waiting waits for it", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  Consumer a = Subscribe(*world.broker, {.auto_commit_interval = 0ms});
  CHECK(Read(a).size() == 1);
  const auto committed_after_power_cut = [&] {
    World after({}, world.disk.CrashImage({}));
    auto outside = Consumer::Assign(*after.broker, Sources{{"orders", 0}}, {.group = "baristas"});
    REQUIRE_OK(outside);
    return outside->Committed({"orders", 0}).value();
  };
  CHECK(Read(a).empty());  // commits by itself
  CHECK(a.Committed({"orders", 0}).value() == 1);
  CHECK(committed_after_power_cut() == std::nullopt);
  CHECK_OK(a.Commit());
  CHECK(committed_after_power_cut() == 1);
}

TEST_CASE("an offset beyond the end is committed, and whoever begins there is reset or told",
          "[client][consumer][group][G7]") {
  World world;
  const Topic topic = world.Create("orders");
  Append(topic, 0, "0");
  {
    Consumer a = Subscribe(*world.broker, {.enable_auto_commit = false});
    CHECK_OK(a.Commit({{{"orders", 0}, 500}}));
  }
  {
    Consumer told = Subscribe(*world.broker, {.auto_offset_reset = OffsetReset::kNone, .enable_auto_commit = false});
    const absl::Status status = told.Poll(0ms).status();
    CHECK(absl::IsOutOfRange(status));
    CHECK(CodeOf(status) == ErrorCode::kOffsetOutOfRange);
  }
  Consumer reset = Subscribe(*world.broker);
  CHECK(Read(reset) == Strings{"0"});
}

TEST_CASE("what a consumer has paused stays so for as long as it has it", "[client][consumer][group]") {
  World world;
  const Topic topic = world.Create("orders", 2);
  Consumer a = Subscribe(*world.broker);
  const Sources all = a.Assignment();
  CHECK_OK(a.Pause(all));
  Append(topic, 0, "0");
  Append(topic, 1, "1");
  Consumer b = Subscribe(*world.broker);
  CHECK(Settle({&a, &b}).size() == 1);  // b's
  CHECK_OK(a.Resume(a.Assignment()));
  CHECK(Read(a).size() == 1);
}

// --- threads ---

TEST_CASE("consumers in threads that come and go read everything that is sent", "[client][consumer][group][threads]") {
  LiveWorld world;
  const Topic topic = world.Create("orders", 8);
  const int records = Scaled(4000);
  std::mutex mutex;
  std::set<std::string> seen;
  Findings findings;
  std::atomic<bool> done{false};
  const auto consume = [&](int lifetime) {
    while (!done) {
      auto consumer = Consumer::Subscribe(*world.broker, {.group = "baristas", .topics = {"orders"}});
      findings.Expect(consumer);
      if (!consumer.ok()) return;
      for (int i = 0; i < lifetime && !done; ++i) {
        const auto polled = consumer->Poll(1ms);
        findings.Expect(polled);
        if (!polled.ok()) return;
        const std::lock_guard lock(mutex);
        for (const ConsumerRecord& record : *polled) seen.emplace(record.value());
        if (seen.size() == static_cast<size_t>(records)) done = true;
      }
      const absl::Status closed = consumer->Close();
      // In the middle of a rebalance its last commit is refused, and others read again what it was for.
      if (CodeOf(closed) != ErrorCode::kRebalanceInProgress) findings.Expect(closed);
    }
  };
  std::vector<std::thread> threads;
  for (const int lifetime : {1'000'000, 1'000'000, 40, 15}) threads.emplace_back(consume, lifetime);
  for (int i = 0; i < records; ++i) Append(topic, i % 8, std::to_string(i));
  for (std::thread& thread : threads) thread.join();
  CHECK(findings.text() == "");
  CHECK(seen.size() == static_cast<size_t>(records));
}

}  // namespace
}  // namespace moldau
