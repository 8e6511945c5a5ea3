// Batches that real clients wrote (golden/README.md), decoded to the last field and, where they are Java's and
// uncompressed, encoded again to the same bytes.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "moldau/record/verify.h"
#include "record/batch_builder.h"
#include "record/decoded_batch.h"
#include "record/recompress.h"
#include "record/validate.h"
#include "records.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

using test::At;
using test::OwnedRecord;

constexpr int64_t kBaseTime = 1'700'000'000'000;

std::vector<std::byte> ReadGolden(const std::string& name) {
  const std::string path = std::string(MOLDAU_GOLDEN_DIR) + '/' + name + ".bin";
  std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file.good());
  const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(content));
  return {bytes.begin(), bytes.end()};
}

std::vector<OwnedRecord> MixedRecords() {
  std::string digits;
  for (int i = 0; i < 900; ++i) digits += "0123456789";
  return {{kBaseTime, "alice", "espresso", {}},
          {kBaseTime + 5, std::nullopt, "flat white", {}},
          {kBaseTime - 7, "bob", std::nullopt, {}},
          {kBaseTime + 3, "", "", {}},
          {kBaseTime + 3,
           std::string(70, 'k'),
           std::string(300, 'v'),
           {{"trace", "abc"}, {"nothing", std::nullopt}, {"empty", ""}}},
          {kBaseTime + 2'000'000, std::nullopt, digits, {}}};
}

std::vector<OwnedRecord> ManyRecords() {
  std::vector<OwnedRecord> records;
  for (int i = 0; i < 700; ++i) {
    const std::string number = std::to_string(i);
    records.push_back(
        {kBaseTime + i, "key-" + number, "value " + number + " of seven hundred, long enough to fill blocks", {}});
  }
  return records;
}

// The batch of a file, verified and decompressed.
struct Golden {
  explicit Golden(const std::string& name) : bytes(ReadGolden(name)) {
    INFO(name);
    const ParsedBatch parsed = VerifyBatch(bytes);
    REQUIRE(parsed.error == BatchError::kNone);
    batch = parsed.batch;
    REQUIRE(batch.size_in_bytes() == bytes.size());
    const auto decoded = DecodedBatch::Decode(batch, {}, memory);
    REQUIRE_OK(decoded);
    records = test::OwnAll(decoded->records());
  }

  std::vector<std::byte> bytes;
  BatchView batch;
  Buffer memory;
  std::vector<OwnedRecord> records;
};

struct Codec {
  std::string name;
  Compression value;
};
const std::vector<Codec> kCodecs = {{"none", Compression::kNone},
                                    {"gzip", Compression::kGzip},
                                    {"snappy", Compression::kSnappy},
                                    {"lz4", Compression::kLz4},
                                    {"zstd", Compression::kZstd}};

TEST_CASE("batches of three clients in every codec are read to the last field", "[record][golden]") {
  for (const std::string client : {"java", "python", "librdkafka"}) {
    for (const Codec& codec : kCodecs) {
      INFO(client << ", " << codec.name);
      const Golden golden(client + "_mixed_" + codec.name);
      CHECK(golden.batch.compression() == codec.value);
      CHECK(golden.batch.base_offset() == 0);
      CHECK(golden.batch.record_count() == 6);
      CHECK(golden.batch.last_offset_delta() == 5);
      CHECK(golden.batch.base_timestamp() == At(kBaseTime));
      CHECK(golden.batch.max_timestamp() == At(kBaseTime + 2'000'000));
      CHECK(golden.batch.producer_id() == -1);
      CHECK(golden.batch.producer_epoch() == -1);
      CHECK(golden.batch.base_sequence() == -1);
      CHECK_FALSE(golden.batch.is_control());
      CHECK_FALSE(golden.batch.is_transactional());
      CHECK(golden.records == MixedRecords());
    }
  }
}

TEST_CASE("a leader takes the batches of three clients in every codec", "[record][golden]") {
  Buffer scratch;
  for (const std::string client : {"java", "python", "librdkafka"}) {
    for (const Codec& codec : kCodecs) {
      const std::vector<std::byte> bytes = ReadGolden(client + "_mixed_" + codec.name);
      const auto validated = ValidateBatch(bytes, {}, At(kBaseTime), scratch);
      REQUIRE_OK(validated);
      CHECK(validated->max_timestamp == At(kBaseTime + 2'000'000));
    }
  }
}

