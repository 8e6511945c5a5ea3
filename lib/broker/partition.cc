#include "moldau/partition.h"

#include <utility>
#include <vector>

#include "base/status_builder.h"
#include "broker/partition_state.h"
#include "broker/tail_reader.h"
#include "broker/with_log.h"
#include "log/decode_slice.h"
#include "record/batch_encoder.h"
#include "record/validate.h"

namespace moldau {

using broker::WithLog;

const std::string& Partition::topic() const noexcept { return state_->topic().name; }

int32_t Partition::id() const noexcept { return state_->id(); }

absl::StatusOr<Receipt> Partition::Append(const Record& record) {
  if (log::Log* const log = state_->open_log(); log != nullptr) [[likely]] {
    if (const int64_t offset = log->TryAppendOne(record); offset >= 0) [[likely]]
      return log->MakeReceipt(offset);
  }
  return Append(std::span(&record, 1));
}

absl::StatusOr<Receipt> Partition::Append(std::span<const Record> records) {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<Receipt> {
    absl::StatusOr<log::AppendResult> appended = log.Append(records);
    if (!appended.ok()) [[unlikely]]
      return std::move(appended).status();
    return log.MakeReceipt(*appended);
  });
}

absl::StatusOr<Receipt> Partition::AppendBatch(std::span<const std::byte> batch) {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<Receipt> {
    record::Buffer scratch;
    const Timestamp now = state_->environment().clock().WallNow();
    MOLDAU_ASSIGN_OR_RETURN(const record::ValidatedBatch valid,
                            record::ValidateBatch(batch, state_->Rules(), now, scratch));
    std::vector<std::byte> corrected;
    if (valid.batch.timestamp_type() == TimestampType::kCreateTime &&
        valid.max_timestamp != valid.batch.max_timestamp()) {
      corrected.assign(batch.begin(), batch.end());
      record::SetMaxTimestamp(corrected.data(), valid.max_timestamp);
      batch = corrected;
    }
    MOLDAU_ASSIGN_OR_RETURN(const log::AppendResult appended, log.AppendBatch(batch));
    return log.MakeReceipt(appended);
  });
}

absl::StatusOr<FetchedRecords> Partition::Read(int64_t offset, ReadOptions options) {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<FetchedRecords> {
    log::LogCursor cursor{.offset = offset};
    absl::StatusOr<log::LogSlice> slice = log.Read(cursor, options.max_bytes);
    if (slice.ok() && slice->bytes.empty() && options.timeout.count() > 0) {
      const MonoTime deadline = DeadlineAfter(state_->environment().clock(), options.timeout);
      slice = log.ReadWait(cursor, options.max_bytes, deadline, options.wait);
    }
    if (!slice.ok()) return std::move(slice).status();
    if (!slice->bytes.empty()) state_->reads().Count(slice->bytes.size());
    return log::DecodeSlice(*std::move(slice), offset, state_->environment().memory());
  });
}

absl::StatusOr<TailReader> Partition::Tail(int64_t offset, ReadOptions options) {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<TailReader> {
    // A first look tells at once whether the offset exists.
    MOLDAU_RETURN_IF_ERROR(log.Read(offset, 1).status());
    return TailReader(std::make_unique<TailReader::State>(state_, offset, options));
  });
}

absl::StatusOr<std::optional<OffsetAndTime>> Partition::FindOffset(Timestamp timestamp) {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<std::optional<OffsetAndTime>> {
    MOLDAU_ASSIGN_OR_RETURN(const std::optional<log::OffsetAndTimestamp> found, log.FindByTimestamp(timestamp));
    if (!found) return std::nullopt;
    return OffsetAndTime{.offset = found->offset, .timestamp = found->timestamp};
  });
}

absl::Status Partition::AddTailWaker(base::Waker* waker) {
  return WithLog(*state_, [&](log::Log& log) {
    log.AddTailWaker(waker);
    return absl::OkStatus();
  });
}

void Partition::RemoveTailWaker(base::Waker* waker) {
  if (!state_->environment().in_child()) state_->RemoveTailWaker(waker);
}

absl::StatusOr<int64_t> Partition::log_start_offset() const {
  return WithLog(*state_, [](log::Log& log) { return absl::StatusOr<int64_t>(log.log_start_offset()); });
}

absl::StatusOr<int64_t> Partition::high_watermark() const {
  return WithLog(*state_, [](log::Log& log) { return absl::StatusOr<int64_t>(log.high_watermark()); });
}

absl::StatusOr<int64_t> Partition::log_end_offset() const {
  return WithLog(*state_, [](log::Log& log) { return absl::StatusOr<int64_t>(log.log_end_offset()); });
}

absl::StatusOr<uint64_t> Partition::size_bytes() const {
  return WithLog(*state_, [](log::Log& log) { return absl::StatusOr<uint64_t>(log.size_bytes()); });
}

absl::StatusOr<PartitionDescription> Partition::Describe() const {
  return WithLog(*state_, [&](log::Log& log) -> absl::StatusOr<PartitionDescription> {
    return PartitionDescription{.log_start_offset = log.log_start_offset(),
                                .high_watermark = log.high_watermark(),
                                .log_end_offset = log.log_end_offset(),
                                .size_bytes = log.size_bytes(),
                                .segment_count = log.segment_count(),
                                .directory = state_->Directory(),
                                .health = state_->Explain(log.health()),
                                .dropped_unread = log.dropped_unread(),
                                .cleaned_offset = log.cleaned_offset()};
  });
}

absl::Status Partition::Flush() {
  return WithLog(*state_, [](log::Log& log) { return log.Flush(); });
}

absl::Status Partition::Prepare(uint64_t bytes) {
  return WithLog(*state_, [&](log::Log& log) { return log.Prepare(bytes); });
}

absl::Status Partition::Roll() {
  return WithLog(*state_, [](log::Log& log) { return log.Roll(); });
}

absl::StatusOr<int64_t> Partition::DeleteRecords(int64_t before) {
  MOLDAU_ASSIGN_OR_RETURN(const int64_t start, state_->DeleteRecords(before));
  MOLDAU_RETURN_IF_ERROR(state_->Explain(state_->environment().Checkpoint()));
  return start;
}

absl::Status Partition::Trim(int64_t offset) {
  MOLDAU_RETURN_IF_ERROR(WithLog(*state_, [&](log::Log& log) { return log.Trim(offset); }));
  // Where the log starts is kept in the manifest alone.
  state_->environment().RequestCheckpoint();
  return absl::OkStatus();
}

}  // namespace moldau
