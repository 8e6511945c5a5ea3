#include "record/batch_encoder.h"

#include <algorithm>
#include <cstring>

#include "moldau/base/crc32c.h"
#include "record/record_encoder.h"

namespace moldau::record {
namespace {

int64_t Milliseconds(Timestamp time) noexcept { return time.time_since_epoch().count(); }

int64_t TimestampOf(const Record& record, int64_t now) noexcept {
  const int64_t own = Milliseconds(record.timestamp);
  return own == Milliseconds(kNoTimestamp) ? now : own;
}

int16_t Attributes(const BatchHeader& header) noexcept {
  int attributes = static_cast<int>(header.compression);
  if (header.fields.timestamp_type == TimestampType::kLogAppendTime) attributes |= layout::kLogAppendTimeBit;
  if (header.fields.is_transactional) attributes |= layout::kTransactionalBit;
  if (header.fields.is_control) attributes |= layout::kControlBit;
  return static_cast<int16_t>(attributes);
}

// What the crc covers of a header fills five words. They are composed in registers and stored whole: the crc reads them
// back at once, and a processor hands a load only the one store that it lies in.
static_assert(layout::kRecords - layout::kCrcStart == 5 * sizeof(uint64_t));

// Bytes [kCrcStart, kRecords).
void PutCoveredHeader(const BatchHeader& header, std::byte* batch) noexcept {
  const BatchFields& fields = header.fields;
  const bool append_time = fields.timestamp_type == TimestampType::kLogAppendTime;
  const auto low16 = [](auto value) { return uint64_t{static_cast<uint16_t>(value)}; };
  const auto low32 = [](auto value) { return uint64_t{static_cast<uint32_t>(value)}; };
  const auto base_time = static_cast<uint64_t>(header.base_timestamp_ms);
  const auto max_time = static_cast<uint64_t>(append_time ? Milliseconds(fields.now) : header.max_timestamp_ms);
  const auto producer = static_cast<uint64_t>(fields.producer_id);
  const uint64_t words[] = {low16(Attributes(header)) << 48 | low32(header.last_offset_delta) << 16 | base_time >> 48,
                            base_time << 16 | max_time >> 48, max_time << 16 | producer >> 48,
                            producer << 16 | low16(fields.producer_epoch),
                            low32(fields.base_sequence) << 32 | low32(header.record_count)};
  std::byte* at = batch + layout::kCrcStart;
  for (const uint64_t word : words) {
    layout::StoreBig(at, word);
    at += sizeof word;
  }
}

// Everything but the crc. `size` counts header and payload.
void PutHeader(const BatchHeader& header, size_t size, std::byte* batch) noexcept {
  layout::StoreBig(batch + layout::kBaseOffset, header.fields.base_offset);
  layout::StoreBig(batch + layout::kBatchLength, static_cast<int32_t>(size - layout::kLogOverhead));
  layout::StoreBig(batch + layout::kLeaderEpoch, header.fields.leader_epoch);
  layout::StoreBig(batch + layout::kMagic, layout::kMagicV2);
  PutCoveredHeader(header, batch);
}

// A record of which all but key and value fits into two words.
bool IsShort(const Record& record) noexcept {
  return internal::SizeOrZero(record.key) <= 63 && internal::SizeOrZero(record.value) <= 8000 && record.headers.empty();
}

// PutRecord for a short record that is the only one of its batch, which extends `crc` by its bytes, too.
std::byte* PutShortRecord(std::byte* out, const Record& record, uint32_t& crc) noexcept {
  const size_t key_size = internal::SizeOrZero(record.key);
  const size_t value_size = internal::SizeOrZero(record.value);
  const uint32_t value_length = record.value ? ZigZag(static_cast<int32_t>(value_size)) : 1;
  // Attributes, both deltas, key length and header count take a byte each.
  const uint32_t length = 6 + internal::IsLong(value_length) + static_cast<uint32_t>(key_size + value_size);
  internal::VarintWord prefix;
  prefix.Add(length << 1);
  for (int i = 0; i < 3; ++i) prefix.AddZeroByte();
  prefix.AddByte(record.key ? ZigZag(static_cast<int32_t>(key_size)) : 1);
  const auto put = [&](const internal::VarintWord& word) {
    std::byte bytes[sizeof(uint64_t)];
    word.Store(bytes);
    crc = base::Crc32cExtend(crc, bytes, word.size());
    out = word.Store(out);
  };
  const auto copy = [&](const char* from, size_t size) {
    crc = base::Crc32cExtend(crc, from, size);
    internal::CopyBytes(out, from, size);
    out += size;
  };
  if (key_size == 0) {
    prefix.Add(value_length);
    put(prefix);
  } else {
    put(prefix);
    copy(record.key->data(), key_size);
    internal::VarintWord between;
    between.Add(value_length);
    put(between);
  }
  if (value_size != 0) copy(record.value->data(), value_size);
  constexpr std::byte kNoHeaders{0};
  crc = base::Crc32cExtend(crc, &kNoHeaders, 1);
  *out = kNoHeaders;
  return out + 1;
}

}  // namespace

size_t EncodedSizeBound(std::span<const Record> records) noexcept {
  size_t size = layout::kHeaderSize;
  for (const Record& record : records) size += RecordSizeBound(record);
  return size;
}

size_t EncodedSize(std::span<const Record> records, const BatchFields& fields) noexcept {
  if (records.empty()) return 0;
  const int64_t now = Milliseconds(fields.now);
  const int64_t base = TimestampOf(records.front(), now);
  size_t size = layout::kHeaderSize;
  int32_t offset_delta = 0;
  for (const Record& record : records) {
    size += RecordSize(record, TimestampDelta(TimestampOf(record, now), base), offset_delta++);
  }
  return size;
}

size_t EncodeBatch(std::span<const Record> records, const BatchFields& fields, std::byte* out) noexcept {
  if (records.empty()) return 0;
  const int64_t now = Milliseconds(fields.now);
  const int64_t base = TimestampOf(records.front(), now);
  int64_t max = base;
  int32_t offset_delta = 0;
  std::byte* at = out + layout::kRecords;
  for (const Record& record : records) {
    const int64_t timestamp = TimestampOf(record, now);
    max = std::max(max, timestamp);
    at = PutRecord(at, record, TimestampDelta(timestamp, base), offset_delta++);
  }
  const auto size = static_cast<size_t>(at - out);
  SealBatch({.fields = fields,
             .base_timestamp_ms = base,
             .max_timestamp_ms = max,
             .record_count = offset_delta,
             .last_offset_delta = offset_delta - 1},
            size, out);
  return size;
}

size_t EncodePlainBatch(std::span<const Record> records, const BatchFields& fields, std::byte* out,
                        size_t room) noexcept {
  if (records.empty() || room < layout::kHeaderSize) return 0;
  const std::byte* const end = out + room;
  const int64_t now = Milliseconds(fields.now);
  int32_t offset_delta = 0;
  std::byte* at = out + layout::kRecords;
  for (const Record& record : records) {
    const size_t bound =
        layout::kMaxRecordOverhead + internal::SizeOrZero(record.key) + internal::SizeOrZero(record.value);
    const bool is_plain = record.headers.empty() && record.timestamp == kNoTimestamp;
    if (!is_plain || bound > static_cast<size_t>(end - at)) [[unlikely]] {
      // The last record may have been stored by words, up to its bound.
      std::memset(out, 0, std::min(static_cast<size_t>(at - out) + layout::kMaxRecordOverhead, room));
      return 0;
    }
    at = PutRecord(at, record, 0, offset_delta++);
  }
  const auto size = static_cast<size_t>(at - out);
  SealBatch({.fields = fields,
             .base_timestamp_ms = now,
             .max_timestamp_ms = now,
             .record_count = offset_delta,
             .last_offset_delta = offset_delta - 1},
            size, out);
  return size;
}

void OneRecordEncoder::Renew(Timestamp timestamp, TimestampType timestamp_type) noexcept {
  timestamp_ = timestamp;
  timestamp_type_ = timestamp_type;
  PutHeader({.fields = {.now = timestamp, .timestamp_type = timestamp_type},
             .base_timestamp_ms = Milliseconds(timestamp),
             .max_timestamp_ms = Milliseconds(timestamp),
             .record_count = 1,
             .last_offset_delta = 0},
            layout::kHeaderSize, header_);
  crc_ = base::Crc32c(header_ + layout::kCrcStart, layout::kRecords - layout::kCrcStart);
}

size_t OneRecordEncoder::Encode(const Record& record, int64_t base_offset, int32_t leader_epoch, Timestamp timestamp,
                                TimestampType timestamp_type, std::byte* out) noexcept {
  if (timestamp != timestamp_ || timestamp_type != timestamp_type_) [[unlikely]]
    Renew(timestamp, timestamp_type);
  std::memcpy(out, header_, sizeof header_);
  std::byte* const begin = out + layout::kRecords;
  std::byte* end;
  uint32_t crc = crc_;
  if (IsShort(record)) [[likely]] {
    end = PutShortRecord(begin, record, crc);
  } else {
    end = PutRecord(begin, record, 0, 0);
    crc = base::Crc32cExtend(crc, begin, static_cast<size_t>(end - begin));
  }
  const auto size = static_cast<size_t>(end - out);
  PatchBatch(out, base_offset, leader_epoch);
  layout::StoreBig(out + layout::kBatchLength, static_cast<int32_t>(size - layout::kLogOverhead));
  layout::StoreBig(out + layout::kCrc, crc);
  return size;
}

std::span<std::byte> BeginClaim(const Record& record, size_t value_size, const BatchFields& fields,
                                std::byte* out) noexcept {
  const int64_t timestamp = TimestampOf(record, Milliseconds(fields.now));
  const RecordHole hole = PutRecordWithHole(out + layout::kRecords, record, static_cast<int32_t>(value_size), 0, 0);
  PutHeader({.fields = fields,
             .base_timestamp_ms = timestamp,
             .max_timestamp_ms = timestamp,
             .record_count = 1,
             .last_offset_delta = 0},
            static_cast<size_t>(hole.end - out), out);
  return {hole.value, value_size};
}

void SealCrc(std::byte* batch) noexcept {
  const size_t covered = BatchView(batch).size_in_bytes() - layout::kCrcStart;
  layout::StoreBig(batch + layout::kCrc, base::Crc32c(batch + layout::kCrcStart, covered));
}

void SealBatch(const BatchHeader& header, size_t size, std::byte* batch) noexcept {
  PutHeader(header, size, batch);
  layout::StoreBig(batch + layout::kCrc, base::Crc32c(batch + layout::kCrcStart, size - layout::kCrcStart));
}

void SetPayload(std::byte* batch, Compression codec, size_t size) noexcept {
  const int others = BatchView(batch).attributes() & ~layout::kCompressionMask;
  layout::StoreBig(batch + layout::kAttributes, static_cast<int16_t>(others | static_cast<int>(codec)));
  layout::StoreBig(batch + layout::kBatchLength, static_cast<int32_t>(size - layout::kLogOverhead));
  SealCrc(batch);
}

void SetProducer(std::byte* batch, int64_t producer_id, int16_t producer_epoch, int32_t base_sequence) noexcept {
  layout::StoreBig(batch + layout::kProducerId, producer_id);
  layout::StoreBig(batch + layout::kProducerEpoch, producer_epoch);
  layout::StoreBig(batch + layout::kBaseSequence, base_sequence);
  SealCrc(batch);
}

void PatchBatch(std::byte* batch, int64_t base_offset, int32_t leader_epoch) noexcept {
  layout::StoreBig(batch + layout::kBaseOffset, base_offset);
  layout::StoreBig(batch + layout::kLeaderEpoch, leader_epoch);
}

void SetLogAppendTime(std::byte* batch, Timestamp time) noexcept {
  const BatchView view(batch);
  layout::StoreBig(batch + layout::kAttributes, static_cast<int16_t>(view.attributes() | layout::kLogAppendTimeBit));
  SetMaxTimestamp(batch, time);
}

void SetMaxTimestamp(std::byte* batch, Timestamp time) noexcept {
  layout::StoreBig(batch + layout::kMaxTimestamp, Milliseconds(time));
  SealCrc(batch);
}

}  // namespace moldau::record
