// The latencies of a broker, of all its topics together.
//
// Threads: as LatencyHistogram.   Ownership: the environment's.   Failure: none.
#pragma once

#include "base/latency_histogram.h"
#include "log/log_meters.h"

namespace moldau::broker {

struct Latencies {
  log::LogLatencies log;
  base::LatencyHistogram end_to_end;  // from a record's timestamp until it is handed out
};

}  // namespace moldau::broker
