// The configuration names of a topic: what each may hold, what it is by default, and what it makes of a log.
// One table defines them all; a topic's values win over the broker's defaults, those over the built-in ones.
//
// Threads: pure functions over a constant table.   Ownership: values.
// Failure: InvalidArgument (kInvalidConfig) listing every problem with its numbers.
// Source: Kafka's topic configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/log_config.h"
#include "moldau/topic_config.h"
#include "moldau/types.h"

namespace moldau::metadata {

inline constexpr std::string_view kDurabilityConfig = "moldau.durability";
inline constexpr std::string_view kQueueTrimConfig = "moldau.queue.trim";
inline constexpr std::string_view kConsumedRetentionConfig = "moldau.retention.consumed";
inline constexpr std::string_view kCleanupPolicyConfig = "cleanup.policy";
inline constexpr std::string_view kFlushMessagesConfig = "flush.messages";
inline constexpr std::string_view kSegmentBytesConfig = "segment.bytes";
inline constexpr std::string_view kMaxMessageBytesConfig = "max.message.bytes";

enum class ConfigType : uint8_t { kInt, kLong, kDouble, kBoolean, kChoice, kList };

struct ConfigDefinition {
  std::string_view name;
  ConfigType type;
  std::string_view default_value;
  int64_t min = 0;  // of numbers; those that are no whole numbers lie between 0 and 1
  int64_t max = 0;
  std::span<const std::string_view> choices = {};  // of choices and of list elements
  std::string_view documentation;
};

// Sorted by name.
[[nodiscard]] std::span<const ConfigDefinition> TopicConfigDefinitions();

// What a topic of `replicas` replicas with this configuration makes of its logs. `subject` begins the message of an
// error, such as "topic orders".
[[nodiscard]] absl::StatusOr<log::LogConfig> ResolveTopicConfig(std::string_view subject, const TopicConfig& topic,
                                                                const TopicConfig& broker_defaults,
                                                                int32_t replicas = 1);

// Every name with its value in effect. The configuration must have been resolved without an error.
[[nodiscard]] std::vector<TopicConfigEntry> DescribeTopicConfig(const TopicConfig& topic,
                                                                const TopicConfig& broker_defaults);

// The value of "moldau.durability", such as "replicated_flushed".
[[nodiscard]] const char* DurabilityName(Durability durability);

}  // namespace moldau::metadata
