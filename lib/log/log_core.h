// The state of a log and its parts by event: each log_<event>.cc implements the members listed under its name.
//
// Locks, in the order in which they may be taken:
//   compaction_mutex    the run of compaction that is under way. Held across I/O, for one step.
//   maintenance_mutex   structure: roll, truncate, trim, retention, close. Held across I/O.
//   flush_mutex         one flush at a time. Held across I/O.
//   append_lock         the end of the log. Held for one batch; never across I/O, but for the single pwrite of a cold
//                       log.
//   epochs_lock         the leader epochs; held to copy or change them.
//   segments_mutex      the list of segments; held to copy or swap a pointer.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fast_wall_clock.h"
#include "base/mutex.h"
#include "base/spin_mutex.h"
#include "base/task_scope.h"
#include "log/compaction.h"
#include "log/durable_end.h"
#include "log/flush_gate.h"
#include "log/log.h"
#include "log/log_meters.h"
#include "log/producer_states.h"
#include "log/segment.h"
#include "log/waker_list.h"
#include "record/batch_encoder.h"

namespace moldau::log {

using SegmentList = std::vector<std::shared_ptr<Segment>>;

// Bytes of a `flushed` log that wait to be written: one run of whole batches for one segment.
struct PendingRun {
  std::shared_ptr<Segment> segment;
  std::unique_ptr<std::byte[]> bytes;
  uint32_t capacity = 0;
  uint32_t start = 0;  // position in the segment
  uint32_t size = 0;
  int64_t end_offset = 0;
};

// A segment file made ahead of its use, under a temporary name.
struct PreparedSegment {
  std::string path;
  std::shared_ptr<storage::File> file;
  std::shared_ptr<storage::Mapping> mapping;
};

// A batch on its way into the log.
struct EncodedBatch {
  std::span<std::byte> bytes;  // patched in place
  int32_t offset_count = 0;
  int64_t max_timestamp = -1;
  bool has_producer_id = false;
};

struct Log::Core final : public FlushDriver, public std::enable_shared_from_this<Log::Core> {
  Core(const LogEnvironment& environment, std::string directory, LogIdentity identity, const LogConfig& config);
  ~Core();

  // --- log_open.cc ---   (before anybody else can see the log, so without its locks)
  absl::Status Open(const Known& known) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::StatusOr<SegmentList> ListSegments(const Known& known) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::Status RemoveLeftovers(const std::vector<storage::DirectoryEntry>& entries);
  absl::Status LoadEpochs(const Known& known, bool trust_entry);
  absl::Status FlushRecovered(const SegmentList& list);
  void AdoptSegments(SegmentList list, int64_t start, int64_t recovery_point);

