// Appending: encode straight into place when the end of the log is free, encode aside and copy when it is not.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/named_bug.h"
#include "base/status_builder.h"
#include "log/log_core.h"
#include "moldau/record/batch_view.h"
#include "record/buffer.h"
#include "record/decoded_batch.h"
#include "record/recompress.h"
#include "record/record_encoder.h"

namespace moldau::log {

namespace {

// Memory for batches that cannot be encoded in place, kept by each thread so that no append allocates. It is taken
// while it is used: making room may run other code on this thread that appends too.
class Scratch {
 public:
  Scratch() : buffer_(std::exchange(kept(), {})) { buffer_.Clear(); }
  ~Scratch() { kept() = std::move(buffer_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  record::Buffer& operator*() noexcept { return buffer_; }
  record::Buffer* operator->() noexcept { return &buffer_; }

 private:
  static record::Buffer& kept() {
    thread_local record::Buffer buffer;
    return buffer;
  }
  record::Buffer buffer_;
};

// How far ahead of the end memory is fetched: some batches of one record, which take less time than memory does.
constexpr size_t kFetchedAhead = 1024;

// One wait for others in so many is timed, since its clock is read with the lock held.
constexpr uint64_t kWaitsPerTimed = 16;

// Fetches what comes `kFetchedAhead` bytes behind the batch of `size` bytes that ends at `end`. Without it the locked
// instruction of the next append would wait until memory has taken the stores of this one.
void FetchAhead(const std::byte* end, size_t size) {
  constexpr size_t kLine = 64;
  for (size_t at = kFetchedAhead - std::min(size, kFetchedAhead); at < kFetchedAhead; at += kLine) {
    __builtin_prefetch(end + at, 1);
  }
}

absl::Status TooLarge(size_t size, uint32_t limit, std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kMessageTooLarge,
                     "record batch: %d bytes exceed %s of %u bytes", static_cast<int64_t>(size), what, limit);
}

absl::Status NoKey(size_t index) {
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRecord,
                     "record %d: no key, but the topic is compacted", index);
}

}  // namespace

absl::Status Log::Core::CheckTimestamp(int64_t timestamp_ms, Timestamp now) const {
  const int64_t now_ms = now.time_since_epoch().count();
  const int64_t after = timestamp_after_max_ms.load(std::memory_order_relaxed);
  const int64_t before = timestamp_before_max_ms.load(std::memory_order_relaxed);
  if (timestamp_ms > now_ms && timestamp_ms - now_ms > after) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTimestamp,
                       "record: timestamp %d is %d ms ahead of the clock, message.timestamp.after.max.ms is %d",
                       timestamp_ms, timestamp_ms - now_ms, after);
  }
  if (timestamp_ms < now_ms && now_ms - timestamp_ms > before) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTimestamp,
                       "record: timestamp %d is %d ms behind the clock, message.timestamp.before.max.ms is %d",
                       timestamp_ms, now_ms - timestamp_ms, before);
  }
  return absl::OkStatus();
}

absl::Status Log::Core::CheckTimestamps(std::span<const Record> records, Timestamp now) const {
  for (const Record& record : records) {
    if (record.timestamp == kNoTimestamp) [[likely]]
      continue;
    const int64_t ms = record.timestamp.time_since_epoch().count();
    if (ms < 0) {
      return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidTimestamp,
                         "record: timestamp %d is before 1970", ms);
    }
    MOLDAU_RETURN_IF_ERROR(CheckTimestamp(ms, now));
  }
  return absl::OkStatus();
}

record::BatchFields Log::Core::NextFields(Timestamp now) const {
  return {
      .base_offset = next_offset, .leader_epoch = leader_epoch, .now = now, .timestamp_type = config.timestamp_type};
}

// One batch is in place: the only spot where the end of the log moves.
AppendResult Log::Core::Complete(uint32_t size, int32_t offset_count, int64_t max_timestamp) {
  const int64_t base = next_offset;
  const int64_t last = base + offset_count - 1;
  if (active->IndexBatch(position, last, size, {max_timestamp, last})) [[unlikely]]
    NoteIndexSize();
  position += size;
  next_offset = last + 1;
  appended.Count(size);
  if (position >= heat_mark) [[unlikely]] {
    heat_mark = UINT32_MAX;
    tasks.Post([this] { HeatUp(); });
  }
  if (publishes) {
    active->Publish({position, static_cast<uint32_t>(next_offset - active->base_offset())});
    log_end.store(next_offset, std::memory_order_relaxed);
    visible_end.store(next_offset, std::memory_order_release);
  } else {
    pending.size = position - pending.start;
    pending.end_offset = next_offset;
    log_end.store(next_offset, std::memory_order_release);
  }
  const bool stamped = config.timestamp_type == TimestampType::kLogAppendTime;
  return {.base_offset = base,
          .last_offset = last,
          .log_append_time = stamped ? Timestamp(std::chrono::milliseconds(max_timestamp)) : kNoTimestamp};
}

