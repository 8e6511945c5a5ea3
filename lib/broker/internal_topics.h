// The topics that a broker keeps for itself, and what is common to them.
//
// Threads: pure functions.   Ownership: values.   Failure: none.
#pragma once

#include <string_view>

#include "coordinator/offset_store.h"
#include "coordinator/share_state_store.h"
#include "moldau/topic_config.h"

namespace moldau::broker {

[[nodiscard]] inline bool IsInternalTopic(std::string_view name) {
  return name == coordinator::kOffsetsTopic || name == coordinator::kShareStateTopic;
}

// What they hold does not grow old, and one record batch may speak of much. Of offsets the latest record of each key is
// all there is to know. What queues write are changes, of which each counts: their store trims what it has summed up
// (ShareStateStore::Tidy), as Kafka does with it.
[[nodiscard]] inline TopicConfig InternalTopicConfig(std::string_view name) {
  return {{"cleanup.policy", name == coordinator::kOffsetsTopic ? "compact" : "delete"},
          {"compression.type", "producer"},
          {"max.message.bytes", "8388608"},
          {"message.timestamp.type", "CreateTime"},
          {"retention.bytes", "-1"},
          {"retention.ms", "-1"},
          {"segment.bytes", "16777216"}};
}

}  // namespace moldau::broker
