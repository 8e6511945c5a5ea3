// Checks the options of a broker before anything is touched.
//
// Threads: pure function.   Ownership: none.   Failure: InvalidArgument listing every problem with its numbers.
#pragma once

#include "absl/status/status.h"
#include "moldau/broker.h"

namespace moldau::broker {

inline constexpr int kMaxThreads = 256;
inline constexpr int32_t kMaxPartitions = 100'000;  // of one topic: its creation must fit one batch of the metadata log

absl::Status CheckOptions(const BrokerOptions& options);

}  // namespace moldau::broker
