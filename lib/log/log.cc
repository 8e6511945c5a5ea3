#include "log/log.h"

#include <utility>

#include "log/log_core.h"

namespace moldau::log {

Log::Log(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Log::~Log() { core_->Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<Log>> Log::Open(const LogEnvironment& environment, std::string directory,
                                               LogIdentity identity, const LogConfig& config, const Known& known) {
  auto core = std::make_shared<Core>(environment, std::move(directory), std::move(identity), config);
  core->SetConfig(config);
  const absl::Status status = core->Open(known);
  if (!status.ok()) return status;
  return std::unique_ptr<Log>(new Log(std::move(core)));
}

absl::StatusOr<AppendResult> Log::Append(std::span<const Record> records) { return core_->Append(records); }

absl::StatusOr<AppendResult> Log::AppendBatch(std::span<const std::byte> batch) {
  return core_->AppendBatch(batch, nullptr);
}
absl::StatusOr<AppendResult> Log::AppendOwnBatch(std::span<std::byte> batch) {
  return core_->AppendBatch(batch, batch.data());
}

absl::StatusOr<Log::Claim> Log::BeginClaim(std::optional<std::string_view> key, size_t value_bytes) {
  absl::StatusOr<std::span<std::byte>> value = core_->BeginClaim(key, value_bytes);
  if (!value.ok()) return value.status();
  return Claim(core_, *value);
}

int64_t Log::TryAppendOne(const Record& record) { return core_->TryAppendOne(record); }

Receipt Log::MakeReceipt(int64_t base_offset) {
  if (!core_->flushes()) return Receipt(core_->identity.partition, base_offset);
  core_->durable->AddReference();
  return Receipt(core_->durable, base_offset);
}

absl::Status Log::Flush() { return core_->Flush(); }
absl::Status Log::Prepare(uint64_t bytes) { return core_->Prepare(bytes); }

absl::StatusOr<LogSlice> Log::Read(int64_t offset, size_t max_bytes) {
  LogCursor cursor{.offset = offset};
  return core_->Read(cursor, max_bytes);
}
absl::StatusOr<LogSlice> Log::Read(LogCursor& cursor, size_t max_bytes) { return core_->Read(cursor, max_bytes); }
absl::StatusOr<LogSlice> Log::ReadWait(LogCursor& cursor, size_t max_bytes, MonoTime deadline, WaitStrategy strategy) {
  return core_->ReadWait(cursor, max_bytes, deadline, strategy);
}
void Log::Rest(LogCursor& cursor) const noexcept {
  if (cursor.offset >= high_watermark()) cursor.pin = nullptr;
}
absl::StatusOr<std::optional<OffsetAndTimestamp>> Log::FindByTimestamp(Timestamp timestamp) {
  return core_->FindByTimestamp(timestamp);
}

void Log::AddTailWaker(base::Waker* waker) { core_->AddTailWaker(waker); }
void Log::RemoveTailWaker(base::Waker* waker) { core_->tail.Remove(waker); }
absl::Status Log::WaitForData(int64_t offset, MonoTime deadline, WaitStrategy strategy) {
  return core_->WaitForData(offset, deadline, strategy);
}

int64_t Log::log_start_offset() const noexcept { return core_->log_start.load(std::memory_order_acquire); }
int64_t Log::log_end_offset() const noexcept { return core_->log_end.load(std::memory_order_acquire); }
int64_t Log::high_watermark() const noexcept { return core_->visible_end.load(std::memory_order_acquire); }
int64_t Log::durable_offset() const noexcept { return core_->durable->offset(); }

uint64_t Log::size_bytes() const {
  uint64_t total = 0;
  const std::shared_ptr<const SegmentList> list = core_->segments();
  for (const auto& segment : *list) total += segment->published().position;
  return total;
}

int Log::segment_count() const { return static_cast<int>(core_->segments()->size()); }

AppendTotals Log::appended() const noexcept {
  const AppendMeter& meter = core_->appended;
  const int64_t first = meter.first_offset.load(std::memory_order_relaxed);
  return {.batches = meter.batches.value(),
          .records = static_cast<uint64_t>(log_end_offset() - first),
          .bytes = meter.bytes.value()};
}
uint64_t Log::append_waits() const noexcept { return core_->append_waits.value(); }
bool Log::has_stopped() const noexcept { return core_->durable->failed(); }

absl::Status Log::Roll() { return core_->Roll(); }
absl::Status Log::Truncate(int64_t offset) { return core_->Truncate(offset); }
absl::Status Log::Trim(int64_t offset) { return core_->Trim(offset); }
absl::StatusOr<int> Log::ApplyRetention(std::optional<int64_t> unread_from) {
  return core_->ApplyRetention(unread_from);
}
int64_t Log::dropped_unread() const noexcept { return core_->dropped_unread.load(std::memory_order_relaxed); }
absl::StatusOr<bool> Log::Compact(const CompactionLimits& limits) { return core_->Compact(limits); }
int64_t Log::cleaned_offset() const noexcept { return core_->cleaned_to.load(std::memory_order_acquire); }
size_t Log::ExpireProducers(std::chrono::milliseconds expiration) { return core_->ExpireProducers(expiration); }
absl::Status Log::AssignLeaderEpoch(int32_t epoch) { return core_->AssignLeaderEpoch(epoch); }
void Log::CoolDown() { core_->CoolDown(); }
void Log::SetConfig(const LogConfig& config) { core_->SetConfig(config); }
PartitionEntry Log::Describe() const { return core_->Describe(); }
const RecoveryReport& Log::recovery() const noexcept { return core_->report; }

absl::Status Log::health() const { return core_->Health(); }

void Log::Interrupt() noexcept {
  core_->interrupted.store(true, std::memory_order_seq_cst);
  core_->tail.Notify();
}

absl::Status Log::Close() { return core_->Close(); }
absl::Status Log::Delete() { return core_->Delete(); }

// Durability is fixed when a log is opened: bytes that wait for a flush cannot change their mind.
void Log::Core::SetConfig(const LogConfig& changed) {
  base::SpinMutexLock lock(append_lock);
  const bool first = active == nullptr && next_offset == 0 && log_end.load(std::memory_order_relaxed) == 0;
  const Durability durability = first ? changed.durability : config.durability;
  config = changed;
  config.durability = durability;
  publishes = durability == Durability::kBuffered || durability == Durability::kReplicated;
  has_flush_timer = !publishes || config.flush_ms != kUnlimitedTime;
  flushed_mode.store(!publishes, std::memory_order_relaxed);
  has_codec = config.compression.has_value();
  codec = Compression::kNone;
  if (has_codec) codec = *config.compression;
  const bool recompresses = codec != Compression::kNone;
  // A compacted topic looks for the key of every record.
  fast_limit = recompresses || config.compact ? 0 : config.max_message_bytes;
  // What the log stamps itself needs no judging.
  const bool judged = config.timestamp_type == TimestampType::kCreateTime;
  timestamp_before_max_ms.store(judged ? config.timestamp_before_max.count() : INT64_MAX, std::memory_order_relaxed);
  timestamp_after_max_ms.store(judged ? config.timestamp_after_max.count() : INT64_MAX, std::memory_order_relaxed);
}

Log::Claim::Claim(Claim&& other) noexcept : core_(std::move(other.core_)), value_(other.value_) {}

Log::Claim::~Claim() { Abort(); }

absl::StatusOr<AppendResult> Log::Claim::Commit() {
  if (core_ == nullptr) return absl::FailedPreconditionError("claim: was committed or aborted before");
  const std::shared_ptr<Core> core = std::move(core_);
  return core->CommitClaim(value_);
}

void Log::Claim::Abort() {
  if (core_ == nullptr) return;
  const std::shared_ptr<Core> core = std::move(core_);
  core->AbortClaim(value_);
}

}  // namespace moldau::log
