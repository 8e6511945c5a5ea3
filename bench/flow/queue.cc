// A queue with several consumers: every record is received under a lock and acknowledged.
#include "flow/queue.h"

#include <atomic>
#include <thread>

#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr int64_t kRecords = 2'000'000;
constexpr size_t kMessageBytes = 100;
constexpr int kConsumers = 4;
constexpr size_t kPerReceive = 100;

}  // namespace

Sample MeasureQueue(int64_t count, size_t message_bytes, Acknowledge how) {
  const Scratch scratch;
  const auto broker = Must(Broker::Open({.data_dir = scratch.path() + "/data"}));
  Queue queue = Must(Queue::Open(*broker, "jobs", {.durability = Durability::kBuffered}));
  Partition partition = Must(Must(broker->FindTopic("jobs")).partition(0));
  const Messages messages(message_bytes);
  const std::vector<Record> records = messages.Records(100);
  for (int64_t i = 0; i < count; i += 100) Done(partition.Append(records));

  std::atomic<int64_t> left{count};
  const auto work = [&] {
    while (left.load(std::memory_order_relaxed) > 0) {
      std::vector<Lease> leases = Must(queue.ReceiveMany(kPerReceive, std::chrono::milliseconds(1)));
      if (how == Acknowledge::kTogether) {
        Must(Queue::AckAll(leases));
      } else {
        for (Lease& lease : leases) Must(lease.Ack());
      }
      left.fetch_sub(static_cast<int64_t>(leases.size()), std::memory_order_relaxed);
    }
  };
  const Counting counting;
  const double seconds = SecondsOf([&] {
    std::vector<std::thread> consumers;
    for (int i = 0; i < kConsumers; ++i) consumers.emplace_back(work);
    for (std::thread& consumer : consumers) consumer.join();
    Must(queue.Commit());
  });
  return {.value = static_cast<double>(count) / seconds / 1e6, .counters = counting.For(static_cast<double>(count))};
}

std::vector<Figure> QueueFigures(const Scale& scale) {
  const int64_t count = (scale.Of(kRecords) + 99) / 100 * 100;
  return {{.name = "queue_ack_each",
           .what = "a queue, 4 consumers, receive 100, acknowledge each",
           .unit = " M/s",
           .must = 0.5,
           .aim = 1.6,
           .measure = [=] { return MeasureQueue(count, kMessageBytes, Acknowledge::kEach); }},
          {.name = "queue_ack_together",
           .what = "the same, acknowledged together",
           .unit = " M/s",
           .must = 0.5,
           .aim = 1.6,
           .measure = [=] { return MeasureQueue(count, kMessageBytes, Acknowledge::kTogether); }}};
}

}  // namespace moldau::bench