// A full index ends the segment, as in Kafka. The way in is closed, so that the next append takes the long way.
void Log::Core::NoteIndexSize() {
  if ((active->offset_index().size() + 1) * OffsetIndex::kEntryBytes <= config.segment_index_bytes) return;
  indexed_full = true;
  direct_end = direct_at;
}

void Log::Core::UnlockAndNotify() {
  const bool notify = publishes;
  const bool arm = has_flush_timer && !flush_armed;
  if (arm) [[unlikely]]
    flush_armed = true;
  append_lock.Unlock();
  if (notify) NotifyTail();
  if (arm) [[unlikely]]
    ArmFlushTimer();
}

// The end of the log was stored without a fence, which every append would pay for. A waiter that registered before our
// section is seen here, one that registered later has seen the end (SpinMutex::Synchronize); one that was registered
// all the time and is about to sleep is ordered by the read-modify-write.
void Log::Core::NotifyTail() {
  if (!tail.empty()) [[unlikely]] {
    visible_end.fetch_add(0, std::memory_order_seq_cst);
    tail.Notify();
  }
}

void Log::Core::AddTailWaker(base::Waker* waker) {
  tail.Add(waker);
  append_lock.Synchronize();
}

int64_t Log::Core::TryAppendOne(const Record& record) {
  const size_t bound = record::layout::kHeaderSize + record::RecordSizeBound(record);
  if (record.timestamp != kNoTimestamp || !record.headers.empty() || MOLDAU_NAMED_BUG(M3)) [[unlikely]]
    return -1;
  const Timestamp now = wall_clock.WallNow();
  if (!append_lock.TryLock()) [[unlikely]]
    return -1;
  if (bound > DirectRoom() || bound > fast_limit || now.time_since_epoch().count() >= slow_at_ms) [[unlikely]] {
    append_lock.Unlock();
    return -1;
  }
  const size_t size = one_record.Encode(record, next_offset, leader_epoch, now, config.timestamp_type, direct_at);
  direct_at += size;
  FetchAhead(direct_at, size);
  const int64_t offset = Complete(static_cast<uint32_t>(size), 1, now.time_since_epoch().count()).base_offset;
  UnlockAndNotify();
  return offset;
}

absl::StatusOr<AppendResult> Log::Core::Append(std::span<const Record> records) {
  const Timestamp now = wall_clock.WallNow();
  const Stopwatch stopwatch(*environment.clock, AppendLatency(now));
  if (append_lock.TryLock()) [[likely]] {
    const int64_t now_ms = now.time_since_epoch().count();
    const bool is_old = now_ms >= roll_at_ms;
    slow_at_ms = std::min(roll_at_ms, now_ms + 1);
    const size_t room = is_old ? 0 : std::min<size_t>(DirectRoom(), fast_limit);
    if (MOLDAU_NAMED_BUG(M3) && !records.empty() && record::EncodedSizeBound(records) <= room) {
      active->Publish(
          {static_cast<uint32_t>(position + record::EncodedSizeBound(records)),
           static_cast<uint32_t>(next_offset + static_cast<int64_t>(records.size()) - active->base_offset())});
    }
    const size_t size = record::EncodePlainBatch(records, NextFields(now), direct_at, room);
    if (size != 0) [[likely]] {
      direct_at += size;
      const AppendResult result =
          Complete(static_cast<uint32_t>(size), static_cast<int32_t>(records.size()), now.time_since_epoch().count());
      UnlockAndNotify();
      return result;
    }
    append_lock.Unlock();
  }
  return AppendSlow(records, now);
}

absl::Status Log::Core::CheckKeys(const record::BatchView& batch) {
  if (batch.is_control()) return absl::OkStatus();
  record::Buffer unpacked;
  MOLDAU_ASSIGN_OR_RETURN(const record::DecodedBatch decoded, record::DecodedBatch::Decode(batch, {}, unpacked));
  size_t index = 0;
  for (const RecordView& record : decoded.records()) {
    if (!record.has_key()) return NoKey(index);
    ++index;
  }
  return absl::OkStatus();
}

