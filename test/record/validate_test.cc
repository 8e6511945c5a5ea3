#include "record/validate.h"

#include <limits>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "moldau/record/verify.h"
#include "record/batch_builder.h"
#include "records.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

using test::At;
using test::Encode;
using test::OwnedRecord;

constexpr int64_t kNow = 1'700'000'000'000;

std::vector<OwnedRecord> FreshRecords() {
  return {
      {kNow, "alice", "espresso", {}}, {kNow - 5, "bob", std::nullopt, {}}, {kNow - 9, "carol", "tea", {{"h", "x"}}}};
}

template <typename T>
void SetField(std::vector<std::byte>& batch, size_t field, T value) {
  layout::StoreBig(batch.data() + field, value);
  SealCrc(batch.data());
}

absl::StatusOr<ValidatedBatch> Validate(const std::vector<std::byte>& bytes, const ValidationRules& rules = {}) {
  Buffer scratch;
  return ValidateBatch(bytes, rules, At(kNow), scratch);
}

// The bytes are refused with Kafka's `code`, in words that contain `text`.
void Refused(const std::vector<std::byte>& bytes, ErrorCode code, const std::string& text,
             const ValidationRules& rules = {}) {
  const absl::Status status = Validate(bytes, rules).status();
  INFO(status);
  CHECK_FALSE(status.ok());
  CHECK(GetErrorCode(status) == code);
  CHECK(std::string(status.message()).find(text) != std::string::npos);
}