  // --- log_append.cc ---
  // The analysis does not know a lock that is taken only if a Status is OK (LockForAppend).
  absl::StatusOr<AppendResult> Append(std::span<const Record> records) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  // One record by the shortest way. -1 if it has to go the long one, through Append.
  int64_t TryAppendOne(const Record& record) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  // `in_place`: the same bytes if they may be patched where they are, or null.
  absl::StatusOr<AppendResult> AppendBatch(std::span<const std::byte> batch,
                                           std::byte* in_place) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::StatusOr<AppendResult> AppendSlow(std::span<const Record> records,
                                          Timestamp now) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::StatusOr<AppendResult> Place(const EncodedBatch& batch, Timestamp now) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::Status PlaceCold(const EncodedBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  absl::Status CheckTimestamps(std::span<const Record> records, Timestamp now) const;
  absl::Status CheckTimestamp(int64_t timestamp_ms, Timestamp now) const;
  static absl::Status CheckKeys(const record::BatchView& batch);
  absl::Status LockForAppend() ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void WaitForAppendLock() ABSL_EXCLUSIVE_LOCK_FUNCTION(append_lock);
  // Where the time of the append that begins goes; null unless it is one that is timed.
  base::LatencyHistogram* AppendLatency(Timestamp now) { return sampler.IsDue(now) ? TakeSample(now) : nullptr; }
  base::LatencyHistogram* TakeSample(Timestamp now);
  // FailedPrecondition on the thread that holds a claim, and with it the end of the log.
  absl::Status CheckNoClaimHere() const;
  // Why appends are refused, or OK.
  absl::Status Health() ABSL_NO_THREAD_SAFETY_ANALYSIS;
  AppendResult Complete(uint32_t size, int32_t offset_count, int64_t max_timestamp)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  [[nodiscard]] size_t DirectRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock) {
    return static_cast<size_t>(direct_end - direct_at);
  }
  [[nodiscard]] record::BatchFields NextFields(Timestamp now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  void NoteIndexSize() ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  // Gives the lock back, and tells those who have to know that something was appended.
  void UnlockAndNotify() ABSL_UNLOCK_FUNCTION(append_lock);
  void NotifyTail();
  void AddTailWaker(base::Waker* waker);
  void StopWriting(absl::Status why);

  // --- log_claim.cc ---
  // The append lock stays taken from a successful BeginClaim until CommitClaim or AbortClaim.
  absl::StatusOr<std::span<std::byte>> BeginClaim(std::optional<std::string_view> key,
                                                  size_t value_bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  absl::StatusOr<AppendResult> CommitClaim(std::span<std::byte> value) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void AbortClaim(std::span<std::byte> value) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  // --- log_roll.cc ---
  absl::Status MakeRoom(size_t bytes, Timestamp now);
  absl::Status RollLocked(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::StatusOr<std::shared_ptr<Segment>> NewSegment(int64_t base_offset)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status FillNewSegment(Segment& segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status CreateDirectory() ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  void SwitchTo(std::shared_ptr<Segment> segment, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  void FinishIfComplete(const std::shared_ptr<Segment>& segment);
  absl::Status SealFiles(Segment& segment);
  absl::Status ExtendPending(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status AllocatePending(Segment& segment, uint32_t need) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  void NewPendingBuffer(std::shared_ptr<Segment> segment, uint32_t start, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);

  // --- log_producers.cc ---
  absl::StatusOr<std::optional<AppendResult>> FindEarlier(const record::BatchView& batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  absl::Status EnsureProducersKnown();
  absl::Status LoadProducers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  void AdoptProducers(std::optional<ProducerStates> states, int64_t end);
  SharedProducers ProducersNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  size_t ExpireProducers(std::chrono::milliseconds expiration);
  [[nodiscard]] std::string SnapshotPath(int64_t offset) const;
  absl::Status StoreSnapshot(Segment& segment);
  absl::Status WriteSnapshot(int64_t offset, std::vector<ProducerEntry>& entries);
  absl::Status KeepProducers(Segment& oldest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status RemoveSnapshotsBehind(int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);

  // --- log_compaction.cc ---
  absl::StatusOr<bool> Compact(const CompactionLimits& limits);
  absl::StatusOr<bool> CompactSome(const CompactionLimits& limits) ABSL_EXCLUSIVE_LOCKS_REQUIRED(compaction_mutex);
  absl::StatusOr<std::optional<CompactionPlan>> PlanCompaction(const CompactionLimits& limits)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(compaction_mutex);
  absl::StatusOr<bool> ChooseSegments(const LogConfig& topic, CompactionPlan& plan)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status RollIfOverdue(const LogConfig& topic, int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status PutInPlace() ABSL_EXCLUSIVE_LOCKS_REQUIRED(compaction_mutex);
  absl::Status SwapFiles(int64_t base_offset, std::span<const int64_t> covered);
  absl::StatusOr<bool> FinishSwaps(const std::vector<storage::DirectoryEntry>& entries);
  absl::StatusOr<int64_t> EndOfSwap(int64_t base_offset);

  // --- log_heat.cc ---
  void RequestWarmUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_lock);
  void WarmUp();
  void HeatUp();
  absl::Status PrepareOne();
  void PrepareAhead();
  std::optional<PreparedSegment> TakePrepared();
  void DropPrepared();
  absl::Status Prepare(uint64_t bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void CoolDown();
  absl::Status CoolActive() ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);

  // --- log_flush.cc ---
  absl::Status AwaitDurable(int64_t offset, std::chrono::nanoseconds timeout) override;
  void RequestFlush() override;
  void PostCallbacks(absl::AnyInvocable<void()> task) override;
  absl::Status Flush();
  absl::Status FlushHoldingMutex() ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex);
  absl::Status FlushPending(std::vector<PendingRun> runs, int64_t target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex);
  absl::Status FlushMapped(int64_t target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex);
  absl::Status FlushSegment(Segment& segment, bool active, uint32_t to) ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex);
  absl::Status FlushNames() ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex);
  std::vector<PendingRun> TakePending(int64_t& target);
  void RaiseHighWatermark(int64_t offset);
  void ArmFlushTimer();

  // --- log_read.cc ---
  absl::StatusOr<LogSlice> Read(LogCursor& cursor, size_t max_bytes);
  absl::StatusOr<LogSlice> ReadUnguarded(LogCursor& cursor, size_t max_bytes);
  [[nodiscard]] bool HasNews(const LogCursor& cursor) const;
  absl::StatusOr<LogSlice> SliceFrom(LogCursor& cursor, SegmentEnd end, size_t max_bytes);
  absl::Status Seek(LogCursor& cursor);
  // Once; `segment` is the one it looked into.
  absl::Status SeekOnce(LogCursor& cursor, std::shared_ptr<Segment>& segment);
  absl::Status OutOfRange(int64_t offset) const;
  absl::StatusOr<LogSlice> ReadWait(LogCursor& cursor, size_t max_bytes, MonoTime deadline, WaitStrategy strategy);
  absl::Status WaitForData(int64_t offset, MonoTime deadline, WaitStrategy strategy);
  absl::StatusOr<std::optional<OffsetAndTimestamp>> FindByTimestamp(Timestamp timestamp);
  absl::StatusOr<std::optional<OffsetAndTimestamp>> ScanForTimestamp(LogCursor cursor, int64_t end_offset,
                                                                     int64_t timestamp);

  // --- log_upkeep.cc ---
  absl::Status Roll();
  absl::Status Truncate(int64_t offset);
  absl::StatusOr<Segment::Place> PlaceOfCut(Segment& segment, int64_t offset);
  absl::StatusOr<std::shared_ptr<Segment>> CutSegment(const std::shared_ptr<Segment>& segment, Segment::Place place)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::StatusOr<std::shared_ptr<Segment>> CutFile(const std::shared_ptr<Segment>& segment, Segment::Place place)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status RemoveLast(SegmentList& list);
  absl::StatusOr<int> RemoveAll(SegmentList& list);
  absl::Status Trim(int64_t offset);
  absl::StatusOr<int> ApplyRetention(std::optional<int64_t> unread_from);
  int64_t StartByLimits(const LogConfig& limits, int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::StatusOr<int> DeleteOldSegments(int64_t log_start) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  [[nodiscard]] Timestamp SteadyWallNow() const;
  absl::Status RemoveFiles(Segment& segment);
  absl::Status AssignLeaderEpoch(int32_t epoch);
  absl::Status Close();
  absl::Status CloseFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex);
  absl::Status Delete();
  PartitionEntry Describe();

  void SetConfig(const LogConfig& changed);

  // --- small ones ---
  std::shared_ptr<const SegmentList> segments() const {
    base::MutexLock lock(segments_mutex);
    return segment_list;
  }
  void set_segments(SegmentList list) {
    auto shared = std::make_shared<const SegmentList>(std::move(list));
    base::MutexLock lock(segments_mutex);
    segment_list.swap(shared);
  }
  LeaderEpochHistory EpochsCopy() {
    base::SpinMutexLock lock(epochs_lock);
    return epochs;
  }
  [[nodiscard]] bool flushes() const noexcept { return flushed_mode.load(std::memory_order_relaxed); }
  absl::Status Closed() const { return absl::CancelledError("log: closed"); }

  const LogEnvironment environment;
  const std::string directory;
  const LogIdentity identity;
  const base::FastWallClock wall_clock;
  RecoveryReport report;
  DurableEnd* const durable;

  // --- the end of the log ---
  alignas(128) base::SpinMutex append_lock;
  std::byte* direct_at ABSL_GUARDED_BY(append_lock) =
      nullptr;  // where the next batch goes, in the mapping or in `pending`
  std::byte* direct_end ABSL_GUARDED_BY(append_lock) = nullptr;
  uint32_t position ABSL_GUARDED_BY(append_lock) = 0;            // in the active segment
  uint32_t heat_mark ABSL_GUARDED_BY(append_lock) = UINT32_MAX;  // position at which a warm segment becomes hot
  int64_t next_offset ABSL_GUARDED_BY(append_lock) = 0;
  record::OneRecordEncoder one_record ABSL_GUARDED_BY(append_lock);
  int64_t roll_at_ms ABSL_GUARDED_BY(append_lock) = INT64_MAX;  // wall time at which the active segment is old
  // Likewise at which a single record takes the long way: to roll, or to be timed.
  int64_t slow_at_ms ABSL_GUARDED_BY(append_lock) = INT64_MIN;
  int32_t leader_epoch ABSL_GUARDED_BY(append_lock) = 0;
  bool publishes ABSL_GUARDED_BY(append_lock) = false;  // appended is readable: the log does not wait for flushes
  bool is_mapped ABSL_GUARDED_BY(append_lock) = false;  // direct_at points into the active segment's mapping
  bool is_ready ABSL_GUARDED_BY(append_lock) = false;   // false: MakeRoom has to see to the active segment first
  bool warm_up_requested ABSL_GUARDED_BY(append_lock) = false;
  bool cut_short ABSL_GUARDED_BY(append_lock) = false;        // the active file, since WarmUp began to lengthen it
  bool has_flush_timer ABSL_GUARDED_BY(append_lock) = false;  // an append is flushed some time after it
  bool flush_armed ABSL_GUARDED_BY(append_lock) = false;
  bool indexed_full ABSL_GUARDED_BY(append_lock) = false;
  uint32_t fast_limit ABSL_GUARDED_BY(append_lock) = 0;  // batches up to this size need no second look
  std::shared_ptr<Segment> active ABSL_GUARDED_BY(append_lock);
  absl::Status failure ABSL_GUARDED_BY(append_lock);
  LogConfig config ABSL_GUARDED_BY(append_lock);
  bool has_codec ABSL_GUARDED_BY(append_lock) = false;  // batches are stored in this codec, however they come
  Compression codec ABSL_GUARDED_BY(append_lock) = Compression::kNone;
  PendingRun pending ABSL_GUARDED_BY(append_lock);                    // of a `flushed` log: direct_at points into it
  std::vector<PendingRun> earlier_runs ABSL_GUARDED_BY(append_lock);  // of segments that have been rolled
  uint32_t allocated ABSL_GUARDED_BY(append_lock) = 0;  // of the active file of a `flushed` log; set by maintenance
  std::unique_ptr<std::byte[]> spare_buffer ABSL_GUARDED_BY(append_lock);
  uint32_t spare_capacity ABSL_GUARDED_BY(append_lock) = 0;
  bool producers_known ABSL_GUARDED_BY(append_lock) = false;   // false: no batch with a producer id may be appended yet
  int64_t producers_end ABSL_GUARDED_BY(append_lock) = 0;      // and none lies at or behind this offset
  absl::Status producers_damage ABSL_GUARDED_BY(append_lock);  // why they cannot be known; until that part is gone
  ProducerStates producers ABSL_GUARDED_BY(append_lock);
  // Calendar time at the last expiry, or the open: whoever writes later was not idle before, though the clock says so.
  int64_t expiry_ms ABSL_GUARDED_BY(append_lock) = 0;
  uint64_t cold_bytes ABSL_GUARDED_BY(append_lock) = 0;
  uint64_t batches_at_cool_down ABSL_GUARDED_BY(append_lock) = 0;  // how many there were at the last one
  AppendMeter appended;                                            // counted under append_lock

  // Apart from the end of the log, so that a reader does not wait for a claim; taken within append_lock.
  mutable base::SpinMutex epochs_lock;
  LeaderEpochHistory epochs ABSL_GUARDED_BY(epochs_lock);

  // --- what readers see ---
  // Stored by every append, so on a line that a cursor which follows the log does not look at.
  alignas(128) std::atomic<int64_t> visible_end{0};
  std::atomic<int64_t> log_end{0};
  alignas(128) std::atomic<int64_t> log_start{0};
  std::atomic<int64_t> dropped_unread{0};
  std::atomic<int64_t> cleaned_to{0};    // compaction has been below it
  std::atomic<bool> interrupted{false};  // readers stop; so it is once the log is closed
  std::atomic<bool> closed{false};
  std::atomic<bool> flushed_mode{false};
  std::atomic<std::thread::id> claim_owner{};
  std::atomic<int64_t> timestamp_before_max_ms{INT64_MAX};
  std::atomic<int64_t> timestamp_after_max_ms{INT64_MAX};
  AppendSampler sampler;
  WakerList tail;

  mutable base::Mutex segments_mutex;
  std::shared_ptr<const SegmentList> segment_list ABSL_GUARDED_BY(segments_mutex) = std::make_shared<SegmentList>();

  base::Mutex compaction_mutex;
  std::unique_ptr<Compaction> compaction ABSL_GUARDED_BY(compaction_mutex);
  int64_t compaction_began_at ABSL_GUARDED_BY(compaction_mutex) = 0;  // the value of `truncations` then
  bool uncleanable ABSL_GUARDED_BY(compaction_mutex) = false;         // damage was met: not again in this process

  base::Mutex close_mutex;
  absl::Status close_status ABSL_GUARDED_BY(close_mutex);
  base::Mutex maintenance_mutex;
  bool directory_exists ABSL_GUARDED_BY(maintenance_mutex) = false;
  int64_t truncations ABSL_GUARDED_BY(maintenance_mutex) = 0;

  base::Mutex flush_mutex;
  std::atomic<bool> flush_running{false};
  base::Counter append_waits;                                  // for the append lock; counted as they begin
  std::atomic<bool> names_dirty{false};                        // the directory has names that were not flushed
  std::atomic<bool> parent_dirty{false};                       // so has the data directory
  int64_t flushed_size_of ABSL_GUARDED_BY(flush_mutex) = -1;   // base offset of the segment whose file size is durable
  uint32_t flushed_position ABSL_GUARDED_BY(flush_mutex) = 0;  // of that segment

  base::Mutex prepare_mutex;
  std::deque<PreparedSegment> prepared ABSL_GUARDED_BY(prepare_mutex);
  int prepare_wanted ABSL_GUARDED_BY(prepare_mutex) = 0;   // how many to keep ready
  int preparing ABSL_GUARDED_BY(prepare_mutex) = 0;        // asked for
  int prepare_running ABSL_GUARDED_BY(prepare_mutex) = 0;  // being made this moment, by another thread
  int64_t prepare_number ABSL_GUARDED_BY(prepare_mutex) = 0;
  base::EventCount prepare_event;

  Timestamp opened_wall;
  MonoTime opened_mono;

  base::TaskScope tasks;
};

}  // namespace moldau::log
