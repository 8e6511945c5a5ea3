// How the rooms behind the public handles reach what the handles point to.
//
// Threads: safe.   Ownership: the references are good as long as the handles.   Failure: none.
#pragma once

#include <memory>
#include <utility>

#include "moldau/broker.h"
#include "moldau/partition.h"
#include "moldau/topic.h"

namespace moldau::broker {

struct Access {
  [[nodiscard]] static const std::shared_ptr<Core>& core(const Broker& broker) { return broker.core_; }
  [[nodiscard]] static const std::shared_ptr<TopicState>& state(const Topic& topic) { return topic.state_; }
  [[nodiscard]] static const std::shared_ptr<PartitionState>& state(const Partition& partition) {
    return partition.state_;
  }
  [[nodiscard]] static Topic MakeTopic(std::shared_ptr<TopicState> state) { return Topic(std::move(state)); }
  [[nodiscard]] static Partition MakePartition(std::shared_ptr<PartitionState> state) {
    return Partition(std::move(state));
  }
};

}  // namespace moldau::broker
