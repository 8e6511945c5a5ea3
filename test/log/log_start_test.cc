// Where a log goes on when nothing of it is left above its log start: at the log start, never below it.
#include "log/log.h"
#include "log/log_world.h"
#include "support/catch.h"

namespace moldau::test {
namespace {

using Strings = std::vector<std::string>;

// Kills the process, which leaves the disk as it is, and opens the log again by what the manifest says.
std::unique_ptr<log::Log> AfterKill(LogWorld& after, const LogWorld& before, const log::LogConfig& config,
                                    const log::PartitionEntry& entry) {
  after.identity = before.identity;
  auto log = after.Reopen(config, entry, false, true);
  DemandOk(log, "opened again");
  return *std::move(log);
}

TEST_CASE("a truncation into a batch that began below the log start leaves the log empty there", "[log][truncate]") {
  for (const Durability durability : {Durability::kBuffered, Durability::kFlushed}) {
    LogWorld world;
    const log::LogConfig config = SmallSegments(durability);
    auto log = world.Open(config).value();
    const Record batch[] = {{.value = "a"}, {.value = "b"}, {.value = "c"}, {.value = "d"}};
    REQUIRE(log->Append(batch).ok());
    REQUIRE(log->Flush().ok());
    REQUIRE(log->Trim(2).ok());
    REQUIRE(log->Truncate(3).ok());
    CHECK(log->log_start_offset() == 2);
    CHECK(log->log_end_offset() == 2);
    CHECK(ReadValues(*log).empty());
    CHECK(Append(*log, "next")->base_offset == 2);
    REQUIRE(log->Flush().ok());
    CHECK(ReadValues(*log) == Strings{"next"});

    LogWorld after(world.disk().CrashImage({.new_boot = false}));
    const auto again = AfterKill(after, world, config, log->Describe());
    CHECK(again->log_start_offset() == 2);
    CHECK(ReadValues(*again) == Strings{"next"});
  }
}

TEST_CASE("a log that lost to a power cut all that was above its log start goes on there", "[log][power]") {
  LogWorld world;
  const log::LogConfig config = SmallSegments(Durability::kBuffered);
  auto log = world.Open(config).value();
  REQUIRE(Append(*log, "flushed").ok());
  REQUIRE(log->Flush().ok());
  for (int i = 1; i < 20; ++i) REQUIRE(Append(*log, "value " + std::to_string(i)).ok());
  REQUIRE(log->Trim(15).ok());
  const log::PartitionEntry trimmed = log->Describe();

  LogWorld cut(world.disk().CrashImage({}));  // nothing of what was not flushed is kept
  cut.identity = world.identity;
  auto reopened = cut.Reopen(config, trimmed, false, false).value();
  CHECK(reopened->log_start_offset() == 15);
  CHECK(reopened->log_end_offset() == 15);
  CHECK(Append(*reopened, "next")->base_offset == 15);
  REQUIRE(reopened->Flush().ok());

  LogWorld killed(cut.disk().CrashImage({.new_boot = false}));
  const auto again = AfterKill(killed, cut, config, reopened->Describe());
  CHECK(again->log_start_offset() == 15);
  CHECK(ReadValues(*again) == Strings{"next"});
}

}  // namespace
}  // namespace moldau::test
