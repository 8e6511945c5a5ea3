// Consumers of one group, "baristas", that read "orders" unless the test says otherwise.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/world.h"

namespace moldau::test {

using Sources = std::vector<TopicPartition>;

inline Sources Listed(std::span<const TopicPartition> sources) { return {sources.begin(), sources.end()}; }

inline Consumer Subscribe(Broker& broker, ConsumerOptions options = {}) {
  if (options.group.empty()) options.group = "baristas";
  if (options.topics.empty() && options.pattern.empty()) options.topics = {"orders"};
  auto consumer = Consumer::Subscribe(broker, std::move(options));
  REQUIRE_OK(consumer);
  return *std::move(consumer);
}

inline Strings Read(Consumer& consumer) {
  const auto records = consumer.Poll(0ms);
  REQUIRE_OK(records);
  return ValuesOf(*records);
}

// Lets each poll until the group has come to rest; returns what they read.
inline Strings Settle(std::initializer_list<Consumer*> consumers) {
  Strings values;
  for (int round = 0; round < 8; ++round) {
    for (Consumer* consumer : consumers) {
      for (std::string& value : Read(*consumer)) values.push_back(std::move(value));
    }
  }
  return values;
}

inline ErrorCode CodeOf(const absl::Status& status) { return GetErrorCode(status); }

inline void Append(const Topic& topic, int32_t partition, const std::string& value) {
  REQUIRE_OK(topic.partition(partition)->Append({.value = value}));
}

}  // namespace moldau::test
