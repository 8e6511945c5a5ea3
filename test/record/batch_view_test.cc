#include "moldau/record/batch_view.h"

#include <vector>

#include "moldau/record/verify.h"
#include "records.h"
#include "support/catch.h"
#include "support/figure.h"

namespace moldau::record {
namespace {

using test::At;
using test::Encode;
using test::SomeRecords;

// Changes a field and makes the crc fit again: what a careless or hostile writer would send.
template <typename T>
std::vector<std::byte> WithField(std::vector<std::byte> batch, size_t field, T value) {
  layout::StoreBig(batch.data() + field, value);
  const uint32_t crc = base::Crc32c(batch.data() + layout::kCrcStart, batch.size() - layout::kCrcStart);
  layout::StoreBig(batch.data() + layout::kCrc, crc);
  return batch;
}

TEST_CASE("a batch tells its header back", "[record][batch]") {
  const std::vector<std::byte> bytes = Encode(SomeRecords(), {.base_offset = 42,
                                                              .leader_epoch = 7,
                                                              .producer_id = 4711,
                                                              .producer_epoch = 3,
                                                              .base_sequence = 17,
                                                              .is_transactional = true});
  const ParsedBatch parsed = BatchView::Parse(bytes);
  REQUIRE(parsed.ok());
  const BatchView& batch = parsed.batch;
  CHECK(batch.size_in_bytes() == bytes.size());
  CHECK(batch.base_offset() == 42);
  CHECK(batch.last_offset() == 45);
  CHECK(batch.next_offset() == 46);
  CHECK(batch.record_count() == 4);
  CHECK(batch.leader_epoch() == 7);
  CHECK(batch.producer_id() == 4711);
  CHECK(batch.producer_epoch() == 3);
  CHECK(batch.base_sequence() == 17);
  CHECK(batch.is_transactional());
  CHECK_FALSE(batch.is_control());
  CHECK_FALSE(batch.is_compressed());
  CHECK_FALSE(batch.has_delete_horizon());
  CHECK(batch.timestamp_type() == TimestampType::kCreateTime);
  CHECK(batch.base_timestamp() == At(1000));
  CHECK(batch.max_timestamp() == At(1500));
  CHECK(VerifyBatch(bytes).ok());
}

TEST_CASE("every flag of a batch has its own bit", "[record][batch]") {
  const std::vector<std::byte> plain = Encode(SomeRecords());
  const std::vector<std::byte> control = WithField<int16_t>(plain, layout::kAttributes, 0x20);
  CHECK(BatchView(control.data()).is_control());
  CHECK_FALSE(BatchView(control.data()).is_transactional());
  const std::vector<std::byte> horizon = WithField<int16_t>(plain, layout::kAttributes, 0x40);
  CHECK(BatchView(horizon.data()).has_delete_horizon());
  const std::vector<std::byte> append_time = WithField<int16_t>(plain, layout::kAttributes, 0x08);
  CHECK(BatchView(append_time.data()).timestamp_type() == TimestampType::kLogAppendTime);
  const std::vector<std::byte> zstd = WithField<int16_t>(plain, layout::kAttributes, 0x04);
  CHECK(BatchView(zstd.data()).compression() == Compression::kZstd);
}

TEST_CASE("records of a LogAppendTime batch all have the time of the append", "[record][batch]") {
  const std::vector<std::byte> bytes =
      Encode(SomeRecords(), {.now = At(9999), .timestamp_type = TimestampType::kLogAppendTime});
  const ParsedBatch parsed = VerifyBatch(bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed.batch.max_timestamp() == At(9999));
  for (const RecordView& record : parsed.batch.records()) CHECK(record.timestamp() == At(9999));
}

TEST_CASE("a header that contradicts itself is refused without looking at the records", "[record][batch]") {
  const std::vector<std::byte> good = Encode(SomeRecords(), {.base_offset = 42});
  const auto error = [](const std::vector<std::byte>& bytes) { return BatchView::Parse(bytes).error; };
  CHECK(error(WithField<int8_t>(good, layout::kMagic, 1)) == BatchError::kBadMagic);
  CHECK(error(WithField<int32_t>(good, layout::kBatchLength, 48)) == BatchError::kBadLength);
  CHECK(error(WithField<int32_t>(good, layout::kBatchLength, -1)) == BatchError::kBadLength);
  CHECK(error(WithField<int64_t>(good, layout::kBaseOffset, -1)) == BatchError::kBadBaseOffset);
  CHECK(error(WithField<int64_t>(good, layout::kBaseOffset, std::numeric_limits<int64_t>::max() - 3)) ==
        BatchError::kBadBaseOffset);
  CHECK(error(WithField<int64_t>(good, layout::kBaseOffset, std::numeric_limits<int64_t>::max() - 4)) ==
        BatchError::kNone);
  CHECK(error(WithField<int32_t>(good, layout::kLeaderEpoch, -2)) == BatchError::kBadLeaderEpoch);
  CHECK(error(WithField<int16_t>(good, layout::kAttributes, 5)) == BatchError::kBadCompression);
  CHECK(error(WithField<int32_t>(good, layout::kLastOffsetDelta, -1)) == BatchError::kBadLastOffsetDelta);
  CHECK(error(WithField<int32_t>(good, layout::kRecordCount, -1)) == BatchError::kBadRecordCount);
  CHECK(error(WithField<int32_t>(good, layout::kRecordCount, 5)) == BatchError::kBadRecordCount);
  std::vector<std::byte> many = WithField<int32_t>(good, layout::kLastOffsetDelta, 1 << 30);
  CHECK(error(WithField<int32_t>(many, layout::kRecordCount, 1 << 20)) == BatchError::kBadRecordCount);
}

TEST_CASE("a batch cut off at any byte is truncated, never read past its end", "[record][batch]") {
  const std::vector<std::byte> bytes = Encode(SomeRecords());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> cut(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(size));  // own allocation
    INFO(size << " of " << bytes.size() << " bytes");
    CHECK(VerifyBatch(cut).error == BatchError::kTruncated);
  }
}

// The crc leaves out base offset, length, leader epoch and magic. Of these the structure notices what makes no sense;
// another sensible base offset or epoch is up to the log, which knows what to expect.
TEST_CASE("every single bit flip in a batch is noticed, but for plausible offsets and epochs", "[record][batch][L9]") {
  const std::vector<std::byte> bytes = Encode(SomeRecords(), {.base_offset = 42, .leader_epoch = 7});
  int by_crc = 0;
  int by_structure = 0;
  int left_to_the_log = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const BatchError error = VerifyBatch(flipped).error;
    const size_t at = bit / 8;
    const bool is_offset = at < layout::kBatchLength;
    const bool is_epoch = at >= layout::kLeaderEpoch && at < layout::kMagic;
    INFO("bit " << bit % 8 << " of byte " << at << ": " << BatchErrorName(error));
    if (error == BatchError::kNone) {
      CHECK((is_offset || is_epoch));
      ++left_to_the_log;
    } else {
      ++(error == BatchError::kBadCrc ? by_crc : by_structure);
    }
  }
  // Only the signs of base offset and epoch make no sense by themselves.
  CHECK(left_to_the_log == 63 + 31);
  test::Figure("bit flips in a batch of %d bytes: %d by crc, %d by structure, %d are another offset or epoch",
               bytes.size(), by_crc, by_structure, left_to_the_log);
}

