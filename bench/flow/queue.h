// A queue's work, which is measured by itself and beside other queues.
//
// Threads: one; the consumers are threads of the workload's own.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <cstdint>

#include "harness/figure.h"

namespace moldau::bench {

// How verdicts are given.
enum class Acknowledge { kEach, kTogether };

// Four consumers receive and acknowledge `records` records of `message_bytes`, which are there before they begin. In
// million records per second.
[[nodiscard]] Sample MeasureQueue(int64_t records, size_t message_bytes, Acknowledge how);

}  // namespace moldau::bench
