#include "record/batch_builder.h"

#include <vector>

#include "moldau/record/verify.h"
#include "record/decoded_batch.h"
#include "records.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

using test::At;
using test::Borrowed;
using test::OwnedRecord;
using test::SomeRecords;

TEST_CASE("a builder takes records until they no longer fit and never writes past its buffer", "[record][builder]") {
  std::vector<std::byte> memory(1000 + 64, std::byte{0xaa});
  BatchBuilder builder{std::span(memory).first(1000)};
  const Record record{.key = "key", .value = "a value of some length"};
  int32_t count = 0;
  while (builder.TryAppend(record, At(5))) ++count;
  CHECK(count > 20);
  CHECK(builder.record_count() == count);
  CHECK_FALSE(builder.HasRoomFor(record));

  const auto batch = builder.Finish({});
  REQUIRE_OK(batch);
  CHECK(batch->data() == memory.data());
  CHECK(batch->size() <= 1000);
  CHECK(VerifyBatch(*batch).ok());
  CHECK(BatchView(batch->data()).record_count() == count);
  for (size_t at = 1000; at < memory.size(); ++at) REQUIRE(memory[at] == std::byte{0xaa});
}

TEST_CASE("a buffer smaller than a header takes nothing", "[record][builder]") {
  BatchBuilder builder(10);
  CHECK_FALSE(builder.TryAppend({.value = "x"}, At(5)));
  CHECK(builder.empty());
}

TEST_CASE("a cleared builder begins anew", "[record][builder]") {
  BatchBuilder builder(4096);
  REQUIRE(builder.TryAppend({.value = "first", .timestamp = At(9000)}, At(5)));
  builder.Clear();
  CHECK(builder.empty());
  CHECK(builder.size_in_bytes() == layout::kHeaderSize);
  REQUIRE(builder.TryAppend({.value = "second"}, At(6)));
  const auto batch = builder.Finish({.base_offset = 10});
  REQUIRE_OK(batch);
  const BatchView view(batch->data());
  REQUIRE(view.record_count() == 1);
  CHECK(view.max_timestamp() == At(6));
  CHECK((*view.records().begin()).value() == "second");
  CHECK((*view.records().begin()).offset() == 10);
}

TEST_CASE("a batch can be finished again with other fields and another codec", "[record][builder]") {
  const std::vector<OwnedRecord> expected = SomeRecords();
  BatchBuilder builder(4096);
  for (const Record& record : Borrowed(expected)) builder.Append(record, At(5));
  for (const Compression codec : {Compression::kZstd, Compression::kNone, Compression::kLz4, Compression::kSnappy,
                                  Compression::kGzip, Compression::kNone}) {
    const auto bytes =
        builder.Finish({.base_offset = 7, .producer_id = 1, .producer_epoch = 0, .base_sequence = 0}, codec);
    REQUIRE_OK(bytes);
    const ParsedBatch parsed = VerifyBatch(*bytes);
    REQUIRE(parsed.ok());
    CHECK(parsed.batch.compression() == codec);
    CHECK(parsed.batch.producer_id() == 1);
    Buffer memory;
    const auto decoded = DecodedBatch::Decode(parsed.batch, {}, memory);
    REQUIRE_OK(decoded);
    CHECK(test::OwnAll(decoded->records()) == expected);
  }
}

TEST_CASE("a builder can be moved with what it holds", "[record][builder]") {
  BatchBuilder first(4096);
  first.Append({.value = "one"}, At(5));
  BatchBuilder second = std::move(first);
  second.Append({.value = "two"}, At(6));
  const auto batch = second.Finish({});
  REQUIRE_OK(batch);
  REQUIRE(VerifyBatch(*batch).ok());
  CHECK(test::OwnAll(BatchView(batch->data()).records()).size() == 2);
}

}  // namespace
}  // namespace moldau::record