absl::StatusOr<AppendResult> Log::Core::AppendSlow(std::span<const Record> records, Timestamp now) {
  if (records.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRecord, "record batch: has no records");
  }
  MOLDAU_RETURN_IF_ERROR(CheckTimestamps(records, now));
  record::BatchFields fields;
  uint32_t max_message_bytes;
  Compression target;
  bool keys_required;
  {
    MOLDAU_RETURN_IF_ERROR(LockForAppend());
    fields = NextFields(now);
    keys_required = config.compact;
    max_message_bytes = config.max_message_bytes;
    target = codec;
    append_lock.Unlock();
  }
  for (size_t i = 0; keys_required && i < records.size(); ++i) {
    if (!records[i].key) return NoKey(i);
  }
  const size_t bound = record::EncodedSizeBound(records);
  if (bound > kMaxRelative) return TooLarge(bound, max_message_bytes, "max.message.bytes");
  if (bound > max_message_bytes) {
    const size_t exact = record::EncodedSize(records, fields);
    const bool shrinks = target != Compression::kNone;
    if (exact > max_message_bytes && !shrinks) {
      return TooLarge(exact, max_message_bytes, "max.message.bytes");
    }
  }
  Scratch scratch;
  scratch->Reserve(bound);
  scratch->Grow(record::EncodeBatch(records, fields, scratch->data()));
  record::BatchView batch(scratch->data());
  if (target != Compression::kNone) {
    record::Buffer unpacked;
    record::Buffer smaller;
    MOLDAU_RETURN_IF_ERROR(record::Recompress(batch, target, {}, unpacked, smaller));
    std::swap(*scratch, smaller);
    batch = record::BatchView(scratch->data());
    if (scratch->size() > max_message_bytes) return TooLarge(scratch->size(), max_message_bytes, "max.message.bytes");
  }
  return Place({.bytes = {scratch->data(), scratch->size()},
                .offset_count = static_cast<int32_t>(records.size()),
                .max_timestamp = batch.max_timestamp_ms()},
               now);
}

absl::StatusOr<AppendResult> Log::Core::AppendBatch(std::span<const std::byte> bytes, std::byte* in_place) {
  const Timestamp now = wall_clock.WallNow();
  const Stopwatch stopwatch(*environment.clock, AppendLatency(now));
  const record::BatchView given(bytes.data());
  uint32_t max_message_bytes;
  bool recompresses;
  Compression target;
  TimestampType timestamp_type;
  bool keys_required;
  {
    MOLDAU_RETURN_IF_ERROR(LockForAppend());
    max_message_bytes = config.max_message_bytes;
    keys_required = config.compact;
    recompresses = has_codec && codec != given.compression();
    target = codec;
    timestamp_type = config.timestamp_type;
    append_lock.Unlock();
  }
  if (bytes.size() > max_message_bytes) return TooLarge(bytes.size(), max_message_bytes, "max.message.bytes");
  if (keys_required) MOLDAU_RETURN_IF_ERROR(CheckKeys(given));
  if (timestamp_type == TimestampType::kCreateTime && given.max_timestamp_ms() >= 0) {
    MOLDAU_RETURN_IF_ERROR(CheckTimestamp(given.max_timestamp_ms(), now));
  }
  Scratch scratch;
  std::span<std::byte> own(in_place, bytes.size());
  if (recompresses) {
    record::Buffer unpacked;
    MOLDAU_RETURN_IF_ERROR(record::Recompress(given, target, {}, unpacked, *scratch));
    if (scratch->size() > max_message_bytes) return TooLarge(scratch->size(), max_message_bytes, "max.message.bytes");
    own = {scratch->data(), scratch->size()};
  } else if (in_place == nullptr) {
    scratch->Reserve(bytes.size());
    std::memcpy(scratch->data(), bytes.data(), bytes.size());
    own = {scratch->data(), bytes.size()};
  }
  if (timestamp_type == TimestampType::kLogAppendTime) record::SetLogAppendTime(own.data(), now);
  const record::BatchView batch(own.data());
  return Place({.bytes = own,
                .offset_count = batch.last_offset_delta() + 1,
                .max_timestamp = batch.max_timestamp_ms(),
                .has_producer_id = batch.has_producer_id()},
               now);
}

// A thread that holds a claim would wait for itself, and is told so.
absl::Status Log::Core::CheckNoClaimHere() const {
  if (claim_owner.load(std::memory_order_relaxed) != std::this_thread::get_id()) [[likely]]
    return absl::OkStatus();
  return absl::FailedPreconditionError("log: this thread holds a claim; commit or abort it first");
}

