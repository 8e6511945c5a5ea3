// Encodes records straight into the place where their batch will lie: a mapped segment, a buffer, a request.
//
// Threads: plain functions.   Ownership: borrows both sides.
// Failure: none; sizes are asked for first.   Source: Kafka record batch v2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "moldau/record.h"
#include "moldau/record/batch_view.h"
#include "moldau/record/layout.h"
#include "moldau/types.h"

namespace moldau::record {

// What a batch says about itself besides its records.
struct BatchFields {
  int64_t base_offset = 0;
  int32_t leader_epoch = -1;
  Timestamp now = kNoTimestamp;  // for records that bring no timestamp; with kLogAppendTime for all
  TimestampType timestamp_type = TimestampType::kCreateTime;
  int64_t producer_id = -1;  // -1: not idempotent; then epoch and sequence are -1 too
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  bool is_transactional = false;
  bool is_control = false;
};

// No batch of these records takes more bytes than this; some 30 bytes per record more than it will take. EncodeBatch
// may write to all of them. Cost: a few additions per record.
[[nodiscard]] size_t EncodedSizeBound(std::span<const Record> records) noexcept;

// Exactly what EncodeBatch will return. Cost: about a third of the encoding.
[[nodiscard]] size_t EncodedSize(std::span<const Record> records, const BatchFields& fields) noexcept;

// Writes one uncompressed batch of `records`, crc and all, to `out`, which has room for EncodedSizeBound bytes, at most
// 2 GiB. Returns its size; 0, writing nothing, if there are no records.
size_t EncodeBatch(std::span<const Record> records, const BatchFields& fields, std::byte* out) noexcept;

// Writes what EncodeBatch writes, without measuring first, for records that bring neither headers nor timestamps of
// their own: hardly more than copying. 0 if a record is not so, or if `room` bytes might not be enough; what was
// written until then is zeros again, as recovery wants to see them behind the end of a log.
size_t EncodePlainBatch(std::span<const Record> records, const BatchFields& fields, std::byte* out,
                        size_t room) noexcept;

// Writes what EncodeBatch writes for one record, by a shorter way: all that the crc covers of the header depends on
// nothing but the time, which stands still for thousands of records, so header and crc are kept from one to the next.
// And the crc of key and value is taken where they come from: read back from where they were just stored, it would wait
// for memory.
//
// Threads: one at a time.   Ownership: none.   Failure: as EncodeBatch.
class OneRecordEncoder {
 public:
  // `record` has no headers and takes `timestamp` as its own.
  size_t Encode(const Record& record, int64_t base_offset, int32_t leader_epoch, Timestamp timestamp,
                TimestampType timestamp_type, std::byte* out) noexcept;

 private:
  void Renew(Timestamp timestamp, TimestampType timestamp_type) noexcept;

  Timestamp timestamp_ = Timestamp::min();  // of the header that is kept
  TimestampType timestamp_type_ = TimestampType::kCreateTime;
  std::byte header_[layout::kHeaderSize] = {};
  uint32_t crc_ = 0;  // of its covered part
};

// Writes a batch of one record whose value, of `value_size` bytes, the caller fills in later; record.value is not
// looked at. Returns where the value goes. `out` has room as for EncodeBatch. The batch is whole after SealCrc.
std::span<std::byte> BeginClaim(const Record& record, size_t value_size, const BatchFields& fields,
                                std::byte* out) noexcept;

// Computes the crc of a batch that is complete but for it.
void SealCrc(std::byte* batch) noexcept;

// The header of a batch in memory, as a builder that knows its records fills it in.
struct BatchHeader {
  BatchFields fields;
  Compression compression = Compression::kNone;
  int64_t base_timestamp_ms = -1;
  int64_t max_timestamp_ms = -1;  // of the records; with kLogAppendTime, fields.now takes its place
  int32_t record_count = 0;
  int32_t last_offset_delta = 0;
};

// Completes a batch whose payload lies behind the header at `batch`: writes the header and, last, the crc.
// `size` counts header and payload.
void SealBatch(const BatchHeader& header, size_t size, std::byte* batch) noexcept;

// Makes a header fit a payload that was exchanged behind it: codec, length and crc. `size` counts header and payload.
void SetPayload(std::byte* batch, Compression codec, size_t size) noexcept;

// Puts another producer and place in its count on a batch and computes the crc anew.
void SetProducer(std::byte* batch, int64_t producer_id, int16_t producer_epoch, int32_t base_sequence) noexcept;

// Sets what a leader assigns. Outside the crc: costs two stores.
void PatchBatch(std::byte* batch, int64_t base_offset, int32_t leader_epoch) noexcept;

// Makes `time` the timestamp of every record (`message.timestamp.type=LogAppendTime`) and computes the crc anew.
void SetLogAppendTime(std::byte* batch, Timestamp time) noexcept;

// Corrects the maximum timestamp of a CreateTime batch and computes the crc anew.
void SetMaxTimestamp(std::byte* batch, Timestamp time) noexcept;

}  // namespace moldau::record
