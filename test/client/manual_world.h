// A broker on a disk in memory whose time and tasks the test drives: no thread, nothing happens by itself.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "moldau/base/manual_clock.h"
#include "moldau/broker.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::test {

using namespace std::chrono_literals;

struct World {
  explicit World(BrokerOptions options = {},
                 std::unique_ptr<storage::MemoryStorage> image = std::make_unique<storage::MemoryStorage>())
      : owned_disk(std::move(image)), disk(*owned_disk) {
    options.data_dir = "data";
    options.storage = &disk;
    options.clock = &clock;
    options.executor = executor.get();
    options.seed = 42;
    options.log_level = LogLevel::kSilent;
    broker_options = options;
    Reopen();
  }

  // Opens the data directory again, after closing it.
  void Reopen() {
    broker.reset();
    auto opened = Broker::Open(broker_options);
    REQUIRE_OK(opened);
    broker = *std::move(opened);
  }

  Topic Create(std::string_view name, int32_t partitions = 1, Durability durability = Durability::kBuffered,
               TopicConfig config = {}) {
    auto topic =
        broker->CreateTopic(name, {.partitions = partitions, .durability = durability, .config = std::move(config)});
    REQUIRE_OK(topic);
    return *std::move(topic);
  }

  void RunTasks() {
    while (executor->Poll() > 0) {
    }
  }
  void Pass(std::chrono::nanoseconds time) {
    clock.Advance(time);
    RunTasks();
  }

  std::unique_ptr<storage::MemoryStorage> owned_disk;
  storage::MemoryStorage& disk;
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  BrokerOptions broker_options;
  std::unique_ptr<Broker> broker;
};

}  // namespace moldau::test
