#include "record/decoded_batch.h"

#include <vector>

#include "moldau/error.h"
#include "record/batch_builder.h"
#include "records.h"
#include "support/catch.h"

namespace moldau::record {
namespace {

using test::At;
using test::OwnedRecord;
using test::SomeRecords;

std::vector<std::byte> Build(Compression codec, const BatchFields& fields) {
  BatchBuilder builder(4096);
  const std::vector<OwnedRecord> records = SomeRecords();
  for (const Record& record : test::Borrowed(records)) builder.Append(record, At(5));
  const auto bytes = builder.Finish(fields, codec);
  REQUIRE_OK(bytes);
  return {bytes->begin(), bytes->end()};
}

TEST_CASE("records of a compressed batch have the batch's offsets and times", "[record][decoded]") {
  const std::vector<std::byte> bytes = Build(Compression::kZstd, {.base_offset = 40});
  Buffer memory;
  const auto decoded = DecodedBatch::Decode(BatchView(bytes.data()), {}, memory);
  REQUIRE_OK(decoded);
  CHECK(test::OwnAll(decoded->records()) == SomeRecords());
  int64_t offset = 40;
  for (const RecordView& record : decoded->records()) CHECK(record.offset() == offset++);
  CHECK(decoded->batch().data() == bytes.data());
}

TEST_CASE("records of an uncompressed batch are read where they lie", "[record][decoded]") {
  const std::vector<std::byte> bytes = Build(Compression::kNone, {});
  Buffer memory;
  const auto decoded = DecodedBatch::Decode(BatchView(bytes.data()), {}, memory);
  REQUIRE_OK(decoded);
  CHECK(test::OwnAll(decoded->records()) == SomeRecords());
  CHECK(memory.capacity() == 0);
}

TEST_CASE("without decompression a compressed batch shows no records", "[record][decoded]") {
  const std::vector<std::byte> bytes = Build(Compression::kLz4, {});
  CHECK(BatchView(bytes.data()).records().empty());
}

TEST_CASE("memory is used again from batch to batch", "[record][decoded]") {
  const std::vector<std::byte> bytes = Build(Compression::kLz4, {});
  Buffer memory;
  REQUIRE_OK(DecodedBatch::Decode(BatchView(bytes.data()), {}, memory));
  const std::byte* const at = memory.data();
  REQUIRE_OK(DecodedBatch::Decode(BatchView(bytes.data()), {}, memory));
  CHECK(memory.data() == at);
}

TEST_CASE("a compressed payload that does not hold its records is an error that names the batch", "[record][decoded]") {
  std::vector<std::byte> bytes = Build(Compression::kSnappy, {.base_offset = 40});
  layout::StoreBig<int32_t>(bytes.data() + layout::kRecordCount, 5);
  layout::StoreBig<int32_t>(bytes.data() + layout::kLastOffsetDelta, 4);
  Buffer memory;
  const absl::Status status = DecodedBatch::Decode(BatchView(bytes.data()), {}, memory).status();
  CHECK(GetErrorCode(status) == ErrorCode::kCorruptMessage);
  CHECK(std::string(status.message()).find("batch at offset 40: record 4 of 5") != std::string::npos);
}

}  // namespace
}  // namespace moldau::record
