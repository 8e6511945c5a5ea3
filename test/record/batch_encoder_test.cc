#include "record/batch_encoder.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "moldau/record/verify.h"
#include "random_records.h"
#include "record/batch_builder.h"
#include "records.h"
#include "support/catch.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::record {
namespace {

using test::At;
using test::Borrowed;
using test::Encode;
using test::OwnedRecord;
using test::RandomRecords;
using test::SomeRecords;

TEST_CASE("random records come back as they were, from the encoder and from the builder", "[record][encoder]") {
  int64_t records = 0;
  for (uint64_t seed = 1; seed <= test::Scaled<uint64_t>(300); ++seed) {
    INFO("seed " << seed);
    RandomRecords random(seed);
    const std::vector<OwnedRecord> expected = random.Make(150);
    const int64_t base_offset = static_cast<int64_t>(random.Below(uint64_t{1} << 62));
    const std::vector<std::byte> bytes = Encode(expected, {.base_offset = base_offset});
    REQUIRE(EncodedSize(Borrowed(expected), {}) == bytes.size());

    const ParsedBatch parsed = VerifyBatch(bytes);
    REQUIRE(parsed.error == BatchError::kNone);
    REQUIRE(parsed.batch.size_in_bytes() == bytes.size());
    REQUIRE(test::OwnAll(parsed.batch.records()) == expected);
    int64_t offset = base_offset;
    for (const RecordView& record : parsed.batch.records()) REQUIRE(record.offset() == offset++);

    BatchBuilder builder(EncodedSizeBound(Borrowed(expected)));
    for (const Record& record : Borrowed(expected)) REQUIRE(builder.TryAppend(record, At(0)));
    const auto built = builder.Finish({.base_offset = base_offset});
    REQUIRE_OK(built);
    REQUIRE(built->size() == bytes.size());
    REQUIRE(std::memcmp(built->data(), bytes.data(), bytes.size()) == 0);
    records += static_cast<int64_t>(expected.size());
  }
  test::Figure("random records encoded, built and read back: %d", records);
}

TEST_CASE("one record by the short way is the batch that the long way makes", "[record][encoder]") {
  OneRecordEncoder encoder;
  std::string bytes(20'000, 'x');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i % 251);
  int64_t offset = 7;
  int64_t compared = 0;
  for (const TimestampType type : {TimestampType::kCreateTime, TimestampType::kLogAppendTime}) {
    for (const size_t key_size : {0, 1, 63, 64, 200}) {
      for (const size_t value_size : {0, 1, 57, 58, 100, 1000, 7999, 8001, 17'000}) {
        for (const int nulls : {0, 1, 2, 3}) {
          Record record{.key = std::string_view(bytes).substr(0, key_size),
                        .value = std::string_view(bytes).substr(0, value_size)};
          if ((nulls & 1) != 0) record.key = std::nullopt;
          if ((nulls & 2) != 0) record.value = std::nullopt;
          const Timestamp now = At(1'700'000'000'000 + offset / 3);  // stands still for some, then moves on
          const BatchFields fields{.base_offset = ++offset, .leader_epoch = 5, .now = now, .timestamp_type = type};
          std::vector<std::byte> expected(EncodedSizeBound(std::span(&record, 1)));
          std::vector<std::byte> actual(expected.size());
          expected.resize(EncodeBatch(std::span(&record, 1), fields, expected.data()));
          actual.resize(encoder.Encode(record, offset, 5, now, type, actual.data()));
          REQUIRE(actual == expected);
          ++compared;
        }
      }
    }
  }
  CHECK(compared == 2 * 5 * 9 * 4);
}

TEST_CASE("plain records encoded without measuring are the batch that the long way makes", "[record][encoder]") {
  const BatchFields fields{.base_offset = 9, .leader_epoch = 2, .now = At(1'700'000'000'000)};
  int64_t compared = 0;
  for (uint64_t seed = 1; seed <= test::Scaled<uint64_t>(100); ++seed) {
    INFO("seed " << seed);
    std::vector<OwnedRecord> owned = RandomRecords(seed).Make(100);
    const Borrowed borrowed(owned);
    std::vector<Record> records(borrowed.begin(), borrowed.end());
    for (Record& record : records) {
      record.headers = {};
      record.timestamp = kNoTimestamp;
    }
    std::vector<std::byte> expected(EncodedSizeBound(records));
    std::vector<std::byte> actual(expected.size() + 64, std::byte{0xaa});
    REQUIRE(EncodePlainBatch(records, fields, actual.data(), EncodedSizeBound(records)) ==
            EncodeBatch(records, fields, expected.data()));
    const size_t size = BatchView(expected.data()).size_in_bytes();
    REQUIRE(std::memcmp(actual.data(), expected.data(), size) == 0);
    ++compared;

    // Whatever room there is, nothing is written behind it, and nothing is left in it.
    for (const size_t room : {size_t{0}, layout::kHeaderSize - 1, layout::kHeaderSize, size / 2, size - 1}) {
      std::fill(actual.begin(), actual.end(), std::byte{0xaa});
      std::fill_n(actual.begin(), room, std::byte{0});
      REQUIRE(EncodePlainBatch(records, fields, actual.data(), room) == 0);
      for (size_t at = 0; at < actual.size(); ++at) {
        REQUIRE(actual[at] == (at < room ? std::byte{0} : std::byte{0xaa}));
      }
    }
  }
  CHECK(compared == test::Scaled<int64_t>(100));
}

TEST_CASE("records with headers or timestamps of their own, and no records, are not plain", "[record][encoder]") {
  const Header header{.key = "h", .value = "v"};
  const Record plain{.value = "a"};
  Record with_header = plain;
  with_header.headers = {&header, 1};
  Record with_time = plain;
  with_time.timestamp = At(5);
  std::vector<std::byte> bytes(1000);
  const auto encode = [&](const std::vector<Record>& records) {
    return EncodePlainBatch(records, {.now = At(1)}, bytes.data(), bytes.size());
  };
  CHECK(encode({plain, plain}) != 0);
  CHECK(encode({plain, with_header}) == 0);
  CHECK(encode({with_time, plain}) == 0);
  CHECK(encode({}) == 0);
}

TEST_CASE("the encoder writes nothing behind its bound", "[record][encoder]") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const std::vector<OwnedRecord> records = RandomRecords(seed).Make(3);
    const size_t bound = EncodedSizeBound(Borrowed(records));
    std::vector<std::byte> bytes(bound + 64, std::byte{0xaa});
    const size_t size = EncodeBatch(Borrowed(records), {}, bytes.data());
    REQUIRE(size <= bound);
    for (size_t at = bound; at < bytes.size(); ++at) REQUIRE(bytes[at] == std::byte{0xaa});
  }
  // The smallest record there is, whose prefix is stored as a whole word.
  const std::vector<OwnedRecord> least = {{.timestamp = 0}};
  const std::vector<std::byte> bytes = Encode(least);
  CHECK(bytes.size() == layout::kRecords + layout::kMinRecordSize);
}

TEST_CASE("no records make no batch", "[record][encoder]") {
  CHECK(EncodeBatch({}, {}, nullptr) == 0);
  CHECK(EncodedSize({}, {}) == 0);
}

TEST_CASE("a record without a timestamp gets the time of the append", "[record][encoder]") {
  const std::vector<OwnedRecord> records = {{.timestamp = -1, .value = "a"}, {.timestamp = 500, .value = "b"}};
  const std::vector<std::byte> bytes = Encode(records, {.now = At(1000)});
  const BatchView batch(bytes.data());
  CHECK(batch.base_timestamp() == At(1000));
  CHECK(batch.max_timestamp() == At(1000));
  CHECK(test::OwnAll(batch.records())[0].timestamp == 1000);
  CHECK(test::OwnAll(batch.records())[1].timestamp == 500);
}

TEST_CASE("a leader sets offset and epoch without touching the crc", "[record][encoder]") {
  std::vector<std::byte> bytes = Encode(SomeRecords());
  const uint32_t crc = BatchView(bytes.data()).crc();
  PatchBatch(bytes.data(), 1'000'000, 12);
  const ParsedBatch parsed = VerifyBatch(bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed.batch.crc() == crc);
  CHECK(parsed.batch.base_offset() == 1'000'000);
  CHECK(parsed.batch.leader_epoch() == 12);
  CHECK((*parsed.batch.records().begin()).offset() == 1'000'000);
}

TEST_CASE("a leader stamps a batch with its own time", "[record][encoder]") {
  std::vector<std::byte> bytes = Encode(SomeRecords());
  SetLogAppendTime(bytes.data(), At(7777));
  const ParsedBatch parsed = VerifyBatch(bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed.batch.timestamp_type() == TimestampType::kLogAppendTime);
  for (const RecordView& record : parsed.batch.records()) CHECK(record.timestamp() == At(7777));
}

TEST_CASE("a leader corrects the greatest timestamp and no record's own", "[record][encoder]") {
  std::vector<std::byte> bytes = Encode(SomeRecords());
  SetMaxTimestamp(bytes.data(), At(2000));
  const ParsedBatch parsed = VerifyBatch(bytes);
  REQUIRE(parsed.ok());
  CHECK(parsed.batch.max_timestamp() == At(2000));
  CHECK(test::OwnAll(parsed.batch.records()) == SomeRecords());
}

TEST_CASE("a claimed value is written in place and sealed afterwards", "[record][encoder]") {
  for (const size_t size : {size_t{0}, size_t{5}, size_t{100'000}}) {
    const test::OwnedHeader header{"trace", "abc"};
    const std::vector<OwnedRecord> expected = {{100, "key", std::string(size, 'x'), {header}}};
    Record record = *Borrowed(expected).begin();
    const Header borrowed{header.key, header.value};
    record.headers = std::span(&borrowed, 1);
    std::vector<std::byte> bytes(EncodedSizeBound(std::span(&record, 1)));
    record.value = std::nullopt;

    const std::span<std::byte> value = BeginClaim(record, size, {.base_offset = 3}, bytes.data());
    REQUIRE(value.size() == size);
    if (size > 0) std::memset(value.data(), 'x', size);
    SealCrc(bytes.data());

    const ParsedBatch parsed = VerifyBatch(bytes);
    REQUIRE(parsed.ok());
    CHECK(test::OwnAll(parsed.batch.records()) == expected);
  }
}

}  // namespace
}  // namespace moldau::record