TEST_CASE("a batch as a producer sends it is taken, compressed or not", "[record][validate]") {
  BatchBuilder builder(4096);
  const std::vector<OwnedRecord> records = FreshRecords();
  for (const Record& record : test::Borrowed(records)) builder.Append(record, At(kNow));
  for (const Compression codec :
       {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
    const auto batch = builder.Finish({.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}, codec);
    REQUIRE_OK(batch);
    const auto validated = Validate({batch->begin(), batch->end()});
    REQUIRE_OK(validated);
    CHECK(validated->max_timestamp == At(kNow));
  }
}

TEST_CASE("the greatest timestamp is that of the records, whatever the header says", "[record][validate]") {
  std::vector<std::byte> batch = Encode(FreshRecords());
  SetField<int64_t>(batch, layout::kMaxTimestamp, kNow + 1);
  const auto validated = Validate(batch);
  REQUIRE_OK(validated);
  CHECK(validated->max_timestamp == At(kNow));
}

TEST_CASE("size is looked at before the crc", "[record][validate]") {
  std::vector<std::byte> batch = Encode(FreshRecords());
  batch.back() ^= std::byte{1};
  Refused(batch, ErrorCode::kMessageTooLarge, std::to_string(batch.size()), {.max_batch_bytes = batch.size() - 1});
  Refused(batch, ErrorCode::kCorruptMessage, "crc", {.max_batch_bytes = batch.size()});
}

TEST_CASE("a batch that is cut off is corrupt at every length", "[record][validate]") {
  const std::vector<std::byte> batch = Encode(FreshRecords());
  for (size_t size = 1; size < batch.size(); ++size) {
    const std::vector<std::byte> cut(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE(GetErrorCode(Validate(cut).status()) == ErrorCode::kCorruptMessage);
  }
  Refused({}, ErrorCode::kInvalidRecord, "empty");
}

TEST_CASE("only one batch is taken at a time", "[record][validate]") {
  std::vector<std::byte> two = Encode(FreshRecords());
  const std::vector<std::byte> second = two;
  two.insert(two.end(), second.begin(), second.end());
  Refused(two, ErrorCode::kInvalidRecord, std::to_string(second.size()) + " more bytes");
}

TEST_CASE("what only brokers may write is refused from others", "[record][validate]") {
  Refused(Encode(FreshRecords(), {.producer_id = 1, .producer_epoch = 0, .is_control = true}),
          ErrorCode::kInvalidRecord, "control");
  Refused(Encode(FreshRecords(), {.base_offset = 5}), ErrorCode::kInvalidRecord, "base offset is 5");
  Refused(Encode(FreshRecords(), {.now = At(kNow), .timestamp_type = TimestampType::kLogAppendTime}),
          ErrorCode::kInvalidTimestamp, "LogAppendTime");
  std::vector<std::byte> horizon = Encode(FreshRecords());
  SetField<int16_t>(horizon, layout::kAttributes, layout::kDeleteHorizonBit);
  Refused(horizon, ErrorCode::kInvalidRecord, "delete horizon");
}

TEST_CASE("producer fields must go together", "[record][validate]") {
  const auto fields = [](int64_t id, int16_t epoch, int32_t sequence) {
    return Encode(FreshRecords(), {.producer_id = id, .producer_epoch = epoch, .base_sequence = sequence});
  };
  CHECK_OK(Validate(fields(0, 0, 0)));
  CHECK_OK(Validate(fields(-1, -1, -1)));
  Refused(fields(5, 0, -1), ErrorCode::kInvalidRecord, "producer id 5");
  Refused(fields(5, -1, 0), ErrorCode::kInvalidRecord, "producer id 5");
  Refused(fields(-2, 0, 0), ErrorCode::kInvalidRecord, "-2");
  Refused(Encode(FreshRecords(), {.is_transactional = true}), ErrorCode::kInvalidRecord, "transactional");
}

TEST_CASE("old and future formats are refused", "[record][validate]") {
  for (const int magic : {0, 1, 3}) {
    std::vector<std::byte> batch = Encode(FreshRecords());
    SetField<int8_t>(batch, layout::kMagic, static_cast<int8_t>(magic));
    Refused(batch, ErrorCode::kInvalidRecord, "version");
  }
}

TEST_CASE("records and offsets must be as many", "[record][validate]") {
  const auto with = [](int32_t count, int32_t last_delta) {
    std::vector<std::byte> batch = Encode(FreshRecords());
    SetField(batch, layout::kRecordCount, count);
    SetField(batch, layout::kLastOffsetDelta, last_delta);
    return batch;
  };
  Refused(with(3, 3), ErrorCode::kInvalidRecord, "3 records, but last offset delta 3");
  Refused(with(2, 2), ErrorCode::kInvalidRecord, "2 records, but last offset delta 2");
  Refused(with(0, 2), ErrorCode::kInvalidRecord, "no records");
  Refused(with(2, 1), ErrorCode::kInvalidRecord, "bytes are left");
  Refused(with(4, 3), ErrorCode::kInvalidRecord, "record 3 of 4");
  Refused(with(4, -1), ErrorCode::kInvalidRecord, "negative");
}

TEST_CASE("offsets must be without gaps", "[record][validate]") {
  // Two one-record batches glued: both say offset delta 0.
  const std::vector<std::byte> one = Encode({{kNow, "k", "v", {}}});
  std::vector<std::byte> batch = one;
  batch.insert(batch.end(), one.begin() + layout::kRecords, one.end());
  SetField(batch, layout::kBatchLength, static_cast<int32_t>(batch.size() - layout::kLogOverhead));
  SetField<int32_t>(batch, layout::kRecordCount, 2);
  SetField<int32_t>(batch, layout::kLastOffsetDelta, 1);
  Refused(batch, ErrorCode::kInvalidRecord, "offset delta");

  // Its only record says offset delta 1.
  std::vector<std::byte> gap = one;
  gap[layout::kRecords + 3] = std::byte{2};
  SealCrc(gap.data());
  Refused(gap, ErrorCode::kInvalidRecord, "offset delta");
}

TEST_CASE("a compacted topic takes only records with a key", "[record][validate]") {
  const ValidationRules compacted{.keys_required = true};
  CHECK_OK(Validate(Encode(FreshRecords()), compacted));
  Refused(Encode({{kNow, "k", "v", {}}, {kNow, std::nullopt, "v", {}}}), ErrorCode::kInvalidRecord, "record 1: no key",
          compacted);
  CHECK_OK(Validate(Encode({{kNow, "", "v", {}}}), compacted));
}

TEST_CASE("timestamps must lie within the topic's range", "[record][validate]") {
  ValidationRules rules;
  rules.timestamp_before_max = std::chrono::milliseconds(1000);
  rules.timestamp_after_max = std::chrono::milliseconds(500);
  const auto at = [](int64_t time) { return Encode({{kNow, "k", "v", {}}, {time, "k", "v", {}}}); };
  CHECK_OK(Validate(at(kNow - 1000), rules));
  CHECK_OK(Validate(at(kNow + 500), rules));
  Refused(at(kNow - 1001), ErrorCode::kInvalidTimestamp, "record 1: timestamp " + std::to_string(kNow - 1001), rules);
  Refused(at(kNow + 501), ErrorCode::kInvalidTimestamp, std::to_string(kNow + 501), rules);

  SECTION("an hour ahead, and any time back, unless said otherwise") {
    CHECK_OK(Validate(at(kNow + 3'600'000)));
    Refused(at(kNow + 3'600'001), ErrorCode::kInvalidTimestamp, "3600000");
    CHECK_OK(Validate(at(0)));
  }
  SECTION("the ends of 64 bits do not wrap around") {
    Refused(at(std::numeric_limits<int64_t>::max()), ErrorCode::kInvalidTimestamp, "record 1", rules);
    Refused(at(std::numeric_limits<int64_t>::min()), ErrorCode::kInvalidTimestamp, "record 1", rules);
  }
  SECTION("a record without a time is left alone") { CHECK_OK(Validate(Encode({{-1, "k", "v", {}}}), rules)); }
  SECTION("where the broker stamps, theirs do not count") {
    rules.timestamp_type = TimestampType::kLogAppendTime;
    CHECK_OK(Validate(at(0), rules));
  }
}

// A batch with `payload` under `codec` and a crc that fits.
std::vector<std::byte> Compressed(Compression codec, const std::vector<std::byte>& payload, int32_t count) {
  std::vector<std::byte> batch = Encode(FreshRecords());
  batch.resize(layout::kRecords);
  batch.insert(batch.end(), payload.begin(), payload.end());
  layout::StoreBig(batch.data() + layout::kRecordCount, count);
  layout::StoreBig(batch.data() + layout::kLastOffsetDelta, count - 1);
  SetPayload(batch.data(), codec, batch.size());
  return batch;
}

std::vector<std::byte> Squeeze(Compression codec, std::span<const std::byte> in) {
  std::vector<std::byte> out(CompressBound(codec, in.size()));
  out.resize(*Compress(codec, in, out));
  return out;
}

TEST_CASE("lies inside a compressed payload are found too", "[record][validate]") {
  const std::vector<std::byte> plain = Encode(FreshRecords());
  const auto records = std::span(plain).subspan(layout::kRecords);
  for (const Compression codec : {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
    INFO(CompressionName(codec));
    const std::vector<std::byte> squeezed = Squeeze(codec, records);
    REQUIRE_OK(Validate(Compressed(codec, squeezed, 3)));
    Refused(Compressed(codec, squeezed, 2), ErrorCode::kInvalidRecord, "");
    Refused(Compressed(codec, squeezed, 4), ErrorCode::kInvalidRecord, "record 3 of 4");
    Refused(Compressed(codec, {squeezed.begin(), squeezed.end() - 5}, 3), ErrorCode::kCorruptMessage,
            CompressionName(codec));
    Refused(Compressed(codec, Squeeze(codec, records.first(records.size() - 1)), 3), ErrorCode::kInvalidRecord,
            "record 2 of 3");
    ValidationRules rules;
    rules.decompress.max_bytes = records.size() - 1;
    Refused(Compressed(codec, squeezed, 3), ErrorCode::kMessageTooLarge, std::to_string(records.size() - 1), rules);
  }
}

TEST_CASE("every single bit flip of a batch from outside is refused, but for the leader's own field",
          "[record][validate][L9]") {
  const std::vector<std::byte> batch = Encode(FreshRecords());
  for (size_t bit = 0; bit < batch.size() * 8; ++bit) {
    std::vector<std::byte> flipped = batch;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const size_t at = bit / 8;
    const bool leaders_own = at >= layout::kLeaderEpoch && at < layout::kMagic;  // the leader writes over it
    INFO("bit " << bit % 8 << " of byte " << at);
    if (!leaders_own) REQUIRE_FALSE(Validate(flipped).ok());
  }
}

}  // namespace
}  // namespace moldau::record
