// Writing: through a partition and through a producer, by one thread and by several.
#include <atomic>
#include <thread>

#include "harness/floors.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr int64_t kPreparedBatches = 20'000;    // of 100 records of 100 B: 220 MB
constexpr int64_t kComparedBatches = 10'000;    // the same for figures that fill three logs
constexpr int64_t kSustainedBatches = 100'000;  // 1.1 GB
constexpr int64_t kSingles = 1'200'000;         // 200 MB
constexpr int64_t kLargeSingles = 200'000;      // 220 MB
constexpr uint64_t kTouched = uint64_t{256} << 20;

// What a log needs beyond the payload: batch headers, record headers, the rest of segments; and as many segments more
// as it wants to have ready at any time, so that none is made while we measure.
uint64_t BytesFor(int64_t batches, size_t per_batch, size_t message) {
  return static_cast<uint64_t>(batches) * (64 + per_batch * (message + 12)) * 9 / 8 + (uint64_t{5 * 64} << 20);
}

struct Shape {
  int64_t batches;
  size_t per_batch;
  size_t message;
};

void AppendAll(Partition& partition, const Messages& messages, const Shape& shape) {
  if (shape.per_batch == 1) {
    for (int64_t i = 0; i < shape.batches; ++i) {
      Done(partition.Append(Record{.value = messages.at(static_cast<size_t>(i))}));
    }
    return;
  }
  // As many different batches as the floor copies from.
  const std::vector<Record> records = messages.Records(Messages::kBytes / shape.message);
  const size_t last = records.size() - shape.per_batch;
  size_t at = 0;
  for (int64_t i = 0; i < shape.batches; ++i) {
    Done(partition.Append(std::span(records).subspan(at, shape.per_batch)));
    at = at + shape.per_batch > last ? 0 : at + shape.per_batch;
  }
}

// Appends a little, so that the log has its hot segments, then prepares the rest.
void WarmUp(OneLog& log, const Messages& messages, const Shape& shape, bool prepare) {
  AppendAll(log.partition, messages,
            {.batches = 1 + (int64_t{16} << 20) / static_cast<int64_t>(shape.per_batch * shape.message),
             .per_batch = shape.per_batch,
             .message = shape.message});
  if (prepare) Must(log.partition.Prepare(BytesFor(shape.batches, shape.per_batch, shape.message)));
}

Sample MeasureAppend(const Shape& shape, bool prepared) {
  const Messages messages(shape.message);
  const TouchedMemory memory(kTouched);
  OneLog log(Durability::kBuffered);
  WarmUp(log, messages, shape, prepared);
  const auto floor = [&] {
    const int64_t batches =
        std::min<int64_t>(shape.batches, kPreparedBatches * 100 / static_cast<int64_t>(shape.per_batch));
    return CopyAndChecksumSeconds(messages, shape.per_batch, batches, memory) / static_cast<double>(batches);
  };
  Sample sample{.floor_before = floor()};
  const Counting counting;
  const double seconds = SecondsOf([&] { AppendAll(log.partition, messages, shape); });
  sample.counters = counting.For(static_cast<double>(shape.batches) * static_cast<double>(shape.per_batch));
  sample.floor_after = floor();
  sample.value = (sample.floor_before + sample.floor_after) / 2 / (seconds / static_cast<double>(shape.batches));
  return sample;
}

Sample MeasureSend(int64_t batches) {
  const Shape shape{.batches = batches, .per_batch = 100, .message = 100};
  const Messages messages(shape.message);
  const auto through_partition = [&] {
    OneLog log(Durability::kBuffered);
    WarmUp(log, messages, shape, /*prepare=*/true);
    return SecondsOf([&] { AppendAll(log.partition, messages, shape); });
  };
  Sample sample{.floor_before = through_partition()};
  {
    OneLog log(Durability::kBuffered);
    WarmUp(log, messages, shape, /*prepare=*/true);
    Producer producer(*log.broker);
    const auto send = [&](int64_t records) {
      for (int64_t i = 0; i < records; ++i) {
        Done(producer.Send(log.topic, {.value = messages.at(static_cast<size_t>(i))}));
      }
    };
    send(100'000);  // until the producer has all its buffers
    Must(producer.Flush());
    const int64_t records = batches * 100;
    const Counting counting;
    const double seconds = SecondsOf([&] {
      send(records);
      Must(producer.Flush());
    });
    sample.counters = counting.For(static_cast<double>(records));
    sample.value = 1 / seconds;
  }
  sample.floor_after = through_partition();
  sample.value *= (sample.floor_before + sample.floor_after) / 2;
  return sample;
}

double SecondsOfProducers(int threads, int64_t batches) {
  constexpr size_t kPerBatch = 128;
  const Shape all{.batches = batches, .per_batch = kPerBatch, .message = 100};
  const Messages messages(all.message);
  OneLog log(Durability::kBuffered);
  WarmUp(log, messages, all, /*prepare=*/true);
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> writers;
  for (int i = 0; i < threads; ++i) {
    writers.emplace_back([&] {
      ++ready;
      while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
      AppendAll(log.partition, messages, {.batches = batches / threads, .per_batch = kPerBatch, .message = 100});
    });
  }
  while (ready < threads) std::this_thread::yield();
  return SecondsOf([&] {
    go.store(true, std::memory_order_release);
    for (std::thread& writer : writers) writer.join();
  });
}

Sample MeasureProducers(int threads, int64_t batches) {
  Sample sample{.floor_before = SecondsOfProducers(1, batches)};
  const double seconds = SecondsOfProducers(threads, batches);
  sample.floor_after = SecondsOfProducers(1, batches);
  sample.value = (sample.floor_before + sample.floor_after) / 2 / seconds;
  return sample;
}

}  // namespace

std::vector<Figure> AppendFigures(const Scale& scale) {
  const auto append = [](std::string name, std::string what, double must, double aim, Shape shape, bool prepared) {
    return Figure{.name = std::move(name), .what = std::move(what), .must = must, .aim = aim, .measure = [=] {
                    return MeasureAppend(shape, prepared);
                  }};
  };
  std::vector<Figure> figures = {
      append("append_100x100_prepared", "100 records of 100 B per append, segments ready", 0.70, 0.90,
             {.batches = scale.Of(kPreparedBatches), .per_batch = 100, .message = 100}, true),
      append("append_100x100_sustained", "the same while segments are made ready", 0.50, 0.70,
             {.batches = scale.Of(kSustainedBatches), .per_batch = 100, .message = 100}, false),
      append("append_100x1", "one record of 100 B per append", 0.45, 0.65,
             {.batches = scale.Of(kSingles), .per_batch = 1, .message = 100}, true),
      append("append_1k", "one record of 1 KiB per append", 0.80, 0.95,
             {.batches = scale.Of(kLargeSingles), .per_batch = 1, .message = 1024}, true),
      {.name = "send_100",
       .what = "Producer::Send of 100 B, to Partition::Append in batches of 100",
       .must = 0.40,
       .aim = 0.60,
       .measure = [=] { return MeasureSend(scale.Of(kComparedBatches)); }}};
  for (const int threads : {2, 4, 8}) {
    figures.push_back({.name = "producers_" + std::to_string(threads),
                       .what = "that many threads into one partition, to one",
                       .must = 0.40,
                       .aim = 0.60,
                       .measure = [=] { return MeasureProducers(threads, scale.Of(kComparedBatches)); }});
  }
  return figures;
}

}  // namespace moldau::bench