// With the crc made to fit, each lie has to be found in the records themselves.
TEST_CASE("every single bit flip in records under a fitting crc is refused or stays within the batch",
          "[record][batch]") {
  const std::vector<std::byte> bytes = Encode(SomeRecords());
  int accepted = 0;
  for (size_t bit = layout::kRecords * 8; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    flipped = WithField<int16_t>(flipped, layout::kAttributes, 0);
    const ParsedBatch parsed = VerifyBatch(flipped);
    if (!parsed.ok()) continue;
    ++accepted;
    // Keys, values and headers lie within the batch: the address sanitizer watches the reads.
    CHECK(test::OwnAll(parsed.batch.records()).size() == 4);
  }
  CHECK(accepted > 0);  // flips of payload bytes
}

TEST_CASE("lies in a record are called by their name", "[record][batch]") {
  // One record: length 14, attributes, timestamp delta, offset delta, key length 1, 'k', value length 1, 'v', no
  // headers.
  const std::vector<std::byte> good = Encode({{.timestamp = 5, .key = "k", .value = "v"}});
  REQUIRE(good.size() == layout::kRecords + 9);
  const auto error = [&](size_t at, int value) {
    return VerifyBatch(WithField<int8_t>(good, layout::kRecords + at, static_cast<int8_t>(value))).error;
  };
  CHECK(error(0, 18) == BatchError::kBadRecordLength);  // past the end
  CHECK(error(0, 14) == BatchError::kBadVarint);        // ends before the number of its headers
  CHECK(error(0, 1) == BatchError::kBadRecordLength);   // negative
  CHECK(error(3, 2) == BatchError::kBadRecordOffset);   // past the last offset delta
  CHECK(error(3, 1) == BatchError::kBadRecordOffset);   // negative
  CHECK(error(4, 3) == BatchError::kBadKey);            // -2
  CHECK(error(4, 100) == BatchError::kBadKey);          // past the end
  CHECK(error(6, 100) == BatchError::kBadValue);
  CHECK(error(8, 2) == BatchError::kBadHeader);  // a header, but no bytes for it
  CHECK(error(8, 1) == BatchError::kBadHeader);  // -1 headers
}

