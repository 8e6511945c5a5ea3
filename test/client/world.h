// What tests of clients share: brokers on a disk in memory, and short ways to send and to read.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client/manual_world.h"
#include "moldau/moldau.h"
#include "moldau/record/batch_view.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::test {

// A broker on a disk in memory, on the system's clock with threads of its own, for tests in which things happen at the
// same time.
struct LiveWorld {
  explicit LiveWorld(BrokerOptions options = {}) {
    options.data_dir = "data";
    options.storage = &disk;
    options.log_level = LogLevel::kSilent;
    auto opened = Broker::Open(std::move(options));
    REQUIRE_OK(opened);
    broker = *std::move(opened);
  }
  Topic Create(std::string_view name, int32_t partitions = 1, Durability durability = Durability::kBuffered) {
    auto topic = broker->CreateTopic(name, {.partitions = partitions, .durability = durability});
    REQUIRE_OK(topic);
    return *std::move(topic);
  }

  storage::MemoryStorage disk;
  std::unique_ptr<Broker> broker;
};

// Everything that can be read from a partition, as batches of values.
inline std::vector<std::vector<std::string>> BatchesOf(const Topic& topic, int32_t partition = 0) {
  std::vector<std::vector<std::string>> batches;
  auto handle = topic.partition(partition);
  REQUIRE_OK(handle);
  auto at = handle->log_start_offset();
  REQUIRE_OK(at);
  for (int64_t offset = *at;;) {
    auto fetched = handle->Read(offset, {.max_bytes = 1});  // one batch at a time
    REQUIRE_OK(fetched);
    if (fetched->batches().empty()) return batches;
    auto& values = batches.emplace_back();
    for (const RecordView& record : *fetched) values.emplace_back(record.value());
    offset = fetched->next_offset();
  }
}

inline std::vector<std::string> ValuesOf(const Topic& topic, int32_t partition = 0) {
  std::vector<std::string> values;
  for (auto& batch : BatchesOf(topic, partition)) values.insert(values.end(), batch.begin(), batch.end());
  return values;
}

inline std::vector<std::string> ValuesOf(const ConsumerRecords& records) {
  std::vector<std::string> values;
  for (const ConsumerRecord& record : records) values.emplace_back(record.value());
  return values;
}

// Sends a record, which must be taken.
inline Receipt Sent(Producer& producer, std::string_view topic, const Record& record) {
  auto receipt = producer.Send(topic, record);
  REQUIRE_OK(receipt);
  return *std::move(receipt);
}
inline void Send(Producer& producer, std::string_view topic, const Record& record) {
  REQUIRE_OK(producer.Send(topic, record));
}

using Strings = std::vector<std::string>;

// What threads found wrong. The test framework's own checks belong to the thread of the test.
class Findings {
 public:
  void Expect(const absl::Status& status) { Expect(status.ok(), status.ToString()); }
  template <typename T>
  void Expect(const absl::StatusOr<T>& result) {
    Expect(result.status());
  }
  void Expect(bool holds, const std::string& what) {
    if (holds) return;
    const std::lock_guard lock(mutex_);
    text_ += what + "\n";
  }
  // Empty if nothing is wrong.
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace moldau::test
