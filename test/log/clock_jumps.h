// Retention while somebody plays with the calendar: it jumps years ahead and back to the truth, at random.
//
// Violation: a record was deleted before its time, or not long after it.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "log/log_world.h"
#include "moldau/base/random.h"
#include "support/violation.h"

namespace moldau::test {

// Returns how many records retention has deleted, each after its time.
inline int64_t KeepRecordsThroughClockJumps(uint64_t seed, int rounds) {
  using std::chrono::milliseconds;
  constexpr milliseconds kRetention = std::chrono::hours(1);
  LogWorld world;
  Random random(seed);
  log::LogConfig config = SmallSegments(Durability::kBuffered);
  config.retention_ms = kRetention;
  auto log = world.Open(config);
  DemandOk(log, "open");

  std::deque<MonoTime> appended_at;  // of the records that are kept
  int64_t start = 0;
  milliseconds ahead{0};
  for (int round = 0; round < rounds; ++round) {
    if (random.OneIn(3)) {  // ahead, or back to the truth
      const milliseconds jump =
          ahead == milliseconds(0) ? milliseconds(random.Below(uint64_t{315'000'000'000})) : -ahead;
      world.clock.JumpWall(jump);
      ahead += jump;
    }
    // What is stamped in a wrong future stays for as long, so records are made when the calendar is right.
    for (uint64_t n = ahead == milliseconds(0) ? random.Below(8) : 0; n > 0; --n) {
      DemandOk(Append(**log, std::string(300, 'r')), "append");
      appended_at.push_back(world.clock.Now());
    }
    world.clock.Advance(milliseconds(random.Below(uint64_t{kRetention.count()} / 10)));
    DemandOk((*log)->ApplyRetention(), "retention");
    for (; start < (*log)->log_start_offset(); ++start) {
      const MonoTime age = world.clock.Now() - appended_at.front();
      Demand(age >= kRetention, "offset %d was deleted %d ms after it was appended", start,
             std::chrono::duration_cast<milliseconds>(age).count());
      appended_at.pop_front();
    }
  }
  if (ahead != milliseconds(0)) world.clock.JumpWall(-ahead);
  world.clock.Advance(2 * kRetention);
  DemandOk((*log)->ApplyRetention(), "retention");
  Demand((*log)->log_start_offset() == (*log)->log_end_offset(), "old records stay from offset %d on",
         (*log)->log_start_offset());
  return (*log)->log_start_offset();
}

}  // namespace moldau::test
