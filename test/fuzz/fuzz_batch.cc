// Record batches from any bytes, through the two borders that foreign bytes cross: reading a segment (VerifyBatch,
// BatchCursor, the scan of recovery) and taking a batch of a producer (ValidateBatch). What passes is iterated without
// an error, counts what it claims, and comes back record by record from the encoder, also compressed.
//
// Input: one byte that says what is made of the rest: nothing; one batch whose length and crc are right, which the
// fuzzer could not guess; or one whose payload is compressed first. Its upper bits choose the topic's rules.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "fuzz/require.h"
#include "log/batch_scan.h"
#include "moldau/record/verify.h"
#include "record/batch_encoder.h"
#include "record/compression.h"
#include "record/decoded_batch.h"
#include "record/records.h"
#include "record/validate.h"

namespace moldau::record {
namespace {

using Bytes = std::vector<std::byte>;

// Small, so that a bomb shows within a second.
constexpr DecompressLimits kLimits{.max_bytes = size_t{4} << 20, .ratio_free_bytes = size_t{64} << 10};
constexpr Timestamp kNow(std::chrono::milliseconds(1'700'000'000'000));

// A batch of its own memory, exactly as large as it is: a read past the end is seen.
class Exact {
 public:
  explicit Exact(std::span<const std::byte> bytes) : bytes_(new std::byte[bytes.size()]), size_(bytes.size()) {
    if (size_ != 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  [[nodiscard]] std::span<const std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_;
};

// Records that passed a border, iterated as readers do. Returns copies.
std::vector<test::OwnedRecord> Iterate(const BatchView& batch, const RecordRange& records) {
  std::vector<test::OwnedRecord> owned;
  int64_t previous = batch.base_offset() - 1;
  for (const RecordView& record : records) {
    MOLDAU_REQUIRE(record.offset() > previous);
    MOLDAU_REQUIRE(record.offset() <= batch.last_offset());
    previous = record.offset();
    owned.push_back(test::Own(record));
  }
  MOLDAU_REQUIRE(owned.size() == static_cast<size_t>(batch.record_count()));
  return owned;
}

// Whole batches one behind the other, as a reader of a file meets them.
void TryRead(std::span<const std::byte> bytes) {
  BatchCursor cursor(bytes);
  size_t end = 0;
  while (cursor.Next()) {
    MOLDAU_REQUIRE(cursor.position() == end);
    end += cursor.batch().size_in_bytes();
    MOLDAU_REQUIRE(end <= bytes.size());
    Buffer memory;
    const auto decoded = DecodedBatch::Decode(cursor.batch(), kLimits, memory);
    if (!cursor.batch().is_compressed()) MOLDAU_REQUIRE(decoded.ok());
    if (decoded.ok()) Iterate(cursor.batch(), decoded->records());
  }
  MOLDAU_REQUIRE((cursor.error() == BatchError::kNone) == (end == bytes.size()));
}

// The same bytes as recovery meets them: it stops no later than a reader, and never behind the bytes.
void TryRecover(std::span<const std::byte> bytes) {
  int64_t next = 0;
  size_t end = 0;
  const log::ScanStop stop = log::ScanBatches(bytes, 0, 0, -1, [&](const BatchView& batch, uint32_t position) {
    MOLDAU_REQUIRE(position == end);
    MOLDAU_REQUIRE(batch.base_offset() == next);
    MOLDAU_REQUIRE(HasValidCrc(batch));
    end += batch.size_in_bytes();
    next = batch.next_offset();
  });
  MOLDAU_REQUIRE(stop.position == end && stop.next_offset == next && end <= bytes.size());
  const uint32_t valid = log::FindValidBatch(bytes, stop.position, 0);
  MOLDAU_REQUIRE(valid <= bytes.size());
  if (valid < bytes.size()) MOLDAU_REQUIRE(HasValidCrc(BatchView(bytes.data() + valid)));
  if (stop.position < bytes.size()) static_cast<void>(log::HasHole(bytes, stop.position, valid));
}

// What a leader does with a batch that it has taken; the result is one that readers take.
void TryLead(const BatchView& taken) {
  Bytes batch(taken.bytes().begin(), taken.bytes().end());
  PatchBatch(batch.data(), int64_t{1} << 40, 7);
  MOLDAU_REQUIRE(VerifyBatch(batch).ok());
  SetLogAppendTime(batch.data(), kNow);
  const ParsedBatch stamped = VerifyBatch(batch);
  MOLDAU_REQUIRE(stamped.ok());
  for (const RecordView& record : stamped.batch.records()) MOLDAU_REQUIRE(record.timestamp() == kNow);
}

void TryEncode(const std::vector<test::OwnedRecord>& records, const ValidationRules& rules) {
  const test::Borrowed borrowed(records);
  Bytes out(EncodedSizeBound(borrowed));
  const size_t size = EncodeBatch(borrowed, {}, out.data());
  MOLDAU_REQUIRE(size == EncodedSize(borrowed, {}) && size <= out.size());
  const Exact again(std::span(out).first(size));
  const ParsedBatch parsed = VerifyBatch(again.span());
  MOLDAU_REQUIRE(parsed.ok() && parsed.batch.size_in_bytes() == size);
  MOLDAU_REQUIRE(Iterate(parsed.batch, parsed.batch.records()) == records);
  Buffer scratch;
  MOLDAU_REQUIRE(ValidateBatch(again.span(), rules, kNow, scratch).ok());
}

void TryTake(std::span<const std::byte> bytes, const ValidationRules& rules) {
  Buffer scratch;
  const auto taken = ValidateBatch(bytes, rules, kNow, scratch);
  if (!taken.ok()) {
    MOLDAU_REQUIRE(!taken.status().message().empty());
    return;
  }
  const BatchView& batch = taken->batch;
  MOLDAU_REQUIRE(batch.size_in_bytes() == bytes.size() && bytes.size() <= rules.max_batch_bytes);
  MOLDAU_REQUIRE(batch.base_offset() == 0 && batch.record_count() == batch.last_offset_delta() + 1);
  MOLDAU_REQUIRE(VerifyBatch(bytes).ok());
  Buffer memory;
  const auto decoded = DecodedBatch::Decode(batch, rules.decompress, memory);
  MOLDAU_REQUIRE(decoded.ok());
  const std::vector<test::OwnedRecord> records = Iterate(batch, decoded->records());
  int64_t latest = -1;
  for (const test::OwnedRecord& record : records) {
    if (rules.keys_required) MOLDAU_REQUIRE(record.key.has_value());
    latest = std::max(latest, record.timestamp);
  }
  MOLDAU_REQUIRE(test::MillisecondsOf(taken->max_timestamp) == latest);
  TryLead(batch);
  ValidationRules same = rules;
  same.max_batch_bytes = size_t{64} << 20;  // what was compressed may be larger than the topic allows
  TryEncode(records, same);
}

// Makes length and crc of one batch right, and its offsets those of a producer.
Bytes Sealed(std::span<const std::byte> bytes) {
  Bytes batch(bytes.begin(), bytes.end());
  SetPayload(batch.data(), BatchView(batch.data()).compression(), batch.size());
  return batch;
}

Bytes Compressed(std::span<const std::byte> bytes) {
  const auto payload = bytes.subspan(layout::kHeaderSize);
  const auto codec = static_cast<Compression>(1 + (BatchView(bytes.data()).attributes() & 3));
  Bytes batch(layout::kHeaderSize + CompressBound(codec, payload.size()));
  std::memcpy(batch.data(), bytes.data(), layout::kHeaderSize);
  const auto size = Compress(codec, payload, std::span(batch).subspan(layout::kHeaderSize));
  MOLDAU_REQUIRE(size.ok());
  batch.resize(layout::kHeaderSize + *size);
  SetPayload(batch.data(), codec, batch.size());
  return batch;
}

void TryBatch(uint8_t what, std::span<const std::byte> bytes) {
  ValidationRules rules{.keys_required = (what & 4) != 0, .decompress = kLimits};
  if ((what & 8) != 0) rules.timestamp_type = TimestampType::kLogAppendTime;
  if ((what & 16) != 0) rules.timestamp_before_max = std::chrono::hours(1);
  if ((what & 32) == 0) rules.timestamp_after_max = std::chrono::milliseconds::max();
  Bytes made(bytes.begin(), bytes.end());
  if (bytes.size() >= layout::kHeaderSize && what % 4 != 0) {
    made = what % 4 == 3 ? Compressed(bytes) : Sealed(bytes);
  }
  const Exact one(made);
  TryTake(one.span(), rules);
  made.insert(made.end(), made.begin(), made.end());
  const Exact two(made);
  TryRead(two.span());
  TryRecover(two.span());
}

}  // namespace
}  // namespace moldau::record

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  moldau::record::TryBatch(data[0], std::as_bytes(std::span(data, size)).subspan(1));
  return 0;
}
