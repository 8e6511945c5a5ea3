// What a log does with the files it finds after the process or the machine has died: it keeps every whole batch up to
// the first that is torn or was never written, and refuses to go on where the damage cannot have come from the crash.
//
// Two things look alike, a batch that the crash tore and a batch that has rotted, and they are told apart so:
// - Below the recovery point everything was flushed: damage there is rot.
// - If only the process died (same boot) the page cache is whole: at most the one append that was under way is torn, so
// valid
//   batches behind a bad one prove rot.
// - If the machine died, pages of the unflushed part may be missing in any order. For a `buffered` log that is its
// contract. A
//   `flushed` log writes and flushes one group at a time, at most kMaxFlushGroupBytes: valid batches further away prove
//   rot, nearer ones do unless the bad batch has a hole (zeros up to a sector's border), which only a missing page
//   leaves.
// What is cut off is destroyed, durably, before anything is appended, so that it can never come back.
//
// Threads: one at a time per segment.   Ownership: borrows.
// Failure: DataLoss naming file and byte for rot; otherwise that of the storage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/log.h"
#include "log/producer_states.h"
#include "log/segment.h"

namespace moldau::log {

// No group of appends that is flushed together is larger.
inline constexpr uint32_t kMaxFlushGroupBytes = 4u << 20;

struct RecoveryRules {
  int64_t recovery_point = 0;
  bool same_boot = false;
  bool flushed = false;         // the durability of the topic includes flushing
  int64_t log_end_offset = -1;  // of a clean shutdown: nothing may be missing; -1: unknown
};

// Scans `segments` (by base offset, files in place) from the recovery point on, rebuilds their ends and indexes and the
// epoch history, cuts what the crash tore, and removes segments behind the cut. Leaves the last segment unsealed.
// `producers` become those at the end of the log, nullopt if what lies in front of the scanned part cannot be read.
absl::Status RecoverSegments(const LogEnvironment& environment, const std::string& directory,
                             const RecoveryRules& rules, std::vector<std::shared_ptr<Segment>>& segments,
                             LeaderEpochHistory& epochs, std::optional<ProducerStates>& producers,
                             RecoveryReport& report);

}  // namespace moldau::log
