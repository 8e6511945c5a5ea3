// Real processes and a real file system: a writer is killed at random moments under load, over and over on the same
// directory, and after each kill everything that it acknowledged must be there, once, in order, and nothing else.
#include <map>
#include <random>

#include "drill/drill_values.h"
#include "drill/victim.h"
#include "moldau/moldau.h"
#include "support/catch.h"
#include "support/figure.h"
#include "support/scale.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

// What one run of the writer acknowledged before it died.
struct Acknowledged {
  int64_t counters[kDrillWriters] = {-1, -1, -1};
  int64_t commit = -1;
  int64_t count = 0;
};

void Note(const DrillAck& ack, Acknowledged& result) {
  ++result.count;
  if (ack.kind == DrillAck::kCommit) {
    result.commit = std::max(result.commit, ack.number);
  } else {
    result.counters[ack.writer] = std::max(result.counters[ack.writer], ack.number);
  }
}

// Reads the whole topic and compares: every run's records of every writer are 0, 1, 2, ... without a gap, at least as
// far as they were acknowledged, and offsets are dense.
void Judge(const std::string& directory, const std::map<int, Acknowledged>& runs) {
  auto broker = Broker::Open({.data_dir = directory});
  INFO(broker.status().ToString());
  REQUIRE(broker.ok());
  REQUIRE((*broker)->recovery().refused.empty());
  Partition partition = (*broker)->FindTopic("drill")->partition(0).value();
  std::map<std::pair<int, int>, int64_t> next;
  int64_t offset = partition.log_start_offset().value();
  for (;;) {
    const auto records = partition.Read(offset);
    INFO(records.status().ToString());
    REQUIRE(records.ok());
    if (records->empty()) break;
    for (const RecordView& view : *records) {
      DrillRecord record;
      const bool whole = ParseDrillValue(view.value(), record);
      if (!whole || view.offset() != offset || next[{record.run, record.writer}]++ != record.counter) {
        FAIL("offset " << view.offset() << " (expected " << offset << "), run " << record.run << ", writer "
                       << record.writer << ", counter " << record.counter << ", whole " << whole);
      }
      ++offset;
    }
  }
  for (const auto& [run, acknowledged] : runs) {
    for (int writer = 0; writer < kDrillWriters; ++writer) {
      INFO("run " << run << ", writer " << writer);
      REQUIRE(next[{run, writer}] > acknowledged.counters[writer]);
    }
  }
  const TopicPartition only{"drill", 0};
  auto consumer = Consumer::Assign(**broker, {&only, 1}, {.group = "judge", .enable_auto_commit = false});
  REQUIRE(consumer.ok());
  const std::optional<int64_t> committed = consumer->Committed(only).value();
  const int64_t promised = runs.rbegin()->second.commit;
  REQUIRE(committed.value_or(-1) >= promised);
  REQUIRE(committed.value_or(0) <= offset);
  REQUIRE((*broker)->Close().ok());
}

void Drill(const std::string& durability, int kills) {
  constexpr int kRunsPerDirectory = 10;
  std::mt19937_64 random(std::random_device{}());
  int64_t checked = 0;
  for (int done = 0; done < kills;) {
    TempDir directory;
    std::map<int, Acknowledged> runs;
    for (int run = 0; run < kRunsPerDirectory && done < kills; ++run, ++done) {
      Victim<DrillAck> victim({MOLDAU_DRILL_WRITER, directory.path(), durability, std::to_string(run)});
      victim.RunAndKill(std::chrono::microseconds(random() % 40'000),
                        [&](const DrillAck& ack) { Note(ack, runs[run]); });
      checked += runs[run].count;
      Judge(directory.path(), runs);
    }
  }
  Figure("kill -9, %s: %d kills, %d acknowledgements checked, 0 lost", durability, kills, checked);
}

TEST_CASE("a writer of a buffered topic is killed at random moments and loses nothing it acknowledged", "[kill]") {
  Drill("buffered", Scaled(100));
}

TEST_CASE("a writer of a flushed topic is killed at random moments and loses nothing it acknowledged", "[kill]") {
  Drill("flushed", Scaled(100));
}

}  // namespace
}  // namespace moldau::test
