// What a clock that is set, stands still or lies does to a log: look-ups by time answer as a scan would, and retention
// deletes nothing that is young.
#include "log/log_world.h"
#include "moldau/base/random.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

using namespace std::chrono_literals;

// "The first record that is at least as late", by a scan.
std::optional<int64_t> Scan(const std::vector<int64_t>& times, int64_t wanted) {
  for (size_t offset = 0; offset < times.size(); ++offset) {
    if (times[offset] >= wanted) return static_cast<int64_t>(offset);
  }
  return std::nullopt;
}

TEST_CASE("a record is found by its time whatever the clock has done meanwhile", "[log][time][L11]") {
  Random random(11);
  for (int seed = 0; seed < Scaled(20); ++seed) {
    LogWorld world;
    auto log = world.Open(SmallSegments(Durability::kBuffered)).value();
    std::vector<int64_t> times;
    for (int i = 0; i < 200; ++i) {
      switch (random.Below(12)) {
        case 0:
          world.clock.JumpWall(-1h);
          break;
        case 1:
          world.clock.JumpWall(1h);
          break;
        case 2:
          world.clock.JumpWall(random.OneIn(10) ? 24h * 3650 : 24h);
          break;
        case 3:
        case 4:
          world.clock.Advance(std::chrono::milliseconds(random.Below(5000)));
          break;
        default:
          break;  // it stands still
      }
      REQUIRE_OK(Append(*log, "a record of some length"));
      times.push_back(world.clock.WallNow().time_since_epoch().count());
    }
    REQUIRE(log->segment_count() > 3);
    for (int i = 0; i < 100; ++i) {
      const int64_t wanted = times[random.Below(times.size())] + static_cast<int64_t>(random.Below(3)) - 1;
      const auto found = log->FindByTimestamp(Timestamp(std::chrono::milliseconds(wanted)));
      INFO("seed " << seed << ", time " << wanted);
      REQUIRE_OK(found);
      const std::optional<int64_t> expected = Scan(times, wanted);
      REQUIRE(found->has_value() == expected.has_value());
      if (expected) REQUIRE((*found)->offset == *expected);
    }
  }
}

// Four segments of which the second has one record with a time of its own.
std::unique_ptr<log::Log> FourSegments(LogWorld& world, Timestamp odd) {
  log::LogConfig config = SmallSegments(Durability::kBuffered);
  config.retention_ms = 1h;
  config.timestamp_after_max = log::kUnlimitedTime;
  auto log = world.Open(config).value();
  for (int segment = 0; segment < 4; ++segment) {
    for (int i = 0; i < 3; ++i) REQUIRE_OK(Append(*log, "now"));
    const Record lies{.value = "odd", .timestamp = odd};
    if (segment == 1) REQUIRE_OK(log->Append({&lies, 1}));
    REQUIRE_OK(log->Roll());
    world.clock.Advance(10min);
  }
  world.Settle();
  REQUIRE(ReadValues(*log).size() == 13);
  return log;
}

TEST_CASE("retention deletes nothing that is young, whatever times records claim and whoever sets the clock",
          "[log][time][L11]") {
  LogWorld world;
  const Timestamp now = world.clock.WallNow();
  SECTION("a record from long ago does not take its neighbours along") {
    auto log = FourSegments(world, Timestamp(1ms));
    CHECK(log->ApplyRetention().value() == 0);
    world.clock.Advance(25min);  // the first segment is 65 minutes old now, the second 55
    CHECK(log->ApplyRetention().value() == 1);
    CHECK(log->log_start_offset() == 3);
  }
  SECTION("a record from the future keeps its segment and those behind it, and deletes none") {
    auto log = FourSegments(world, now + 24h * 3650);
    world.clock.Advance(25min);
    CHECK(log->ApplyRetention().value() == 1);
    world.clock.Advance(100h);
    CHECK(log->ApplyRetention().value() == 0);
    CHECK(log->log_start_offset() == 3);
  }
  SECTION("a clock that is set ahead, back and ahead again") {
    auto log = FourSegments(world, now);
    for (const std::chrono::hours jump : {24h * 3650, -24h * 7300, 24h * 9999}) {
      world.clock.JumpWall(jump);
      CHECK(log->ApplyRetention().value() == 0);
    }
    CHECK(log->log_start_offset() == 0);
  }
}

}  // namespace
}  // namespace moldau::test
