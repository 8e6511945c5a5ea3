#include "moldau/fetched_records.h"

#include <memory>
#include <numeric>

#include "broker_world.h"
#include "log/decode_slice.h"
#include "record/batch_builder.h"

namespace moldau::test {
namespace {

// Batches in memory, one behind the other.
class Batches {
 public:
  Batches& Add(const Strings& values, record::BatchFields fields = {}, Compression codec = Compression::kNone) {
    record::BatchBuilder builder(size_t{1} << 16);
    for (const std::string& value : values) builder.Append({.value = value}, Timestamp(0ms));
    fields.base_offset = next_offset_;
    const auto batch = builder.Finish(fields, codec);
    REQUIRE_OK(batch);
    bytes_->insert(bytes_->end(), batch->begin(), batch->end());
    next_offset_ += static_cast<int64_t>(values.size());
    return *this;
  }
  [[nodiscard]] FetchedRecords Fetch(int64_t from) const {
    auto records = log::DecodeBatches(bytes_, *bytes_, from, next_offset_, budget_);
    REQUIRE_OK(records);
    return *std::move(records);
  }
  [[nodiscard]] const std::shared_ptr<base::MemoryBudget>& budget() const { return budget_; }

 private:
  std::shared_ptr<std::vector<std::byte>> bytes_ = std::make_shared<std::vector<std::byte>>();
  std::shared_ptr<base::MemoryBudget> budget_ = std::make_shared<base::MemoryBudget>(1 << 20);
  int64_t next_offset_ = 0;
};

std::vector<int64_t> OffsetsIn(const FetchedRecords& records) {
  std::vector<int64_t> offsets;
  for (const RecordView& record : records) offsets.push_back(record.offset());
  return offsets;
}

TEST_CASE("no records are iterated as nothing", "[broker][records]") {
  const FetchedRecords none(17);
  CHECK(none.empty());
  CHECK(none.begin() == none.end());
  CHECK(none.next_offset() == 17);
}

TEST_CASE("records are shown from the offset asked for, over batch borders", "[broker][records]") {
  Batches batches;
  batches.Add({"a", "b", "c"}).Add({"d"}).Add({"e", "f"});
  for (int64_t from = 0; from <= 6; ++from) {
    std::vector<int64_t> expected(static_cast<size_t>(6 - from));
    std::iota(expected.begin(), expected.end(), from);
    CHECK(OffsetsIn(batches.Fetch(from)) == expected);
  }
  CHECK(batches.Fetch(6).empty());
}

TEST_CASE("control batches are not shown", "[broker][records]") {
  Batches batches;
  batches.Add({"a"}).Add({"commit"}, {.is_transactional = true, .is_control = true}).Add({"b"});
  CHECK(ValuesIn(batches.Fetch(0)) == Strings{"a", "b"});
  Batches only_control;
  only_control.Add({"commit"}, {.is_control = true});
  CHECK(only_control.Fetch(0).empty());
  CHECK(only_control.Fetch(0).next_offset() == 1);
}

TEST_CASE("compressed and plain batches may follow each other in any order", "[broker][records]") {
  const Strings many(100, "the same line again and again");
  Batches batches;
  batches.Add({"a"})
      .Add(many, {}, Compression::kLz4)
      .Add({"b"})
      .Add({"c"}, {.is_control = true})
      .Add(many, {}, Compression::kZstd)
      .Add(many, {}, Compression::kGzip)
      .Add(many, {}, Compression::kSnappy);
  const FetchedRecords records = batches.Fetch(50);
  const Strings values = ValuesIn(records);
  CHECK(values.size() == 51 + 1 + 300);
  CHECK(values.front() == many[0]);
  CHECK(values[51] == "b");
  CHECK(OffsetsIn(records).back() == 402);
}

TEST_CASE("decompressed memory counts against the budget until the records are dropped", "[broker][records]") {
  Batches batches;
  batches.Add(Strings(200, std::string(100, 'x')), {}, Compression::kZstd);
  {
    const FetchedRecords records = batches.Fetch(0);
    CHECK(batches.budget()->used() > 20'000);
  }
  CHECK(batches.budget()->used() == 0);
  const auto all = batches.budget()->TryReserve(batches.budget()->limit(), "everything else");
  REQUIRE_OK(all);
  const FetchedRecords::DecodedPayload none;
  CHECK(none.records == nullptr);
}

TEST_CASE("what does not fit the budget is refused with its numbers", "[broker][records][L20]") {
  BrokerWorld world({.memory_limit = 1 << 20});
  world.Open();
  Partition partition = PartitionOf(world.Create("logs", kBufferedTopic));
  record::BatchBuilder builder(size_t{4} << 20);
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) builder.Append({.value = line}, Timestamp(1'700'000'000'000ms));
  REQUIRE_OK(partition.AppendBatch(*builder.Finish({}, Compression::kZstd)));
  const absl::Status status = partition.Read(0).status();
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("1048576"));
}

TEST_CASE("moving records keeps iterators and views valid", "[broker][records]") {
  Batches batches;
  batches.Add({"a", "b"}, {}, Compression::kLz4).Add({"c"});
  FetchedRecords records = batches.Fetch(0);
  auto at = records.begin();
  const RecordView first = *at;
  const FetchedRecords moved = std::move(records);
  CHECK(first.value() == "a");
  CHECK((*++at).value() == "b");
  CHECK((*++at).value() == "c");
  CHECK(++at == moved.end());
}

TEST_CASE("the iterator is a forward iterator", "[broker][records]") {
  static_assert(std::forward_iterator<FetchedRecords::Iterator>);
  Batches batches;
  batches.Add({"a", "b"});
  const FetchedRecords records = batches.Fetch(0);
  const auto begin = records.begin();
  auto next = begin;
  CHECK((*next++).value() == "a");
  CHECK((*next).value() == "b");
  CHECK(next != begin);
  CHECK(records.begin() == begin);
}

}  // namespace
}  // namespace moldau::test
