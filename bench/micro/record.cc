// The steps of an append and of a read, one by one: bench/run --micro.
#include <benchmark/benchmark.h>

#include "base/latency_histogram.h"
#include "harness/support.h"
#include "moldau/base/crc32c.h"
#include "moldau/fetched_records.h"
#include "record/batch_builder.h"

namespace moldau::bench {
namespace {

std::span<const std::byte> BuildBatch(record::BatchBuilder& builder, const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (!builder.HasRoomFor(record)) Die("the batch builder is too small");
    builder.Append(record, Timestamp(std::chrono::milliseconds(1)));
  }
  return Must(builder.Finish({}, Compression::kNone));
}

void Checksum(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(base::Crc32c(bytes.data(), bytes.size()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Checksum)->Arg(60)->Arg(100)->Arg(1024)->Arg(16 << 10);

void EncodeBatch(benchmark::State& state) {
  const Messages messages(100);
  const std::vector<Record> records = messages.Records(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    record::BatchBuilder builder(size_t{64} << 10);
    benchmark::DoNotOptimize(BuildBatch(builder, records).data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(EncodeBatch)->Arg(1)->Arg(100);

void IterateBatch(benchmark::State& state) {
  const Messages messages(100);
  record::BatchBuilder builder(size_t{64} << 10);
  const std::span<const std::byte> batch = BuildBatch(builder, messages.Records(static_cast<size_t>(state.range(0))));
  const FetchedRecords fetched(nullptr, batch, 0, state.range(0));
  for (auto _ : state) {
    size_t sum = 0;
    for (const RecordView& record : fetched) sum += record.value().size();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(IterateBatch)->Arg(1)->Arg(100);

void RecordLatency(benchmark::State& state) {
  base::LatencyHistogram histogram;
  int64_t ns = 1;
  for (auto _ : state) {
    ns = ns * 5 % 1'000'003;
    histogram.Record(std::chrono::nanoseconds(ns));
  }
  benchmark::DoNotOptimize(histogram.Snapshot().count());
}
BENCHMARK(RecordLatency);

void AppendOne(benchmark::State& state) {
  OneLog log(Durability::kBuffered);
  const Messages messages(100);
  size_t i = 0;
  for (auto _ : state) Done(log.partition.Append(Record{.value = messages.at(i++)}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(AppendOne)->Iterations(1'000'000);

void ReadOneByOffset(benchmark::State& state) {
  OneLog log(Durability::kBuffered);
  const Messages messages(100);
  constexpr int64_t kRecords = 100'000;
  for (int64_t i = 0; i < kRecords; ++i)
    Done(log.partition.Append(Record{.value = messages.at(static_cast<size_t>(i))}));
  Random random(3);
  for (auto _ : state) {
    const auto offset = static_cast<int64_t>(random.Below(kRecords));
    benchmark::DoNotOptimize(Must(log.partition.Read(offset, {.max_bytes = 1})).next_offset());
  }
}
BENCHMARK(ReadOneByOffset);

}  // namespace
}  // namespace moldau::bench
