// What retention takes of a log when it has to heed who reads it.
#include <chrono>

#include "log/log_world.h"

namespace moldau::test {
namespace {

using namespace std::chrono_literals;
using log::ConsumedRetention;

// 40 records of 500 bytes, 7 to a segment.
struct ReadLog : LogWorld {
  explicit ReadLog(ConsumedRetention consumed, int64_t retention_bytes = -1) {
    log::LogConfig config = SmallSegments(Durability::kBuffered);
    config.consumed_retention = consumed;
    config.retention_ms = 1h;
    config.retention_bytes = retention_bytes;
    log = Open(config).value();
    AppendSome(40);
  }
  void AppendSome(int count) {
    for (int i = 0; i < count; ++i) REQUIRE(Append(*log, std::string(500, 'x')).ok());
  }
  // Where the log starts after retention while the slowest reader stands at `unread_from`.
  int64_t StartWith(std::optional<int64_t> unread_from) {
    REQUIRE(log->ApplyRetention(unread_from).ok());
    return log->log_start_offset();
  }

  std::unique_ptr<log::Log> log;
};

TEST_CASE("a buffer never loses what the slowest reader has not read, however old it is", "[log][retention]") {
  ReadLog world(ConsumedRetention::kKeepUnread, 5000);
  world.clock.Advance(2h);
  CHECK(world.StartWith(0) == 0);
  CHECK(world.StartWith(20) == 20);
  CHECK(ReadValues(*world.log, 20).size() == 20);
  CHECK(world.StartWith(15) == 20);
  CHECK(world.StartWith(40) == 40);
  CHECK(world.log->dropped_unread() == 0);
}

TEST_CASE("a buffer that nobody has read yet loses nothing", "[log][retention]") {
  for (const ConsumedRetention consumed : {ConsumedRetention::kKeepUnread, ConsumedRetention::kOnlyUnread}) {
    ReadLog world(consumed, 5000);
    world.clock.Advance(1000h);
    CHECK(world.StartWith(std::nullopt) == 0);
  }
}

TEST_CASE("what all have read stays in a buffer until it is old", "[log][retention]") {
  ReadLog world(ConsumedRetention::kKeepUnread);
  CHECK(world.StartWith(40) == 0);
  world.clock.Advance(2h);
  CHECK(world.StartWith(40) == 40);
}

TEST_CASE("a bounded buffer gives back what was read, and says how much was dropped unread", "[log][retention]") {
  ReadLog world(ConsumedRetention::kDropRead, 10'000);
  CHECK(world.StartWith(30) == 30);
  CHECK(world.log->size_bytes() < 10'000);
  CHECK(world.log->dropped_unread() == 0);
  world.AppendSome(40);
  const int64_t start = world.StartWith(30);
  CHECK(start > 30);
  CHECK(world.log->dropped_unread() == start - 30);
  world.AppendSome(20);
  const int64_t later = world.StartWith(start + 1);
  CHECK(world.log->dropped_unread() == start - 30 + later - start - 1);
}

TEST_CASE("a log of what is unread holds that and nothing else", "[log][retention]") {
  ReadLog world(ConsumedRetention::kOnlyUnread, 1000);
  world.clock.Advance(2h);
  CHECK(world.StartWith(1) == 1);
  CHECK(world.StartWith(39) == 39);
  CHECK(world.StartWith(100) == 40);  // a group that stands behind the end
  CHECK(world.log->segment_count() == 1);
  CHECK(world.log->dropped_unread() == 0);
}

TEST_CASE("an active segment of which all has been read is given back, too, if it is worth it", "[log][retention]") {
  LogWorld world;
  log::LogConfig config = SmallSegments(Durability::kBuffered, 8u << 20);
  config.consumed_retention = ConsumedRetention::kDropRead;
  auto log = world.Open(config).value();
  for (int i = 0; i < 20; ++i) REQUIRE(Append(*log, std::string(100'000, 'x')).ok());
  REQUIRE(log->ApplyRetention(20).ok());
  CHECK(log->size_bytes() == 0);
}

TEST_CASE("without the property readers mean nothing to retention", "[log][retention]") {
  ReadLog world(ConsumedRetention::kNone);
  CHECK(world.StartWith(40) == 0);
  world.clock.Advance(2h);
  CHECK(world.StartWith(0) == 40);
  CHECK(world.log->dropped_unread() == 0);
}

TEST_CASE("a wall clock that jumps takes nothing from a reader, and what it has read in its time", "[log][retention]") {
  ReadLog world(ConsumedRetention::kDropRead);
  world.clock.JumpWall(24h * 3650);
  CHECK(world.StartWith(10) == 10);
  CHECK(world.log->dropped_unread() == 0);
  world.clock.JumpWall(-24h * 7300);
  CHECK(world.StartWith(20) == 20);
  CHECK(world.log->dropped_unread() == 0);
}

}  // namespace
}  // namespace moldau::test
