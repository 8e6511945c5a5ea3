#include "moldau.h"

#include <cstring>
#include <thread>
#include <utility>

#include "flow/queue.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr std::chrono::seconds kLong{10};

double Rate(int64_t records, double seconds) { return static_cast<double>(records) / seconds; }

// --- one log, in the library's lowest calls ---

void AppendOneByOne(Partition& partition, const Turn& turn) {
  const Messages messages(static_cast<size_t>(turn.message_bytes));
  for (int64_t i = 0; i < turn.records; ++i) {
    Done(partition.Append(Record{.value = messages.at(static_cast<size_t>(i))}));
  }
}

double Append(const Turn& turn) {
  OneLog log(Durability::kBuffered);
  return Rate(turn.records, SecondsOf([&] { AppendOneByOne(log.partition, turn); }));
}

// The log is made ready beforehand, as Aeron touches its shared memory before a stream begins.
double Stream(const Turn& turn) {
  OneLog log(Durability::kBuffered);
  Done(log.partition.Append(Record{.value = "first"}));
  const auto record_bytes = static_cast<uint64_t>(turn.message_bytes + 80);
  Must(log.partition.Prepare(static_cast<uint64_t>(turn.records) * record_bytes));
  TailReader tail = Must(log.partition.Tail(1, {.wait = WaitStrategy::kSpin}));
  uint64_t sum = 0;
  const double seconds = SecondsOf([&] {
    std::jthread writer([&] { AppendOneByOne(log.partition, turn); });
    for (int64_t seen = 0; seen < turn.records;) {
      const FetchedRecords records = Must(tail.Next());
      for (const RecordView& record : records) {
        sum += record.value().size() + static_cast<uint8_t>(record.value()[0]);
        ++seen;
      }
    }
  });
  Keep(sum);
  return Rate(turn.records, seconds);
}

double Tail(const Turn& turn, WaitStrategy wait) {
  OneLog log(Durability::kBuffered);
  TailReader tail = Must(log.partition.Tail(0, {.wait = wait}));
  std::jthread writer([&] {
    std::string message = Payload(turn.message_bytes);
    SendPaced(turn.records, [&](double due) {
      std::memcpy(message.data(), &due, sizeof due);
      Done(log.partition.Append(Record{.value = message}));
    });
  });
  Delays delays(turn.records);
  while (delays.count() < turn.records) {
    const FetchedRecords records = Must(tail.Next());
    for (const RecordView& record : records) {
      double due;
      std::memcpy(&due, record.value().data(), sizeof due);
      delays.Add(NowSeconds() - due);
    }
  }
  return delays.Median();
}

double Paced(const Turn& turn) { return Tail(turn, WaitStrategy::kSpin); }
double Parked(const Turn& turn) { return Tail(turn, WaitStrategy::kPark); }

double Flushed64(const Turn& turn) {
  constexpr int64_t kWriters = 64;
  OneLog log(Durability::kFlushed);
  const std::string message = Payload(turn.message_bytes);
  const auto write = [&](int64_t records) {
    for (int64_t i = 0; i < records; ++i) Must(Must(log.partition.Append(Record{.value = message})).Wait());
  };
  write(1);
  return Rate(turn.records, SecondsOf([&] {
                std::vector<std::jthread> writers;
                for (int64_t i = 0; i < kWriters; ++i) writers.emplace_back(write, turn.records / kWriters);
              }));
}

// --- clients ---

void SendAll(OneLog& log, const Turn& turn) {
  Producer producer(*log.broker);
  const Messages messages(static_cast<size_t>(turn.message_bytes));
  for (int64_t i = 0; i < turn.records; ++i) {
    Done(producer.Send(log.topic, {.value = messages.at(static_cast<size_t>(i))}));
  }
  Must(producer.Flush());
}

double Send(const Turn& turn) {
  OneLog log(Durability::kBuffered);
  return Rate(turn.records, SecondsOf([&] { SendAll(log, turn); }));
}

double CatchUp(const Turn& turn) {
  OneLog log(Durability::kBuffered);
  SendAll(log, turn);
  const TopicPartition source{log.topic.name(), 0};
  Consumer consumer = Must(Consumer::Assign(*log.broker, std::span(&source, 1)));
  uint64_t sum = 0;
  const double seconds = SecondsOf([&] {
    for (int64_t seen = 0; seen < turn.records;) {
      const ConsumerRecords records = Must(consumer.Poll(kLong));
      for (const ConsumerRecord& record : records) {
        sum += record.value().size() + static_cast<uint8_t>(record.value()[0]);
        ++seen;
      }
    }
  });
  Keep(sum);
  return Rate(turn.records, seconds);
}

// Four consumers, every record acknowledged by itself.
double WorkQueue(const Turn& turn) {
  return 1e6 * MeasureQueue(turn.records, static_cast<size_t>(turn.message_bytes), Acknowledge::kEach).value;
}

}  // namespace

double RunMoldau(const Turn& turn) {
  static constexpr std::pair<std::string_view, double (*)(const Turn&)> kWorkloads[] = {
      {"append", Append},    {"stream", Stream}, {"paced", Paced},          {"parked", Parked},
      {"catch_up", CatchUp}, {"send", Send},     {"flushed_64", Flushed64}, {"queue", WorkQueue}};
  for (const auto& [name, run] : kWorkloads) {
    if (name == turn.workload) return run(turn);
  }
  Die("no such workload: " + turn.workload);
}

int ReadFirstRecord(const std::string& directory) {
  const auto broker = Must(Broker::Open({.data_dir = directory}));
  const Topic topic = Must(broker->CreateTopic("orders", {.durability = Durability::kBuffered}));
  Producer producer(*broker);
  Must(Must(producer.Send(topic, {.value = "espresso"})).Wait());
  Consumer consumer = Must(Consumer::Subscribe(*broker, {.topics = {"orders"}}));
  if (Must(consumer.Poll(kLong)).empty()) Die("nothing was read");
  std::puts("read");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace moldau::bench
