// A broker on a disk in memory, driven by the test: no thread, no real time. Pulling the plug gives a new world on what
// the disk has kept.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "moldau/base/manual_clock.h"
#include "moldau/broker.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::test {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

class BrokerWorld {
 public:
  explicit BrokerWorld(BrokerOptions options = {},
                       std::unique_ptr<storage::MemoryStorage> disk = std::make_unique<storage::MemoryStorage>())
      : disk_(std::move(disk)), options_(std::move(options)) {
    options_.data_dir = "data";
    options_.storage = disk_.get();
    options_.clock = &clock_;
    options_.threads = 0;
    options_.seed = 42;
    options_.log_level = LogLevel::kInfo;
    options_.log_sink = [this](LogLevel, std::string_view text) { messages_.emplace_back(text); };
  }

  absl::Status TryOpen() {
    auto opened = Broker::Open(options_);
    if (!opened.ok()) return opened.status();
    broker_ = *std::move(opened);
    return absl::OkStatus();
  }
  Broker& Open() {
    REQUIRE_OK(TryOpen());
    return *broker_;
  }
  Broker& Reopen() {
    broker_.reset();
    return Open();
  }

  // What a new process finds if this one is killed now; with `power_cut` what was not flushed is lost.
  [[nodiscard]] std::unique_ptr<storage::MemoryStorage> AfterKill() { return disk_->CrashImage({.new_boot = false}); }
  [[nodiscard]] std::unique_ptr<storage::MemoryStorage> AfterPowerCut() { return disk_->CrashImage({}); }

  Topic Create(std::string_view name, const TopicOptions& options = {}) {
    auto topic = broker_->CreateTopic(name, options);
    REQUIRE_OK(topic);
    return *std::move(topic);
  }

  // Lets all work run that is due now.
  void Settle() {
    while (broker_->Poll() == 0ns) {
    }
  }
  void Pass(std::chrono::nanoseconds time) {
    clock_.Advance(time);
    Settle();
  }

  [[nodiscard]] bool HasMessage(std::string_view part) const {
    for (const std::string& message : messages_) {
      if (message.find(part) != std::string::npos) return true;
    }
    return false;
  }

  // Names in the data directory, of which `part` is part.
  [[nodiscard]] Strings Names(std::string_view part = "", const std::string& directory = "data") {
    Strings names;
    auto entries = disk_->List(directory);
    REQUIRE_OK(entries);
    for (const auto& entry : *entries) {
      if (entry.name.find(part) != std::string::npos) names.push_back(entry.name);
    }
    return names;
  }

  [[nodiscard]] storage::MemoryStorage& disk() { return *disk_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] Broker& broker() { return *broker_; }
  [[nodiscard]] BrokerOptions& options() { return options_; }
  void Drop() { broker_.reset(); }

 private:
  std::unique_ptr<storage::MemoryStorage> disk_;
  ManualClock clock_;
  Strings messages_;
  BrokerOptions options_;
  std::unique_ptr<Broker> broker_;
};

inline Partition PartitionOf(const Topic& topic, int32_t id = 0) {
  auto partition = topic.partition(id);
  REQUIRE_OK(partition);
  return *std::move(partition);
}

inline Receipt Append(Partition& partition, std::string_view value) {
  auto receipt = partition.Append({.value = value});
  REQUIRE_OK(receipt);
  return *std::move(receipt);
}

inline void Put(Partition& partition, std::string_view value) { REQUIRE_OK(partition.Append({.value = value})); }

// Appends and waits until it is as durable as the topic promises.
inline int64_t AppendDurably(Partition& partition, std::string_view value) {
  const Receipt receipt = Append(partition, value);
  REQUIRE_OK(receipt.Wait());
  return receipt.offset();
}

inline Strings ValuesIn(const FetchedRecords& records) {
  Strings values;
  for (const RecordView& record : records) values.emplace_back(record.value());
  return values;
}

// All that can be read, from the log start on.
inline Strings ValuesOf(Partition partition) {
  Strings values;
  auto offset = partition.log_start_offset();
  REQUIRE_OK(offset);
  for (;;) {
    auto records = partition.Read(*offset, {.max_bytes = 1000});
    REQUIRE_OK(records);
    if (records->batches().empty()) return values;
    for (const RecordView& record : *records) values.emplace_back(record.value());
    *offset = records->next_offset();
  }
}
inline Strings ValuesOf(const Topic& topic, int32_t id = 0) { return ValuesOf(PartitionOf(topic, id)); }

inline const TopicOptions kBufferedTopic{.durability = Durability::kBuffered};

}  // namespace moldau::test
