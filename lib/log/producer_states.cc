#include "log/producer_states.h"

#include <algorithm>

#include "base/status_builder.h"
#include "moldau/record/checked_reader.h"
#include "record/sequence.h"

namespace moldau::log {
namespace {

using record::BatchView;

constexpr size_t kBucketsAtOnce = 2048;  // a bucket holds one producer, more or less

int32_t LastSequenceOf(const BatchView& batch) {
  return record::SequenceAfter(batch.base_sequence(), batch.last_offset_delta());
}

absl::Status OutOfOrder(const BatchView& batch, int32_t expected) {
  return base::Error(absl::StatusCode::kOutOfRange, ErrorCode::kOutOfOrderSequenceNumber,
                     "producer %d of epoch %d: batch begins with sequence %d, %d was expected", batch.producer_id(),
                     batch.producer_epoch(), batch.base_sequence(), expected);
}

}  // namespace

int32_t ProducerStates::Batch::first_sequence() const noexcept {
  return last_sequence < 0 ? -1 : record::SequenceBefore(last_sequence, offset_delta);
}

const ProducerStates::Batch* ProducerStates::Producer::last() const noexcept {
  return count == 0 ? nullptr : &batches[(next + kBatchesKept - 1) % kBatchesKept];
}

const ProducerStates::Batch* ProducerStates::Producer::Find(int32_t first_sequence,
                                                            int32_t last_sequence) const noexcept {
  for (size_t i = 0; i < count; ++i) {
    const Batch& batch = batches[(next + kBatchesKept - 1 - i) % kBatchesKept];
    if (batch.last_sequence == last_sequence && batch.first_sequence() == first_sequence) return &batch;
  }
  return nullptr;
}

void ProducerStates::Producer::BeginEpoch(int16_t new_epoch) noexcept {
  epoch = new_epoch;
  count = 0;
}

void ProducerStates::Producer::Push(const Batch& batch) noexcept {
  batches[next] = batch;
  next = static_cast<uint8_t>((next + 1) % kBatchesKept);
  count = static_cast<uint8_t>(std::min<size_t>(count + size_t{1}, kBatchesKept));
}

absl::StatusOr<std::optional<ProducerStates::Earlier>> ProducerStates::Check(const BatchView& batch) const {
  const auto found = producers_.find(batch.producer_id());
  if (found == producers_.end()) return std::nullopt;
  const Producer& producer = found->second;
  if (batch.producer_epoch() < producer.epoch) {
    return base::Error(absl::StatusCode::kFailedPrecondition, ErrorCode::kInvalidProducerEpoch,
                       "producer %d: batch is of epoch %d, epoch %d has taken over", batch.producer_id(),
                       batch.producer_epoch(), producer.epoch);
  }
  const int32_t first = batch.base_sequence();
  if (batch.producer_epoch() > producer.epoch) {
    if (first != 0) return OutOfOrder(batch, 0);
    return std::nullopt;
  }
  const Batch* const last = producer.last();
  const int32_t expected = last == nullptr ? 0 : record::SequenceAfter(last->last_sequence, 1);
  if (first == expected) return std::nullopt;
  if (const Batch* const same = producer.Find(first, LastSequenceOf(batch))) {
    return Earlier{same->last_offset - same->offset_delta, same->last_offset, same->timestamp};
  }
  return OutOfOrder(batch, expected);
}

void ProducerStates::Add(const BatchView& batch, int64_t now_ms) {
  Producer& producer = producers_[batch.producer_id()];
  if (batch.producer_epoch() != producer.epoch) producer.BeginEpoch(batch.producer_epoch());
  producer.timestamp = batch.max_timestamp_ms();
  producer.used_ms = now_ms;
  if (batch.is_control()) return EndTransaction(producer, batch);
  producer.Push({.last_sequence = LastSequenceOf(batch),
                 .offset_delta = batch.last_offset_delta(),
                 .last_offset = batch.last_offset(),
                 .timestamp = batch.max_timestamp_ms()});
  if (batch.is_transactional() && producer.transaction_start < 0) producer.transaction_start = batch.base_offset();
}

// The value of a marker is an int16 version and the coordinator's epoch; one that compaction has emptied has none.
void ProducerStates::EndTransaction(Producer& producer, const BatchView& marker) noexcept {
  producer.transaction_start = -1;
  if (marker.is_compressed()) return;
  record::CheckedRecordReader reader(marker.payload(), marker.record_count(), marker.last_offset_delta(),
                                     marker.record_base());
  if (!reader.Next()) return;
  const std::string_view value = reader.record().value();
  constexpr size_t kEpochAt = sizeof(int16_t);
  if (value.size() < kEpochAt + sizeof(int32_t)) return;
  producer.coordinator_epoch =
      record::layout::LoadBig<int32_t>(reinterpret_cast<const std::byte*>(value.data()) + kEpochAt);
}

size_t ProducerStates::RemoveIdleSince(int64_t time_ms, size_t& next) {
  std::vector<int64_t> idle;
  const size_t end = std::min(next + kBucketsAtOnce, producers_.bucket_count());
  for (size_t bucket = next; bucket < end; ++bucket) {
    for (auto it = producers_.begin(bucket); it != producers_.end(bucket); ++it) {
      const Producer& producer = it->second;
      const bool used = producer.transaction_start >= 0 || std::max(producer.timestamp, producer.used_ms) > time_ms;
      if (!used) idle.push_back(it->first);
    }
  }
  for (const int64_t id : idle) producers_.erase(id);
  next = end < producers_.bucket_count() ? end : 0;
  return idle.size();
}

std::vector<ProducerEntry> ProducerStates::Entries() const {
  std::vector<ProducerEntry> entries;
  entries.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) {
    const Batch last = producer.count == 0 ? Batch() : *producer.last();
    entries.push_back({.producer_id = id,
                       .producer_epoch = producer.epoch,
                       .last_sequence = last.last_sequence,
                       .last_offset = last.last_offset,
                       .offset_delta = last.offset_delta,
                       .timestamp = producer.timestamp,
                       .coordinator_epoch = producer.coordinator_epoch,
                       .current_txn_first_offset = producer.transaction_start});
  }
  return entries;
}

ProducerStates ProducerStates::FromEntries(std::span<const ProducerEntry> entries) {
  ProducerStates states;
  for (const ProducerEntry& entry : entries) {
    Producer& producer = states.producers_[entry.producer_id];
    producer.epoch = entry.producer_epoch;
    producer.coordinator_epoch = entry.coordinator_epoch;
    producer.transaction_start = entry.current_txn_first_offset;
    producer.timestamp = entry.timestamp;
    if (entry.last_sequence < 0 || entry.offset_delta < 0) continue;
    producer.Push({.last_sequence = entry.last_sequence,
                   .offset_delta = entry.offset_delta,
                   .last_offset = entry.last_offset,
                   .timestamp = entry.timestamp});
  }
  return states;
}

}  // namespace moldau::log