TEST_CASE("large batches of the Java client are read in every codec", "[record][golden]") {
  for (const std::string codec : {"none", "snappy", "lz4", "zstd"}) {
    INFO(codec);
    CHECK(Golden("java_many_" + codec).records == ManyRecords());
  }
}

TEST_CASE("what the Java client wrote without compression is encoded to the same bytes", "[record][golden]") {
  CHECK(test::Encode(MixedRecords()) == ReadGolden("java_mixed_none"));
  CHECK(test::Encode(ManyRecords()) == ReadGolden("java_many_none"));
  BatchFields fields{
      .base_offset = 1000, .leader_epoch = 5, .producer_id = 4711, .producer_epoch = 3, .base_sequence = 17};
  CHECK(test::Encode(MixedRecords(), fields) == ReadGolden("java_idempotent"));
  fields.is_transactional = true;
  CHECK(test::Encode(MixedRecords(), fields) == ReadGolden("java_transactional"));
  CHECK(test::Encode(MixedRecords(), {.now = At(kBaseTime + 99), .timestamp_type = TimestampType::kLogAppendTime}) ==
        ReadGolden("java_log_append_time"));
}

TEST_CASE("a batch that the Java client's broker stamps is stamped to the same bytes", "[record][golden]") {
  std::vector<std::byte> bytes = ReadGolden("java_mixed_none");
  SetLogAppendTime(bytes.data(), At(kBaseTime + 99));
  CHECK(bytes == ReadGolden("java_log_append_time"));
}

TEST_CASE("idempotent and transactional batches of the Java client tell their producer", "[record][golden]") {
  for (const std::string name : {"java_idempotent", "java_transactional"}) {
    const Golden golden(name);
    CHECK(golden.batch.base_offset() == 1000);
    CHECK(golden.batch.leader_epoch() == 5);
    CHECK(golden.batch.producer_id() == 4711);
    CHECK(golden.batch.producer_epoch() == 3);
    CHECK(golden.batch.base_sequence() == 17);
    CHECK(golden.batch.is_transactional() == (name == "java_transactional"));
    CHECK(golden.records == MixedRecords());
  }
}

TEST_CASE("records that the Java client's broker stamped have its time, compressed or not", "[record][golden]") {
  std::vector<OwnedRecord> expected = MixedRecords();
  for (OwnedRecord& record : expected) record.timestamp = kBaseTime + 99;
  CHECK(Golden("java_log_append_time").records == expected);
  CHECK(Golden("java_log_append_time_lz4").records == expected);
}

TEST_CASE("transaction markers of the Java client are control batches with their key and value", "[record][golden]") {
  const std::string version_0(2, '\0');
  const std::string value = version_0 + std::string("\0\0\0\x09", 4);  // version, coordinator epoch 9
  for (const auto& [name, type] : {std::pair("java_abort_marker", '\0'), std::pair("java_commit_marker", '\1')}) {
    const Golden golden(name);
    CHECK(golden.batch.is_control());
    CHECK(golden.batch.is_transactional());
    CHECK(golden.batch.base_offset() == 77);
    CHECK(golden.batch.producer_id() == 4711);
    CHECK(golden.batch.base_sequence() == -1);
    const std::string key = version_0 + std::string({'\0', type});
    CHECK(golden.records == std::vector<OwnedRecord>{{kBaseTime, key, value, {}}});

    BatchFields fields{.base_offset = 77, .leader_epoch = 5, .producer_id = 4711, .producer_epoch = 3};
    fields.is_transactional = fields.is_control = true;
    CHECK(test::Encode(golden.records, fields) == golden.bytes);
  }
}

TEST_CASE("giving a client's batch another codec and none again gives its bytes back", "[record][golden]") {
  const std::vector<std::byte> original = ReadGolden("java_transactional");
  Buffer scratch;
  for (const Codec& codec : kCodecs) {
    INFO(codec.name);
    Buffer compressed;
    Buffer plain;
    REQUIRE_OK(Recompress(BatchView(original.data()), codec.value, {}, scratch, compressed));
    const ParsedBatch parsed = VerifyBatch(compressed.bytes());
    REQUIRE(parsed.ok());
    CHECK(parsed.batch.compression() == codec.value);
    CHECK(parsed.batch.is_transactional());
    REQUIRE_OK(Recompress(parsed.batch, Compression::kNone, {}, scratch, plain));
    CHECK(std::vector(plain.bytes().begin(), plain.bytes().end()) == original);
  }
}

}  // namespace
}  // namespace moldau::record
