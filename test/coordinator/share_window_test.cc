#include "coordinator/share_window.h"

#include "coordinator/window_world.h"
#include "moldau/error.h"

namespace moldau::coordinator {
namespace {

using Offsets = std::vector<int64_t>;

bool IsLockExpired(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && GetErrorCode(status) == ErrorCode::kInvalidRecordState &&
         status.message().find("lock expired") != absl::string_view::npos;
}

TEST_CASE("each record is handed out once, in order, and is done when it is acknowledged", "[coordinator][queue]") {
  WindowWorld world(3);
  const auto first = world.One();
  CHECK(first.offset == 0);
  CHECK(first.delivery_count == 1);
  const auto rest = world.Receive(10);
  REQUIRE(rest.size() == 2);
  CHECK(world.Offsets(10).empty());
  CHECK(world.window().in_flight() == 3);

  CHECK_OK(world.Ack(rest[0]));
  CHECK(world.window().start_offset() == 0);
  CHECK_OK(world.Ack(first));
  CHECK(world.window().start_offset() == 2);
  CHECK_OK(world.Ack(rest[1]));
  CHECK(world.window().start_offset() == 3);
  CHECK(world.window().in_flight() == 0);
}

TEST_CASE("a lock holds to its last moment and not a moment longer", "[coordinator][queue][Q1]") {
  WindowWorld world(1);
  const auto lease = world.One();
  SECTION("one millisecond before, the acknowledgement counts") {
    world.now += 30s - 1ms;
    CHECK(world.Offsets().empty());
    CHECK_OK(world.Ack(lease));
    world.now += 1h;
    CHECK(world.Offsets().empty());
  }
  SECTION("at the deadline it comes too late and changes nothing, and the record is handed out again") {
    world.now += 30s;
    CHECK(IsLockExpired(world.Ack(lease)));
    CHECK(IsLockExpired(world.Extend(lease, 1h)));
    CHECK(IsLockExpired(world.Release(lease)));
    CHECK(IsLockExpired(world.Reject(lease)));
    const auto again = world.One();
    CHECK(again.delivery_count == 2);
    CHECK(IsLockExpired(world.Ack(lease)));  // that of the first holder, while the second one has it
    CHECK_OK(world.Ack(again));
  }
  SECTION("one millisecond after likewise") {
    world.now += 30s + 1ms;
    CHECK(IsLockExpired(world.Ack(lease)));
    CHECK(world.One().delivery_count == 2);
  }
}

TEST_CASE("a lock that is extended lapses at its new deadline", "[coordinator][queue]") {
  WindowWorld world(1);
  const auto lease = world.One();
  world.now += 20s;
  CHECK_OK(world.Extend(lease, 30s));
  world.now += 29s;
  CHECK(world.Offsets().empty());
  world.now += 1s;
  CHECK(world.One().delivery_count == 2);
}

TEST_CASE("a second verdict, a foreign lock and an unknown record change nothing", "[coordinator][queue][Q7]") {
  WindowWorld world(2);
  const auto lease = world.One();
  CHECK_FALSE(world.Ack({.offset = 0, .lock = lease.lock + 1}).ok());
  CHECK_FALSE(world.Ack({.offset = 1, .lock = lease.lock}).ok());
  CHECK_FALSE(world.Ack({.offset = -1, .lock = lease.lock}).ok());
  CHECK_FALSE(world.Ack({.offset = 1000, .lock = lease.lock}).ok());
  CHECK(world.window().in_flight() == 1);
  CHECK_OK(world.Ack(lease));
  CHECK_FALSE(world.Ack(lease).ok());
  CHECK_FALSE(world.Release(lease).ok());
  CHECK(world.Offsets(10) == Offsets{1});
}

TEST_CASE("what comes back is handed out before what is new, by offset", "[coordinator][queue]") {
  WindowWorld world(4);
  const auto leases = world.Receive(3);
  CHECK_OK(world.Release(leases[2]));
  CHECK_OK(world.Release(leases[0]));
  CHECK(world.Offsets(10) == Offsets{0, 2, 3});
}

TEST_CASE("a delay grows with each delivery up to its limit", "[coordinator][queue]") {
  WindowWorld world(1, {.max_deliveries = 0, .delay = 1s, .delay_growth = 2, .max_delay = 5s});
  for (const auto delay : {1s, 2s, 4s, 5s, 5s}) {
    CHECK_OK(world.Release(world.One()));
    world.now += delay - 1ms;
    CHECK(world.Offsets().empty());
    CHECK(world.window().NextDue() == world.now + 1ms);
    world.now += 1ms;
  }
  const auto lease = world.One();
  CHECK_OK(world.Release(lease, 1min));  // the holder knows better
  world.now += 1min - 1ms;
  CHECK(world.Offsets().empty());
  world.now += 1ms;
  world.One();
  world.now += 30s + 5s - 1ms;  // counted from when the lock lapsed
  CHECK(world.Offsets().empty());
  world.now += 1ms;
  world.One();
}

TEST_CASE("after the last delivery a record is given up and the others go on", "[coordinator][queue][Q4]") {
  const bool dead_letters = GENERATE(false, true);
  const bool lapses = GENERATE(false, true);
  WindowWorld world(2, {.max_deliveries = 3, .dead_letters = dead_letters});
  for (int i = 1; i <= 3; ++i) {
    const auto lease = world.One();
    CHECK(lease.offset == 0);
    CHECK(lease.delivery_count == i);
    if (lapses) {
      world.now += 30s;
    } else {
      CHECK_OK(world.Release(lease));
    }
  }
  CHECK(world.Offsets(10) == Offsets{1});
  if (dead_letters) {
    CHECK(world.window().start_offset() == 0);  // until its dead letter is safe
    CHECK(world.SendDeadLetters() == Offsets{0});
  }
  CHECK(world.window().start_offset() == 1);
}

TEST_CASE("a rejected record is given up at once", "[coordinator][queue]") {
  WindowWorld world(1, {.dead_letters = true});
  CHECK_OK(world.Reject(world.One()));
  CHECK(world.Offsets().empty());
  const auto letter = world.window().NextDeadLetter();
  REQUIRE(letter);
  CHECK(letter->rejected);
  CHECK(letter->delivery_count == 1);
  CHECK_FALSE(world.window().NextDeadLetter());
  world.window().RetryDeadLetter(*letter);
  CHECK(world.SendDeadLetters() == Offsets{0});
  CHECK(world.window().start_offset() == 1);
}

TEST_CASE("a window that is full stops, whatever lies between", "[coordinator][queue][Q8]") {
  WindowWorld world(1000, {.max_in_flight = 10});
  auto leases = world.Receive(1000);
  CHECK(leases.size() == 10);
  CHECK(world.Offsets(1000).empty());
  CHECK_FALSE(world.window().MayOffer());
  // All but the first: the gap behind it costs nothing.
  for (size_t i = 1; i < leases.size(); ++i) CHECK_OK(world.Ack(leases[i]));
  for (int i = 0; i < 100; ++i) {
    for (const auto& lease : world.Receive(9)) CHECK_OK(world.Ack(lease));
  }
  CHECK(world.window().start_offset() == 0);
  CHECK(world.window().end_offset() == 910);
  CHECK(world.window().Snapshot().batches.size() == 2);
  CHECK_OK(world.Ack(leases[0]));
  CHECK(world.window().start_offset() == 910);
}

TEST_CASE("no more records are put off than the options allow", "[coordinator][queue]") {
  std::vector<TestRecord> log(100);
  for (TestRecord& record : log) record.not_before = 2h;
  WindowWorld world(log, {.max_waiting = 10});
  CHECK(world.Offsets(100).empty());
  CHECK(world.window().waiting() == 10);
  CHECK(world.window().end_offset() == 10);
  CHECK(world.window().NextDue() == MonoTime(2h));
  world.now = 2h - 1ms;
  CHECK(world.Offsets(100).empty());
  world.now = 2h;
  CHECK(world.Offsets(100).size() == 100);
}

TEST_CASE("a record that is scheduled lets those behind it pass", "[coordinator][queue]") {
  WindowWorld world(std::vector<TestRecord>{{.not_before = 2h}, {}, {.not_before = 90min}}, {});
  const auto second = world.One();
  CHECK(second.offset == 1);
  CHECK_OK(world.Ack(second));
  CHECK(world.Offsets(10).empty());
  world.now = 90min;
  CHECK(world.Offsets(10) == Offsets{2});
  world.now = 2h;
  CHECK(world.Offsets(10) == Offsets{0, 2});  // whose lock has lapsed
}

TEST_CASE("records of one key are handed out one at a time and in order, also when they come back",
          "[coordinator][queue][Q9]") {
  std::vector<TestRecord> log;
  for (const uint64_t key : std::vector<uint64_t>{1, 1, 2, 1, 0, 0}) log.push_back({.key = key});
  WindowWorld world(log, {.max_deliveries = 2, .dead_letters = true, .ordered = true});
  auto leases = world.Receive(10);
  REQUIRE(leases.size() == 4);
  CHECK(leases[0].offset == 0);
  CHECK(leases[1].offset == 2);
  CHECK(leases[2].offset == 4);  // without a key there is no order
  CHECK(leases[3].offset == 5);
  CHECK_OK(world.Release(leases[0], 1s));
  CHECK(world.Offsets(10).empty());  // the second one does not overtake the first
  world.now += 1s;
  const auto first = world.One();
  CHECK(first.offset == 0);
  CHECK_OK(world.Ack(first));
  const auto second = world.One();
  CHECK(second.offset == 1);
  CHECK_OK(world.Reject(second));
  CHECK(world.Offsets(10).empty());  // nor while its dead letter is on its way
  CHECK(world.SendDeadLetters() == Offsets{1});
  CHECK(world.Offsets(10) == Offsets{3});
}

TEST_CASE("what was given up before a restart still holds up those of its key until its dead letter is safe",
          "[coordinator][queue][Q9]") {
  WindowWorld world({{.key = 1}, {.key = 1}}, {.dead_letters = true, .ordered = true});
  CHECK_OK(world.Reject(world.One()));
  world.Write();
  world.Crash();
  CHECK(world.Offsets(10).empty());
  CHECK(world.SendDeadLetters() == Offsets{0});
  CHECK(world.Offsets(10) == Offsets{1});
}

TEST_CASE("records of a key that had too many deliveries before there was an order leave together",
          "[coordinator][queue]") {
  constexpr size_t kRecords = 100'000;  // were each to hand over to the next, no stack would be deep enough
  WindowWorld world(std::vector<TestRecord>(kRecords + 1, {.key = 1}),
                    {.max_deliveries = 1, .ordered = true, .max_waiting = 2 * kRecords});
  world.written.batches = {{1, kRecords, DeliveryState::kAvailable, 1}};
  world.Crash();
  const auto first = world.One();
  CHECK(world.Offsets().empty());
  CHECK(world.window().waiting() == kRecords);
  CHECK_OK(world.Ack(first));
  CHECK(world.window().start_offset() == kRecords + 1);
  CHECK(world.window().waiting() == 0);
}

TEST_CASE("a record that could not be handed out keeps its delivery count and its turn", "[coordinator][queue][Q3]") {
  WindowWorld world(2, {.max_deliveries = 2});
  for (int i = 0; i < 5; ++i) world.ReceiveInVain();
  const auto first = world.One();
  CHECK(first.offset == 0);
  CHECK(first.delivery_count == 1);
  CHECK_OK(world.Release(first));
  for (int i = 0; i < 5; ++i) world.ReceiveInVain(2);
  CHECK(world.One().delivery_count == 2);
  world.Crash();
  CHECK(world.One().offset == 1);  // two deliveries were all there were
}

TEST_CASE("a dead letter whose record the log has dropped is not tried again", "[coordinator][queue]") {
  WindowWorld world(2, {.dead_letters = true});
  CHECK_OK(world.Reject(world.One()));
  const auto letter = world.window().NextDeadLetter();
  REQUIRE(letter);
  CHECK(world.window().DropBelow(1, world.now) == 1);
  world.window().RetryDeadLetter(*letter);
  CHECK_FALSE(world.window().has_dead_letters());
}

TEST_CASE("what the log has dropped is done, and its lock is gone", "[coordinator][queue]") {
  WindowWorld world(5, {.dead_letters = true});
  const auto leases = world.Receive(3);
  CHECK_OK(world.Reject(leases[1]));
  CHECK(world.window().DropBelow(4, world.now) == 3);
  CHECK(world.window().start_offset() == 4);
  CHECK(world.window().in_flight() == 0);
  CHECK(world.window().waiting() == 0);
  CHECK_FALSE(world.Ack(leases[0]).ok());
  CHECK_FALSE(world.window().NextDeadLetter());
  CHECK(world.Offsets(10) == Offsets{4});
}

TEST_CASE("a window goes on where what was written says", "[coordinator][queue][Q10]") {
  WindowWorld world(6, {.max_deliveries = 2, .dead_letters = true});
  const auto leases = world.Receive(5);
  CHECK_OK(world.Ack(leases[0]));
  CHECK_OK(world.Ack(leases[2]));
  CHECK_OK(world.Reject(leases[3]));
  world.Write();
  const bool from_snapshot = GENERATE(false, true);
  if (from_snapshot) world.written = world.window().Snapshot();
  world.Crash();
  CHECK(world.window().start_offset() == 1);
  const auto again = world.Receive(10);
  REQUIRE(again.size() == 3);
  CHECK(again[0].offset == 1);
  CHECK(again[0].delivery_count == 2);
  CHECK(again[1].offset == 4);
  CHECK(again[2].offset == 5);
  CHECK(again[2].delivery_count == 1);
  CHECK(world.SendDeadLetters() == Offsets{3});  // it was given up, and stays so

  world.Crash();  // the last delivery of 1 and 4 has begun, and is the last
  CHECK(world.Offsets(10) == Offsets{5});
  CHECK(world.SendDeadLetters() == Offsets{1, 3, 4});  // that 3 was archived had not been written
}

TEST_CASE("a restart passes over what is done without looking at each record, and not beyond the log",
          "[coordinator][queue]") {
  ShareWindow window({}, {5,
                          {{5, 5, DeliveryState::kAvailable, 1},
                           {6, 999'999, DeliveryState::kAcknowledged, 1},
                           {1'000'000, 1'000'009, DeliveryState::kArchived, 0}}});
  window.SkipDone(2'000'000);
  CHECK(window.end_offset() == 5);  // that is not done
  const auto locked = window.Offer({.offset = 5}, MonoTime(1h), MonoTime(2h));
  REQUIRE(locked);
  window.SkipDone(1000);
  CHECK(window.end_offset() == 1000);
  window.SkipDone(2'000'000);
  CHECK(window.end_offset() == 1'000'010);
  CHECK_OK(window.Acknowledge(5, locked->lock, MonoTime(1h)));
  CHECK(window.start_offset() == 1'000'010);
}

TEST_CASE("verdicts that were given one by one are written as runs", "[coordinator][queue]") {
  WindowWorld world(100);
  const auto leases = world.Receive(100);
  for (size_t i = 0; i < 100; i += 2) CHECK_OK(world.Ack(leases[i]));
  for (size_t i = 1; i < 100; i += 2) CHECK_OK(world.Ack(leases[i]));
  CHECK(world.window().has_changes());
  CHECK(world.window().TakeChanges() == std::vector<StateBatch>{{0, 99, DeliveryState::kAcknowledged, 1}});
  CHECK_FALSE(world.window().has_changes());
}

TEST_CASE("other options take effect without any old lock fitting a new one", "[coordinator][queue]") {
  WindowWorld world(2);
  const auto lease = world.One();
  world.now += 30s;
  world.window().Advance(world.now);
  world.window().Restart({.ordered = true});
  CHECK_FALSE(world.Ack(lease).ok());
  const auto again = world.One();
  CHECK(again.offset == 0);
  CHECK(again.delivery_count == 2);
  CHECK_FALSE(world.Ack(lease).ok());
  CHECK_OK(world.Ack(again));
}

}  // namespace
}  // namespace moldau::coordinator
