#include "log/log.h"

#include "log/log_world.h"

namespace moldau::test {
namespace {

TEST_CASE("what was appended is read back, over many segments", "[log]") {
  for (const Durability durability : {Durability::kBuffered, Durability::kFlushed}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
      expected.push_back("value " + std::to_string(i));
      const auto result = Append(*log, expected.back());
      REQUIRE(result.ok());
      CHECK(result->base_offset == i);
      if (i % 7 == 0) world.Settle();
    }
    REQUIRE(log->Flush().ok());
    CHECK(log->log_end_offset() == 1000);
    CHECK(log->high_watermark() == 1000);
    CHECK(log->segment_count() > 5);
    CHECK(ReadValues(*log) == expected);
    CHECK(ReadValues(*log, 517).front() == "value 517");
    CHECK(log->Close().ok());
  }
}

TEST_CASE("a closed log opens by its manifest entry and goes on", "[log]") {
  for (const Durability durability : {Durability::kBuffered, Durability::kFlushed}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    for (int i = 0; i < 300; ++i) REQUIRE(Append(*log, "value " + std::to_string(i)).ok());
    REQUIRE(log->Close().ok());
    const log::PartitionEntry entry = log->Describe();
    log.reset();
    auto again = world.Reopen(SmallSegments(durability), entry, true, true).value();
    CHECK(again->log_end_offset() == 300);
    for (int i = 300; i < 600; ++i) REQUIRE(Append(*again, "value " + std::to_string(i)).ok());
    REQUIRE(again->Flush().ok());
    const std::vector<std::string> values = ReadValues(*again);
    REQUIRE(values.size() == 600);
    for (int i = 0; i < 600; ++i) CHECK(values[static_cast<size_t>(i)] == "value " + std::to_string(i));
  }
}

TEST_CASE("a log whose process died is whole again", "[log][recovery]") {
  for (const Durability durability : {Durability::kBuffered, Durability::kFlushed}) {
    LogWorld world;
    auto log = world.Open(SmallSegments(durability)).value();
    for (int i = 0; i < 300; ++i) REQUIRE(Append(*log, "value " + std::to_string(i)).ok());
    if (durability == Durability::kFlushed) REQUIRE(log->Flush().ok());
    LogWorld after(world.disk().CrashImage({.new_boot = false}));
    after.identity = world.identity;
    auto again = after.Open(SmallSegments(durability), {.same_boot = true}).value();
    CHECK(again->log_end_offset() == 300);
    CHECK(ReadValues(*again).size() == 300);
    REQUIRE(Append(*again, "one more").ok());
    REQUIRE(again->Flush().ok());
    CHECK(ReadValues(*again, 300) == std::vector<std::string>{"one more"});
  }
}

}  // namespace
}  // namespace moldau::test
