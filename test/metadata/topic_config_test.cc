#include "metadata/topic_config.h"

#include "moldau/error.h"
#include "support/catch.h"

namespace moldau::metadata {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

absl::StatusOr<log::LogConfig> Resolve(const TopicConfig& topic, const TopicConfig& defaults = {},
                                       int32_t replicas = 1) {
  return ResolveTopicConfig("topic orders", topic, defaults, replicas);
}

TopicConfigEntry Described(const std::string& name, const TopicConfig& topic, const TopicConfig& defaults = {}) {
  for (TopicConfigEntry& entry : DescribeTopicConfig(topic, defaults)) {
    if (entry.name == name) return std::move(entry);
  }
  FAIL("no entry for " << name);
  return {};
}

TEST_CASE("without configuration a log has the defaults of its own", "[metadata][config]") {
  const auto config = Resolve({});
  REQUIRE_OK(config);
  const log::LogConfig defaults;
  CHECK(config->durability == defaults.durability);
  CHECK(config->segment_bytes == defaults.segment_bytes);
  CHECK(config->segment_ms == defaults.segment_ms);
  CHECK(config->segment_index_bytes == defaults.segment_index_bytes);
  CHECK(config->index_interval_bytes == defaults.index_interval_bytes);
  CHECK(config->retention_bytes == defaults.retention_bytes);
  CHECK(config->retention_ms == defaults.retention_ms);
  CHECK(config->delete_old_segments == defaults.delete_old_segments);
  CHECK(config->max_message_bytes == defaults.max_message_bytes);
  CHECK(config->timestamp_type == defaults.timestamp_type);
  CHECK(config->timestamp_before_max == defaults.timestamp_before_max);
  CHECK(config->timestamp_after_max == defaults.timestamp_after_max);
  CHECK(config->compression == defaults.compression);
  CHECK(config->flush_ms == defaults.flush_ms);
}

TEST_CASE("every value reaches the log", "[metadata][config]") {
  const auto config = Resolve({{"segment.bytes", "8192"},
                               {"segment.ms", "1000"},
                               {"segment.index.bytes", "1024"},
                               {"index.interval.bytes", "512"},
                               {"retention.bytes", "100000"},
                               {"retention.ms", "-1"},
                               {"max.message.bytes", "4000"},
                               {"message.timestamp.type", "LogAppendTime"},
                               {"message.timestamp.before.max.ms", "60000"},
                               {"message.timestamp.after.max.ms", "0"},
                               {"compression.type", "zstd"},
                               {"flush.ms", "250"},
                               {"moldau.durability", "buffered"}});
  REQUIRE_OK(config);
  CHECK(config->segment_bytes == 8192);
  CHECK(config->segment_ms == 1000ms);
  CHECK(config->segment_index_bytes == 1024);
  CHECK(config->index_interval_bytes == 512);
  CHECK(config->retention_bytes == 100000);
  CHECK(config->retention_ms == -1ms);
  CHECK(config->max_message_bytes == 4000);
  CHECK(config->timestamp_type == TimestampType::kLogAppendTime);
  CHECK(config->timestamp_before_max == 60000ms);
  CHECK(config->timestamp_after_max == 0ms);
  CHECK(config->compression == Compression::kZstd);
  CHECK(config->flush_ms == 250ms);
  CHECK(config->durability == Durability::kBuffered);
}

TEST_CASE("every name accepts its own default and both its limits, and nothing beyond", "[metadata][config]") {
  for (const ConfigDefinition& definition : TopicConfigDefinitions()) {
    const std::string name(definition.name);
    INFO(name);
    CHECK_OK(Resolve({{name, std::string(definition.default_value)}}));
    CHECK_FALSE(definition.documentation.empty());
    CHECK(Resolve({{name, "no such value"}}).status().code() == absl::StatusCode::kInvalidArgument);
    CHECK_FALSE(Resolve({{name, ""}}).ok());
    if (definition.type != ConfigType::kInt && definition.type != ConfigType::kLong) continue;
    const absl::Status below = Resolve({{name, std::to_string(definition.min - 1)}}).status();
    CHECK_THAT(std::string(below.message()), Contains(std::to_string(definition.min)));
    if (definition.type == ConfigType::kLong) {
      CHECK_FALSE(Resolve({{name, "9223372036854775808"}}).ok());
    } else {
      CHECK_FALSE(Resolve({{name, std::to_string(definition.max + 1)}}).ok());
    }
  }
}

TEST_CASE("every problem is named with its numbers", "[metadata][config]") {
  const absl::Status status = Resolve({{"retention.ms", "soon"},
                                       {"segment.bytes", "8192"},
                                       {"max.message.bytes", "9000"},
                                       {"flush.messages", "1"},
                                       {"moldau.durability", "buffered"},
                                       {"min.insync.replicas", "2"},
                                       {"compression.type", "rar"},
                                       {"colour", "red"}})
                                  .status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(GetErrorCode(status) == ErrorCode::kInvalidConfig);
  for (const char* part : {"topic orders:", "retention.ms=soon", "max.message.bytes=9000 exceeds segment.bytes=8192",
                           "flush.messages=1 contradicts moldau.durability=buffered", "min.insync.replicas=2",
                           "compression.type=rar", "producer, uncompressed", "colour"}) {
    CHECK_THAT(std::string(status.message()), Contains(part));
  }
}

TEST_CASE("a topic is compacted, shortened, or both, as its cleanup policy says", "[metadata][config]") {
  CHECK_FALSE(Resolve({})->compact);
  CHECK(Resolve({})->delete_old_segments);
  CHECK(Resolve({{"cleanup.policy", "compact"}})->compact);
  CHECK_FALSE(Resolve({{"cleanup.policy", "compact"}})->delete_old_segments);
  for (const char* policy : {"compact,delete", "delete,compact"}) {
    const log::LogConfig both = Resolve({{"cleanup.policy", policy}}).value();
    CHECK(both.compact);
    CHECK(both.delete_old_segments);
  }
  CHECK(Resolve({{"cleanup.policy", "shred"}}).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("how and when a topic is compacted is configured by Kafka's names", "[metadata][config]") {
  const log::LogConfig config = Resolve({{"delete.retention.ms", "1000"},
                                         {"min.cleanable.dirty.ratio", "0.25"},
                                         {"min.compaction.lag.ms", "10"},
                                         {"max.compaction.lag.ms", "20"}})
                                    .value();
  CHECK(config.delete_retention == std::chrono::milliseconds(1000));
  CHECK(config.min_cleanable_dirty_ratio == 0.25);
  CHECK(config.min_compaction_lag == std::chrono::milliseconds(10));
  CHECK(config.max_compaction_lag == std::chrono::milliseconds(20));
  const absl::Status status = Resolve({{"min.cleanable.dirty.ratio", "1.5"}}).status();
  CHECK_THAT(std::string(status.message()), Contains("min.cleanable.dirty.ratio=1.5: not a number between 0 and 1"));
  CHECK_FALSE(Resolve({{"min.compaction.lag.ms", "30"}, {"max.compaction.lag.ms", "20"}}).ok());
}

TEST_CASE("what readers mean to retention is one of four, and needs a policy that deletes", "[metadata][config]") {
  CHECK(Resolve({})->consumed_retention == log::ConsumedRetention::kNone);
  CHECK(Resolve({{"moldau.retention.consumed", "keep_unread"}})->consumed_retention ==
        log::ConsumedRetention::kKeepUnread);
  CHECK(Resolve({{"moldau.retention.consumed", "drop_read"}})->consumed_retention == log::ConsumedRetention::kDropRead);
  CHECK(Resolve({{"moldau.retention.consumed", "only_unread"}})->consumed_retention ==
        log::ConsumedRetention::kOnlyUnread);
  CHECK_FALSE(Resolve({{"moldau.retention.consumed", "all"}}).ok());
  CHECK_FALSE(Resolve({{"moldau.retention.consumed", "drop_read"}, {"cleanup.policy", "compact"}}).ok());
}

TEST_CASE("flush.messages=1 is another name for flushed", "[metadata][config]") {
  CHECK(Resolve({{"flush.messages", "1"}})->durability == Durability::kFlushed);
  CHECK(Resolve({{"flush.messages", "1"}}, {{"moldau.durability", "buffered"}})->durability == Durability::kFlushed);
  CHECK(Resolve({{"moldau.durability", "buffered"}}, {{"flush.messages", "1"}})->durability == Durability::kBuffered);
  CHECK_OK(Resolve({{"flush.messages", "1"}, {"moldau.durability", "flushed"}}));
  CHECK_OK(Resolve({{"flush.messages", "9223372036854775807"}, {"moldau.durability", "buffered"}}));
  CHECK_FALSE(Resolve({{"flush.messages", "100"}}).ok());
}

TEST_CASE("durability of several replicas needs several replicas", "[metadata][config]") {
  const absl::Status status = Resolve({{"moldau.durability", "replicated"}}).status();
  CHECK_THAT(std::string(status.message()), Contains("replicated") && Contains("has 1"));
  CHECK(Resolve({{"moldau.durability", "replicated"}}, {}, 3)->durability == Durability::kReplicated);
  CHECK(Resolve({{"moldau.durability", "replicated_flushed"}, {"min.insync.replicas", "2"}}, {}, 3)->durability ==
        Durability::kReplicatedFlushed);
}

TEST_CASE("the largest batch follows a small segment unless it was set", "[metadata][config]") {
  CHECK(Resolve({{"segment.bytes", "4096"}})->max_message_bytes == 4096);
  CHECK(Described("max.message.bytes", {{"segment.bytes", "4096"}}).value == "4096");
  CHECK_FALSE(Resolve({{"segment.bytes", "4096"}, {"max.message.bytes", "4097"}}).ok());
  CHECK_FALSE(Resolve({{"segment.bytes", "4096"}}, {{"max.message.bytes", "4097"}}).ok());
  CHECK_OK(Resolve({{"segment.bytes", "4096"}, {"max.message.bytes", "4096"}}));
}

TEST_CASE("a description says where each value comes from", "[metadata][config]") {
  const TopicConfig topic = {{"retention.ms", "1"}, {"flush.messages", "1"}};
  const TopicConfig broker = {{"retention.ms", "2"}, {"retention.bytes", "3"}, {"moldau.durability", "buffered"}};
  using Source = TopicConfigEntry::Source;
  CHECK(Described("retention.ms", topic, broker).value == "1");
  CHECK(Described("retention.ms", topic, broker).source == Source::kTopic);
  CHECK(Described("retention.bytes", topic, broker).value == "3");
  CHECK(Described("retention.bytes", topic, broker).source == Source::kBroker);
  CHECK(Described("segment.ms", topic, broker).value == "604800000");
  CHECK(Described("segment.ms", topic, broker).source == Source::kDefault);
  CHECK(Described("moldau.durability", topic, broker).value == "flushed");
  CHECK(Described("moldau.durability", topic, broker).source == Source::kTopic);
  CHECK(DescribeTopicConfig({}, {}).size() == TopicConfigDefinitions().size());
}

}  // namespace
}  // namespace moldau::metadata
