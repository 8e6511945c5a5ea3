#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "client/world.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

// Each of some threads sends numbered records to some partitions, waiting now and then. Every record must arrive once,
// and those of one thread to one partition in their order.
void SendFromManyThreads(const ProducerOptions& options, Durability durability) {
  constexpr int kThreads = 4;
  constexpr int32_t kPartitions = 3;
  const int records = Scaled(2000);
  LiveWorld world;
  const Topic topic = world.Create("orders", kPartitions, durability);
  Producer producer(*world.broker, options);
  Findings findings;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(static_cast<uint64_t>(thread));
      for (int i = 0; i < records; ++i) {
        const std::string value =
            std::to_string(thread) + " " + std::to_string(i) + std::string(random.Below(200), '.');
        const auto partition = static_cast<int32_t>(random.Below(kPartitions));
        const auto receipt = producer.Send("orders", {.value = value, .partition = partition});
        if (!receipt.ok()) return findings.Expect(receipt);
        if (random.OneIn(100)) {
          findings.Expect(receipt->Wait());
          findings.Expect(receipt->offset() >= 0, "no offset after waiting");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(findings.text().empty());
  CHECK_OK(producer.Close());

  std::map<int, std::vector<int>> seen;  // by thread: the records of all partitions
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    std::map<int, int> last;
    for (const std::string& value : ValuesOf(topic, partition)) {
      const int thread = std::stoi(value);
      const int number = std::stoi(value.substr(value.find(' ')));
      if (last.contains(thread)) CHECK(number > last[thread]);
      last[thread] = number;
      seen[thread].push_back(number);
    }
  }
  CHECK(seen.size() == kThreads);
  for (auto& [thread, numbers] : seen) {
    std::sort(numbers.begin(), numbers.end());
    REQUIRE(numbers.size() == static_cast<size_t>(records));
    for (int i = 0; i < records; ++i) REQUIRE(numbers[static_cast<size_t>(i)] == i);
  }
}

TEST_CASE("many threads may send: every record arrives once, those of a thread in order",
          "[client][producer][threads]") {
  SECTION("buffered") { SendFromManyThreads({.batch_size_bytes = 1024}, Durability::kBuffered); }
  SECTION("flushed") { SendFromManyThreads({.batch_size_bytes = 4096}, Durability::kFlushed); }
  SECTION("without linger") { SendFromManyThreads({.linger = 0ms, .batch_size_bytes = 1024}, Durability::kBuffered); }
  SECTION("with hardly any linger") { SendFromManyThreads({.linger = 1us}, Durability::kBuffered); }
  SECTION("compressed") {
    SendFromManyThreads({.batch_size_bytes = 2048, .compression = Compression::kLz4}, Durability::kBuffered);
  }
  SECTION("with memory for two batches") {
    SendFromManyThreads({.batch_size_bytes = 1024, .buffer_memory_bytes = 2048}, Durability::kFlushed);
  }
}

TEST_CASE("a producer closes while threads send, and each record that was taken has one outcome",
          "[client][producer][threads]") {
  for (int round = 0; round < Scaled(20); ++round) {
    LiveWorld world;
    const Topic topic = world.Create("orders", 2);
    Producer producer(*world.broker, {.batch_size_bytes = 1024});
    Findings findings;
    std::atomic<int> stored{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        std::vector<Receipt> receipts;
        for (;;) {
          auto receipt = producer.Send("orders", {.value = "some value"});
          if (!receipt.ok()) {
            findings.Expect(absl::IsCancelled(receipt.status()), receipt.status().ToString());
            break;
          }
          receipts.push_back(*std::move(receipt));
        }
        for (const Receipt& receipt : receipts) {
          if (receipt.Wait().ok()) ++stored;
        }
      });
    }
    if (round % 2 == 0) {
      while (ValuesOf(topic).empty()) std::this_thread::yield();
      CHECK_OK(producer.Close());
    } else {
      CHECK_OK(world.broker->Close());
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(findings.text().empty());
    if (round % 2 == 0)
      CHECK(ValuesOf(topic, 0).size() + ValuesOf(topic, 1).size() == static_cast<size_t>(stored.load()));
  }
}

}  // namespace
}  // namespace moldau
