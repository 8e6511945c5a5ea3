#include "client/consumer_partition.h"

#include <utility>

#include "base/status_builder.h"
#include "moldau/record/verify.h"

namespace moldau::client {

absl::Status ConsumerPartition::Begin(std::optional<int64_t> committed, OffsetReset reset) {
  committed_ = committed;
  first_reset_ = reset;
  if (committed) Seek(*committed);
  return FindBeginning();
}

absl::Status ConsumerPartition::FindBeginning() {
  if (position_ < 0 && first_reset_ != OffsetReset::kNone) MOLDAU_RETURN_IF_ERROR(Reset(first_reset_));
  Confirm();
  return absl::OkStatus();
}

absl::Status ConsumerPartition::Reset(OffsetReset reset) {
  const absl::StatusOr<int64_t> offset =
      reset == OffsetReset::kEarliest ? partition_.log_start_offset() : partition_.high_watermark();
  if (!offset.ok()) return offset.status();
  Seek(*offset);
  return absl::OkStatus();
}

void ConsumerPartition::Seek(int64_t offset) {
  position_ = offset;
  reader_.reset();
  buffered_.reset();
}

absl::Status ConsumerPartition::NoPosition() const {
  MOLDAU_ASSIGN_OR_RETURN(const int64_t start, partition_.log_start_offset());
  MOLDAU_ASSIGN_OR_RETURN(const int64_t end, partition_.high_watermark());
  return base::Error(absl::StatusCode::kOutOfRange, ErrorCode::kOffsetOutOfRange,
                     "consumer: no offset is committed for %s-%d and auto_offset_reset is none; seek to %d to %d",
                     source_->topic, source_->partition, start, end);
}

absl::StatusOr<std::optional<ConsumerPartition::Fetched>> ConsumerPartition::Fetch(size_t max_records) {
  size_t bytes = 0;
  if (!buffered_) {
    MOLDAU_ASSIGN_OR_RETURN(bytes, Refill());
    if (!buffered_) return std::nullopt;
  }
  Fetched fetched = TakeBuffered(max_records);
  fetched.bytes = bytes;
  return fetched;
}

// Reads on from the log; returns how many bytes. Control batches move the position without showing a record.
absl::StatusOr<size_t> ConsumerPartition::Refill() {
  if (position_ < 0) MOLDAU_RETURN_IF_ERROR(FindBeginning());
  if (position_ < 0) return NoPosition();
  for (;;) {
    absl::StatusOr<FetchedRecords> fetched = ReadOn();
    if (!fetched.ok()) return std::move(fetched).status();
    if (fetched->batches().empty()) return 0;
    if (options_.check_crcs) MOLDAU_RETURN_IF_ERROR(CheckCrcs(*fetched));
    const FetchedRecords::Iterator first = fetched->begin();
    if (first == fetched->end()) {
      position_ = fetched->next_offset();
      continue;
    }
    age_meter_.Observe(*first);
    const size_t bytes = fetched->batches().size();
    buffered_.emplace(Buffered{std::make_shared<const FetchedRecords>(*std::move(fetched)), first});
    return bytes;
  }
}

// What the reader sees next. If there is nothing at the position any more, auto_offset_reset says where to go on.
absl::StatusOr<FetchedRecords> ConsumerPartition::ReadOn() {
  for (bool was_reset = false;; was_reset = true) {
    absl::Status status;
    if (!reader_) {
      absl::StatusOr<TailReader> reader =
          partition_.Tail(position_, {.max_bytes = options_.max_poll_bytes, .wait = options_.wait});
      status = reader.status();
      if (status.ok()) reader_ = *std::move(reader);
    }
    if (status.ok()) {
      absl::StatusOr<FetchedRecords> fetched = reader_->Next(std::chrono::nanoseconds(0));
      if (fetched.ok()) return fetched;
      status = std::move(fetched).status();
    }
    if (!absl::IsOutOfRange(status) || options_.auto_offset_reset == OffsetReset::kNone || was_reset) return status;
    MOLDAU_RETURN_IF_ERROR(Reset(options_.auto_offset_reset));
  }
}

absl::Status ConsumerPartition::CheckCrcs(const FetchedRecords& records) const {
  for (std::span<const std::byte> left = records.batches(); !left.empty();) {
    const record::BatchView batch(left.data());
    if (!record::HasValidCrc(batch)) {
      return base::Error(absl::StatusCode::kDataLoss, ErrorCode::kCorruptMessage,
                         "%s-%d: bad crc of the batch at offset %d", source_->topic, source_->partition,
                         batch.base_offset());
    }
    left = left.subspan(batch.size_in_bytes());
  }
  return absl::OkStatus();
}

ConsumerPartition::Fetched ConsumerPartition::TakeBuffered(size_t max_records) {
  const FetchedRecords::Iterator begin = buffered_->at;
  FetchedRecords::Iterator end;
  size_t count = 0;
  if (max_records != SIZE_MAX) {
    for (end = begin; count < max_records && end != buffered_->records->end(); ++count) ++end;
  }
  const bool all = end == buffered_->records->end();
  position_ = all ? buffered_->records->next_offset() : (*end).offset();
  PartitionRecords records(source_, buffered_->records, begin, end, position_);
  if (all) {
    buffered_.reset();
  } else {
    buffered_->at = end;
  }
  return {std::move(records), count, 0};
}

std::optional<int64_t> ConsumerPartition::Uncommitted() const noexcept {
  if (confirmed_ < 0 || confirmed_ == committed_) return std::nullopt;
  return confirmed_;
}

void ConsumerPartition::OnCommitted(int64_t offset) noexcept {
  committed_ = offset;
  confirmed_ = offset;
}

}  // namespace moldau::client
