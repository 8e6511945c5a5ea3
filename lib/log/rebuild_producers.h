// The producers of a log as they were at an offset, from the newest snapshot that lies at or below it and the batches
// behind that.
//
//     |== segment ==|== segment ==|== segment ====> end
//                   ^ 42.snapshot  ---read on--->
//
// A snapshot speaks of what lies below its offset and nothing else, so it is good for as long as nothing there is cut;
// whoever cuts removes those behind the cut first, durably. One that is missing or damaged costs a longer way.
//
// Threads: while no batch with a producer id is appended.   Ownership: borrows.
// Failure: DataLoss naming file and byte if a batch on the way is damaged; otherwise that of the storage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/log_config.h"
#include "log/producer_states.h"
#include "log/segment.h"

namespace moldau::log {

// What the snapshot at `offset` says, if there is one that can be used.
std::optional<ProducerStates> LoadSnapshot(const LogEnvironment& environment, const std::string& directory,
                                           int64_t offset);

// `segments` lie in `directory`, by base offset; those below `end` are read as far as they are published.
absl::StatusOr<ProducerStates> RebuildProducers(const LogEnvironment& environment, const std::string& directory,
                                                std::span<const std::shared_ptr<Segment>> segments, int64_t end,
                                                const LeaderEpochHistory& epochs);

}  // namespace moldau::log
