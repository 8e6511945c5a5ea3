// What all consumer groups of a broker go by; Kafka's broker properties of the names that stand beside them.
//
// Threads: plain values.   Ownership: none.   Failure: none; Broker::Open checks them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace moldau {

struct GroupOptions {
  // What a member may choose for its session timeout: group.min.session.timeout.ms, group.max.session.timeout.ms.
  std::chrono::milliseconds min_session_timeout = std::chrono::seconds(6);
  std::chrono::milliseconds max_session_timeout = std::chrono::minutes(30);

  // How long an empty group waits for more members after the first (group.initial.rebalance.delay.ms; Kafka's default
  // is 3 s). Each newcomer puts it off again, up to the members' rebalance timeout.
  std::chrono::milliseconds initial_rebalance_delay{0};

  // How many members a group may have (group.max.size).
  size_t max_size = std::numeric_limits<int32_t>::max();

  // How long the offsets of a group without members are kept (offsets.retention.minutes), and how often they are looked
  // at (offsets.retention.check.interval.ms). As long as a group has members nothing is forgotten.
  std::chrono::milliseconds offsets_retention = std::chrono::hours(7 * 24);
  std::chrono::milliseconds offsets_check_interval = std::chrono::minutes(10);
};

}  // namespace moldau
