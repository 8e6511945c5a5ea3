// A topic: a name, an id, a configuration and a number of partitions.
//
// Threads: all members may be called from any thread.   Ownership: a cheap handle; it may outlive its Broker.
// Failure: after the broker is closed calls answer Cancelled; after the topic is deleted NotFound
// (kUnknownTopicOrPartition).
// Source: Kafka's topic configuration; KIP-516 for topic ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "moldau/partition.h"
#include "moldau/topic_config.h"
#include "moldau/types.h"

namespace moldau {

namespace broker {
class TopicState;
struct Access;
}  // namespace broker

struct TopicOptions {
  std::optional<int32_t> partitions;     // unset: 1 for a new topic, whatever an existing one has
  std::optional<Durability> durability;  // the same as config "moldau.durability"; unset: flushed
  TopicConfig config;
};

struct TopicDescription {
  std::string name;
  Uuid id;
  bool internal = false;  // kept by Moldau itself, such as __consumer_offsets
  int32_t partition_count = 0;
  std::vector<TopicConfigEntry> config;  // every name that Moldau knows, sorted
};

class Topic {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const Uuid& id() const noexcept;

  // May rise, never falls.
  [[nodiscard]] int32_t partition_count() const noexcept;

  // NotFound (kUnknownTopicOrPartition) naming the valid range if `id` is not one of [0, partition_count()).
  absl::StatusOr<Partition> partition(int32_t id) const;

  // What an acknowledgement of its records means.
  [[nodiscard]] Durability durability() const noexcept;

  [[nodiscard]] TopicDescription Describe() const;

 private:
  friend class Broker;
  friend struct broker::Access;
  explicit Topic(std::shared_ptr<broker::TopicState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<broker::TopicState> state_;
};

}  // namespace moldau
