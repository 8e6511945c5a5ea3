// What a TailReader holds: its place in the log, so that each read is a few loads.
//
// Threads: one thread at a time.   Ownership: keeps the partition alive.   Failure: none of its own.
#pragma once

#include <memory>
#include <utility>

#include "broker/partition_state.h"
#include "log/log.h"
#include "moldau/partition.h"

namespace moldau {

struct TailReader::State {
  State(std::shared_ptr<broker::PartitionState> state, int64_t offset, const ReadOptions& read)
      : partition(std::move(state)), options(read) {
    cursor.offset = offset;
    partition->reads().AddReader(meter);
  }
  ~State() {
    // In a forked child the lock may belong to a thread that is not there.
    if (!partition->environment().in_child()) partition->reads().RemoveReader(meter);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const std::shared_ptr<broker::PartitionState> partition;
  log::LogCursor cursor;
  broker::ReadMeter::Reader meter;
  const ReadOptions options;
};

}  // namespace moldau
