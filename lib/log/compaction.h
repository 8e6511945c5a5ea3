// One run of compaction over a log: reads the part that has come since the last run and notes the latest offset of each
// key, then writes everything up to there anew without what is superseded, some segments at a time.
//
//          clean           dirty                     active
//     |===|======|===|================|=========|==========>
//                    ^ first_dirty              ^ end: or where the memory for keys was full
//      \__ group __/ \____ group ____/ ...              each becomes one segment
//
// A run goes forward in steps, so that whoever drives it decides how fast. It changes nothing in the log: its owner
// puts each segment in place (log_compaction.cc).
//
// Threads: one at a time.   Ownership: shares the segments and pins what it reads; borrows the environment.
// Failure: DataLoss naming file and byte; Aborted if a segment was deleted meanwhile; that of the storage. The run is
// then over, and what it had written is removed.   Source: Kafka's Cleaner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/memory_budget.h"
#include "log/batch_filter.h"
#include "log/compacted_segment.h"
#include "log/key_offsets.h"
#include "log/leader_epoch_checkpoint.h"
#include "log/producer_snapshot.h"
#include "log/segment.h"
#include "log/segment_reader.h"
#include "record/buffer.h"

namespace moldau::log {

struct CompactionPlan {
  std::vector<std::shared_ptr<Segment>> segments;  // sealed, from the first of the log on, without a gap
  int64_t first_dirty = 0;
  int64_t end = 0;  // of the last of `segments`
  int64_t now_ms = 0;
  int64_t delete_retention_ms = 0;
  uint32_t segment_bytes = 0;
  uint32_t index_interval_bytes = 0;
  size_t key_bytes = 0;    // of memory to note keys in
  base::Hash128 secret{};  // of the hash of keys
  LeaderEpochHistory epochs;
  std::vector<ProducerEntry> producers;  // as they were after `end`, by id
};

class Compaction {
 public:
  enum class State : uint8_t {
    kGoesOn,      // call Step again
    kGroupReady,  // put replacement() in the place of replaced(), then call GroupIsInPlace
    kDone,        // everything below end() is clean
  };

  // ResourceExhausted if the memory budget has no room for the keys.
  static absl::StatusOr<std::unique_ptr<Compaction>> Begin(const LogEnvironment& environment, std::string directory,
                                                           CompactionPlan plan);

  // Reads about `max_bytes` of the log.
  absl::StatusOr<State> Step(size_t max_bytes);

  [[nodiscard]] const std::vector<std::shared_ptr<Segment>>& replaced() const noexcept { return group_; }
  [[nodiscard]] const std::shared_ptr<Segment>& replacement() const noexcept { return replacement_; }
  [[nodiscard]] const std::string& replacement_path() const noexcept { return output_->path(); }
  void GroupIsInPlace();

  [[nodiscard]] int64_t end() const noexcept { return plan_.end; }

 private:
  Compaction(const LogEnvironment& environment, std::string directory, CompactionPlan plan,
             base::MemoryBudget::Reservation memory);

  absl::StatusOr<bool> NoteKeys(size_t max_bytes);
  absl::StatusOr<bool> NoteKeysOf(const record::BatchView& batch);
  void BeginRewriting();
  absl::StatusOr<bool> EnterSegment();
  absl::StatusOr<State> Rewrite(size_t max_bytes);
  absl::Status RewriteBatch(const record::BatchView& batch);
  absl::StatusOr<State> FinishGroup();
  [[nodiscard]] bool TellsWhereItsProducerStands(const record::BatchView& batch) const;

  const LogEnvironment& environment_;
  const std::string directory_;
  CompactionPlan plan_;
  base::MemoryBudget::Reservation memory_;
  KeyOffsets latest_;
  record::Buffer unpacked_;
  std::optional<SegmentReader> reader_;
  size_t at_ = 0;                      // index of the segment that is being read, or will be next
  std::optional<BatchFilter> filter_;  // once all keys are noted

  std::vector<std::shared_ptr<Segment>> group_;
  std::vector<std::shared_ptr<const storage::Mapping>> pins_;  // of the group: it is read by them until it is replaced
  std::unique_ptr<CompactedSegment> output_;
  bool changed_ = false;  // something of the group
  std::shared_ptr<Segment> replacement_;
};

}  // namespace moldau::log