absl::Status Log::Core::Health() {
  if (!CheckNoClaimHere().ok()) return failure;  // the lock is ours already
  base::SpinMutexLock lock(append_lock);
  return failure;
}

absl::Status Log::Core::LockForAppend() {
  MOLDAU_RETURN_IF_ERROR(CheckNoClaimHere());
  if (!append_lock.TryLock()) [[unlikely]]
    WaitForAppendLock();
  if (failure.ok()) return absl::OkStatus();
  absl::Status status = failure;
  append_lock.Unlock();
  return status;
}

void Log::Core::WaitForAppendLock() {
  const bool timed = append_waits.value() % kWaitsPerTimed == 0 && environment.latencies != nullptr;
  const Stopwatch stopwatch(*environment.clock, timed ? &environment.latencies->append_wait : nullptr);
  append_waits.Add(1);
  append_lock.Lock();
}

base::LatencyHistogram* Log::Core::TakeSample(Timestamp now) {
  sampler.Take(now);
  return environment.latencies != nullptr ? &environment.latencies->append : nullptr;
}

// Puts a batch that is complete but for offset and epoch at the end of the log.
absl::StatusOr<AppendResult> Log::Core::Place(const EncodedBatch& batch, Timestamp now) {
  const size_t size = batch.bytes.size();
  for (;;) {
    MOLDAU_RETURN_IF_ERROR(LockForAppend());
    if (batch.has_producer_id) {
      if (!producers_known) {
        append_lock.Unlock();
        MOLDAU_RETURN_IF_ERROR(EnsureProducersKnown());
        continue;
      }
      const auto earlier = FindEarlier(record::BatchView(batch.bytes.data()));
      if (!earlier.ok() || *earlier) {
        append_lock.Unlock();
        if (!earlier.ok()) return earlier.status();
        return **earlier;
      }
    }
    const bool is_old = now.time_since_epoch().count() >= roll_at_ms && position > 0;
    const bool cold = is_ready && publishes && !is_mapped && active != nullptr && position + size <= active->capacity();
    const bool in_range = active != nullptr && next_offset + batch.offset_count - active->base_offset() <= kMaxRelative;
    if (!is_old && !indexed_full && in_range && (size <= DirectRoom() || cold)) {
      record::PatchBatch(batch.bytes.data(), next_offset, leader_epoch);
      if (size <= DirectRoom()) {
        std::memcpy(direct_at, batch.bytes.data(), size);
        direct_at += size;
      } else if (const absl::Status status = PlaceCold(batch); !status.ok()) {
        append_lock.Unlock();
        if (!absl::IsResourceExhausted(status)) StopWriting(status);
        return status;
      }
      const AppendResult result = Complete(static_cast<uint32_t>(size), batch.offset_count, batch.max_timestamp);
      if (batch.has_producer_id) {
        producers.Add(record::BatchView(batch.bytes.data()), std::max(now.time_since_epoch().count(), expiry_ms));
      }
      UnlockAndNotify();
      return result;
    }
    if (active != nullptr && !in_range) indexed_full = true;
    append_lock.Unlock();
    MOLDAU_RETURN_IF_ERROR(MakeRoom(size, now));
  }
}

// A partition that is seldom written has no mapping: one write into the page cache, which a full disk refuses cleanly.
absl::Status Log::Core::PlaceCold(const EncodedBatch& batch) {
  MOLDAU_ASSIGN_OR_RETURN(const std::shared_ptr<storage::File> file, active->File());
  if (const absl::Status status = file->Write(position, batch.bytes); !status.ok()) {
    if (absl::IsResourceExhausted(status)) {
      cut_short = true;
      MOLDAU_RETURN_IF_ERROR(file->Truncate(position));
    }
    return status;
  }
  cold_bytes += batch.bytes.size();
  RequestWarmUp();
  return absl::OkStatus();
}

// The disk has failed us: nothing that is not durable yet will ever be acknowledged.
void Log::Core::StopWriting(absl::Status why) {
  const absl::Status stopped = base::Error(
      absl::StatusCode::kFailedPrecondition, ErrorCode::kStorageError,
      "%s: partition has stopped after a storage error, what is durable can be read: %s", directory, why.message());
  {
    base::SpinMutexLock lock(append_lock);
    if (!failure.ok()) return;
    failure = stopped;
    direct_at = direct_end = nullptr;
    is_ready = false;
  }
  environment.logger->Error("log.stopped", "%s", stopped.message());
  durable->Fail(stopped);
  tail.Notify();
}

}  // namespace moldau::log
