// What the tests of the broker for tests have in common.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "moldau/moldau.h"
#include "moldau/testing/memory_broker.h"
#include "support/catch.h"

namespace moldau::test {

using namespace std::chrono_literals;
using moldau::testing::CrashKind;
using moldau::testing::Fault;
using moldau::testing::MemoryBroker;
using moldau::testing::MemoryBrokerOptions;
using moldau::testing::Waiting;
using storage::OperationKind;
using Strings = std::vector<std::string>;

inline MemoryBroker OpenQuietly(MemoryBrokerOptions options = {}) {
  options.broker.log_level = LogLevel::kSilent;
  auto broker = MemoryBroker::Open(std::move(options));
  REQUIRE_OK(broker);
  return *std::move(broker);
}

inline Partition PartitionOf(MemoryBroker& broker, std::string_view topic) {
  auto found = broker->FindTopic(topic);
  REQUIRE_OK(found);
  auto partition = found->partition(0);
  REQUIRE_OK(partition);
  return *std::move(partition);
}

// A topic with one partition.
inline Partition Create(MemoryBroker& broker, std::string_view topic, Durability durability = Durability::kFlushed) {
  REQUIRE_OK(broker->CreateTopic(topic, {.durability = durability}));
  return PartitionOf(broker, topic);
}

inline Strings ValuesOf(MemoryBroker& broker, std::string_view topic) {
  auto records = PartitionOf(broker, topic).Read(0);
  REQUIRE_OK(records);
  Strings values;
  for (const RecordView& record : *records) values.emplace_back(record.value());
  return values;
}

}  // namespace moldau::test
