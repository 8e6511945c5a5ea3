// The victim of the kill drill: opens (and recovers) a data directory and writes as fast as it can, through every way
// in. What is acknowledged it says on standard output, record by record; its parent kills it at a random moment.
//
//   moldau_drill_writer DIRECTORY buffered|flushed RUN
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "drill/drill_values.h"
#include "moldau/moldau.h"

namespace {

using moldau::test::DrillAck;
using moldau::test::DrillValue;

void Check(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::cerr << what << ": " << status << "\n";
  _exit(3);
}

void Say(const DrillAck& ack) {
  if (write(STDOUT_FILENO, &ack, sizeof(ack)) != sizeof(ack)) _exit(0);  // the judge has gone
}

void AppendBatches(moldau::Partition partition, int run, int writer) {
  for (int64_t counter = 0;;) {
    std::vector<std::string> values;
    for (int i = 0; i <= counter % 5; ++i) values.push_back(DrillValue(run, writer, counter + i));
    std::vector<moldau::Record> records;
    for (const std::string& value : values) records.push_back({.value = value});
    const absl::StatusOr<moldau::Receipt> receipt = partition.Append(records);
    Check(receipt.status(), "append");
    Check(receipt->Wait(), "wait");
    counter += static_cast<int64_t>(values.size());
    Say({.writer = writer, .number = counter - 1});
  }
}

void Send(moldau::Broker& broker, int run, int writer) {
  moldau::Producer producer(broker, {.linger = std::chrono::milliseconds(1), .compression = moldau::Compression::kLz4});
  for (int64_t counter = 0;; counter += 20) {
    std::vector<moldau::Receipt> receipts;
    for (int i = 0; i < 20; ++i) {
      const std::string value = DrillValue(run, writer, counter + i);
      absl::StatusOr<moldau::Receipt> receipt = producer.Send("drill", {.value = value, .partition = 0});
      Check(receipt.status(), "send");
      receipts.push_back(*std::move(receipt));
    }
    for (int i = 0; i < 20; ++i) {
      Check(receipts[static_cast<size_t>(i)].Wait(), "wait for a send");
      Say({.writer = writer, .number = counter + i});
    }
  }
}

void ClaimSlots(moldau::Partition partition, int run, int writer) {
  for (int64_t counter = 0;; ++counter) {
    const std::string value = DrillValue(run, writer, counter);
    absl::StatusOr<moldau::Partition::Claim> claim = partition.BeginClaim("claimed", value.size());
    Check(claim.status(), "claim");
    std::memcpy(claim->value().data(), value.data(), value.size());
    const absl::StatusOr<moldau::Receipt> receipt = claim->Commit();
    Check(receipt.status(), "commit");
    Check(receipt->Wait(), "wait for a claim");
    Say({.writer = writer, .number = counter});
  }
}

void Consume(moldau::Broker& broker) {
  absl::StatusOr<moldau::Consumer> consumer =
      moldau::Consumer::Subscribe(broker, {.group = "judge", .topics = {"drill"}, .enable_auto_commit = false});
  Check(consumer.status(), "subscribe");
  for (;;) {
    const absl::StatusOr<moldau::ConsumerRecords> records = consumer->Poll(std::chrono::seconds(1));
    Check(records.status(), "poll");
    Check(consumer->Commit(), "commit offsets");
    const absl::StatusOr<int64_t> position = consumer->Position({"drill", 0});
    Check(position.status(), "position");
    Say({.kind = DrillAck::kCommit, .number = *position});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int run = std::atoi(argv[3]);
  auto broker = moldau::Broker::Open({.data_dir = argv[1]});
  Check(broker.status(), "open");
  const moldau::TopicConfig config = {
      {"moldau.durability", argv[2]}, {"segment.bytes", "1048576"}, {"max.message.bytes", "65536"}};
  auto topic = (*broker)->OpenTopic("drill", {.partitions = 1, .config = config});
  Check(topic.status(), "topic");
  const moldau::Partition partition = topic->partition(0).value();
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { AppendBatches(partition, run, 0); });
  threads.emplace_back([&] { Send(**broker, run, 1); });
  threads.emplace_back([&] { ClaimSlots(partition, run, 2); });
  threads.emplace_back([&] { Consume(**broker); });
  for (std::jthread& thread : threads) thread.join();
}