TEST_CASE("bytes behind the last record are refused", "[record][batch]") {
  std::vector<std::byte> bytes = Encode(SomeRecords());
  bytes.push_back(std::byte{0});
  bytes = WithField(bytes, layout::kBatchLength, static_cast<int32_t>(bytes.size() - layout::kLogOverhead));
  CHECK(VerifyBatch(bytes).error == BatchError::kTrailingBytes);
}

TEST_CASE("a compacted batch may have gaps between offsets, and no records at all", "[record][batch]") {
  const std::vector<std::byte> gap =
      WithField<int32_t>(Encode(SomeRecords(), {.base_offset = 10}), layout::kLastOffsetDelta, 9);
  REQUIRE(VerifyBatch(gap).ok());
  CHECK(BatchView(gap.data()).next_offset() == 20);

  std::vector<std::byte> empty(gap.begin(), gap.begin() + layout::kRecords);
  layout::StoreBig<int32_t>(empty.data() + layout::kBatchLength, layout::kHeaderSize - layout::kLogOverhead);
  empty = WithField<int32_t>(empty, layout::kRecordCount, 0);
  REQUIRE(VerifyBatch(empty).ok());
  CHECK(BatchView(empty.data()).records().empty());
}

TEST_CASE("a cursor goes from batch to batch and stops at the first bad one", "[record][batch]") {
  std::vector<std::byte> bytes = Encode(SomeRecords());
  const size_t first = bytes.size();
  const std::vector<std::byte> second = Encode(SomeRecords(), {.base_offset = 4});
  bytes.insert(bytes.end(), second.begin(), second.end());
  bytes.insert(bytes.end(), second.begin(), second.end() - 1);

  BatchCursor cursor(bytes);
  REQUIRE(cursor.Next());
  CHECK(cursor.position() == 0);
  REQUIRE(cursor.Next());
  CHECK(cursor.position() == first);
  CHECK(cursor.batch().base_offset() == 4);
  CHECK_FALSE(cursor.Next());
  CHECK(cursor.error() == BatchError::kTruncated);
  CHECK(cursor.position() == first + second.size());
  CHECK_FALSE(cursor.Next());

  BatchCursor whole(std::span<const std::byte>(bytes).first(first));
  REQUIRE(whole.Next());
  CHECK_FALSE(whole.Next());
  CHECK(whole.error() == BatchError::kNone);
  CHECK(whole.position() == first);
}

}  // namespace
}  // namespace moldau::record
