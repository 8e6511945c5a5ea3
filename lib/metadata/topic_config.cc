#include "metadata/topic_config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_builder.h"

namespace moldau::metadata {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();

const ConfigDefinition* FindDefinition(std::string_view name) {
  const auto definitions = TopicConfigDefinitions();
  const auto found = std::lower_bound(definitions.begin(), definitions.end(), name,
                                      [](const ConfigDefinition& d, std::string_view n) { return d.name < n; });
  return found == definitions.end() || found->name != name ? nullptr : &*found;
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A part of a whole: between 0 and 1.
std::optional<double> ParseRatio(std::string_view text) {
  double ratio = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(ratio >= 0 && ratio <= 1)) return std::nullopt;
  return ratio;
}

std::vector<std::string> ListElements(std::string_view text) {
  return absl::StrSplit(absl::string_view(text.data(), text.size()), ',');
}

// Collects what is wrong with a configuration, so that one answer names it all.
class Problems {
 public:
  template <typename... Args>
  void Add(const absl::FormatSpec<Args...>& format, const Args&... args) {
    texts_.push_back(absl::StrFormat(format, args...));
  }

  [[nodiscard]] absl::Status ToStatus(std::string_view subject) const {
    if (texts_.empty()) return absl::OkStatus();
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidConfig, "%s: %s", subject,
                       absl::StrJoin(texts_, "; "));
  }

 private:
  std::vector<std::string> texts_;
};

bool CheckNumber(const ConfigDefinition& definition, std::string_view value, Problems& problems) {
  const std::optional<int64_t> number = ParseNumber(value);
  if (!number) {
    problems.Add("%s=%s: not a whole number", definition.name, value);
    return false;
  }
  if (*number >= definition.min && *number <= definition.max) return true;
  problems.Add("%s=%d: not between %d and %d", definition.name, *number, definition.min, definition.max);
  return false;
}

bool CheckRatio(const ConfigDefinition& definition, std::string_view value, Problems& problems) {
  if (ParseRatio(value)) return true;
  problems.Add("%s=%s: not a number between 0 and 1", definition.name, value);
  return false;
}

bool CheckChoice(const ConfigDefinition& definition, std::string_view value, Problems& problems) {
  const auto choices = definition.choices;
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return true;
  const auto append = [](std::string* out, std::string_view choice) { out->append(choice); };
  problems.Add("%s=%s: not one of %s", definition.name, value, absl::StrJoin(choices, ", ", append));
  return false;
}

bool CheckList(const ConfigDefinition& definition, std::string_view value, Problems& problems) {
  bool valid = true;
  for (const std::string& element : ListElements(value)) valid &= CheckChoice(definition, element, problems);
  return valid;
}

bool CheckValue(std::string_view name, std::string_view value, Problems& problems) {
  const ConfigDefinition* definition = FindDefinition(name);
  if (definition == nullptr) {
    problems.Add("%s: not a configuration of a topic", name);
    return false;
  }
  switch (definition->type) {
    case ConfigType::kInt:
    case ConfigType::kLong:
      return CheckNumber(*definition, value, problems);
    case ConfigType::kDouble:
      return CheckRatio(*definition, value, problems);
    case ConfigType::kBoolean:
    case ConfigType::kChoice:
      return CheckChoice(*definition, value, problems);
    case ConfigType::kList:
      return CheckList(*definition, value, problems);
  }
  return false;
}

// What is valid by itself, so that the rest can still be checked together.
TopicConfig ValidPart(const TopicConfig& config, Problems& problems) {
  TopicConfig valid;
  for (const auto& [name, value] : config) {
    if (CheckValue(name, value, problems)) valid.emplace(name, value);
  }
  return valid;
}

// The values in effect, all of them valid one by one.
class Values {
 public:
  Values(const TopicConfig& topic, const TopicConfig& broker) : topic_(topic), broker_(broker) {}

  [[nodiscard]] std::string_view Text(std::string_view name) const {
    if (const auto found = topic_.find(name); found != topic_.end()) return found->second;
    if (const auto found = broker_.find(name); found != broker_.end()) return found->second;
    return FindDefinition(name)->default_value;
  }
  [[nodiscard]] int64_t Number(std::string_view name) const { return ParseNumber(Text(name)).value(); }
  [[nodiscard]] milliseconds Time(std::string_view name) const { return milliseconds(Number(name)); }

  [[nodiscard]] TopicConfigEntry::Source SourceOf(std::string_view name) const {
    if (topic_.find(name) != topic_.end()) return TopicConfigEntry::Source::kTopic;
    if (broker_.find(name) != broker_.end()) return TopicConfigEntry::Source::kBroker;
    return TopicConfigEntry::Source::kDefault;
  }
  [[nodiscard]] bool IsSet(std::string_view name) const { return SourceOf(name) != TopicConfigEntry::Source::kDefault; }

  [[nodiscard]] const TopicConfig& topic() const { return topic_; }
  [[nodiscard]] const TopicConfig& broker() const { return broker_; }

 private:
  const TopicConfig& topic_;
  const TopicConfig& broker_;
};

// What one level (topic or broker) says about durability, under either of its two names.
std::optional<std::string_view> DurabilityAt(const TopicConfig& level) {
  if (const auto found = level.find(kDurabilityConfig); found != level.end()) return found->second;
  if (const auto found = level.find(kFlushMessagesConfig); found != level.end() && found->second == "1")
    return "flushed";
  return std::nullopt;
}

std::string_view DurabilityIn(const Values& values) {
  if (const auto durability = DurabilityAt(values.topic())) return *durability;
  if (const auto durability = DurabilityAt(values.broker())) return *durability;
  return FindDefinition(kDurabilityConfig)->default_value;
}

TopicConfigEntry::Source DurabilitySource(const Values& values) {
  if (DurabilityAt(values.topic())) return TopicConfigEntry::Source::kTopic;
  if (DurabilityAt(values.broker())) return TopicConfigEntry::Source::kBroker;
  return TopicConfigEntry::Source::kDefault;
}

bool HasPolicy(const Values& values, std::string_view policy) {
  return values.Text(kCleanupPolicyConfig).find(policy) != std::string_view::npos;
}

// Unset, the largest batch follows a small segment.
int64_t MaxMessageBytes(const Values& values) {
  const int64_t bytes = values.Number(kMaxMessageBytesConfig);
  return values.IsSet(kMaxMessageBytesConfig) ? bytes : std::min(bytes, values.Number(kSegmentBytesConfig));
}

void CheckFlushAlias(const TopicConfig& level, Problems& problems) {
  const auto flush = level.find(kFlushMessagesConfig);
  if (flush == level.end()) return;
  const int64_t messages = ParseNumber(flush->second).value();
  if (messages != 1 && messages != kLongMax) {
    problems.Add("%s=%d: only 1 (flushed) and %d (says nothing) are known", kFlushMessagesConfig, messages, kLongMax);
  }
  const auto durability = level.find(kDurabilityConfig);
  if (messages == 1 && durability != level.end() && !durability->second.ends_with("flushed")) {
    problems.Add("%s=1 contradicts %s=%s", kFlushMessagesConfig, kDurabilityConfig, durability->second);
  }
}

void CheckTogether(const Values& values, int32_t replicas, Problems& problems) {
  CheckFlushAlias(values.topic(), problems);
  CheckFlushAlias(values.broker(), problems);
  const int64_t segment = values.Number(kSegmentBytesConfig);
  if (MaxMessageBytes(values) > segment) {
    problems.Add("%s=%d exceeds %s=%d", kMaxMessageBytesConfig, MaxMessageBytes(values), kSegmentBytesConfig, segment);
  }
  if (const int64_t min = values.Number("min.insync.replicas"); min > replicas) {
    problems.Add("min.insync.replicas=%d exceeds the %d replica(s) of the topic", min, replicas);
  }
  if (const auto durability = DurabilityIn(values); durability.starts_with("replicated") && replicas < 2) {
    problems.Add("%s=%s needs several replicas, the topic has %d", kDurabilityConfig, durability, replicas);
  }
  const int64_t min_lag = values.Number("min.compaction.lag.ms");
  if (const int64_t max_lag = values.Number("max.compaction.lag.ms"); min_lag > max_lag) {
    problems.Add("min.compaction.lag.ms=%d exceeds max.compaction.lag.ms=%d", min_lag, max_lag);
  }
  if (const auto consumed = values.Text(kConsumedRetentionConfig); consumed != "none" && !HasPolicy(values, "delete")) {
    problems.Add("%s=%s needs delete in %s, which is %s", kConsumedRetentionConfig, consumed, kCleanupPolicyConfig,
                 values.Text(kCleanupPolicyConfig));
  }
}

Durability ParseDurability(std::string_view name) {
  for (const auto durability : {Durability::kBuffered, Durability::kReplicated, Durability::kReplicatedFlushed}) {
    if (name == DurabilityName(durability)) return durability;
  }
  return Durability::kFlushed;
}

std::optional<Compression> ParseCompression(std::string_view name) {
  if (name == "uncompressed") return Compression::kNone;
  if (name == "gzip") return Compression::kGzip;
  if (name == "snappy") return Compression::kSnappy;
  if (name == "lz4") return Compression::kLz4;
  if (name == "zstd") return Compression::kZstd;
  return std::nullopt;  // "producer"
}

log::ConsumedRetention ParseConsumedRetention(std::string_view name) {
  if (name == "keep_unread") return log::ConsumedRetention::kKeepUnread;
  if (name == "drop_read") return log::ConsumedRetention::kDropRead;
  if (name == "only_unread") return log::ConsumedRetention::kOnlyUnread;
  return log::ConsumedRetention::kNone;
}

log::LogConfig ToLogConfig(const Values& values) {
  log::LogConfig config;
  config.durability = ParseDurability(DurabilityIn(values));
  config.segment_bytes = static_cast<uint32_t>(values.Number(kSegmentBytesConfig));
  config.segment_ms = values.Time("segment.ms");
  config.segment_index_bytes = static_cast<uint32_t>(values.Number("segment.index.bytes"));
  config.index_interval_bytes = static_cast<uint32_t>(values.Number("index.interval.bytes"));
  config.retention_bytes = values.Number("retention.bytes");
  config.retention_ms = values.Time("retention.ms");
  config.delete_old_segments = HasPolicy(values, "delete");
  config.consumed_retention = ParseConsumedRetention(values.Text(kConsumedRetentionConfig));
  config.compact = HasPolicy(values, "compact");
  config.min_cleanable_dirty_ratio = ParseRatio(values.Text("min.cleanable.dirty.ratio")).value();
  config.delete_retention = values.Time("delete.retention.ms");
  config.min_compaction_lag = values.Time("min.compaction.lag.ms");
  config.max_compaction_lag = values.Time("max.compaction.lag.ms");
  config.max_message_bytes = static_cast<uint32_t>(MaxMessageBytes(values));
  config.timestamp_type = values.Text("message.timestamp.type") == "LogAppendTime" ? TimestampType::kLogAppendTime
                                                                                   : TimestampType::kCreateTime;
  config.timestamp_before_max = values.Time("message.timestamp.before.max.ms");
  config.timestamp_after_max = values.Time("message.timestamp.after.max.ms");
  config.compression = ParseCompression(values.Text("compression.type"));
  config.flush_ms = values.Time("flush.ms");
  return config;
}

}  // namespace

const char* DurabilityName(Durability durability) {
  switch (durability) {
    case Durability::kBuffered:
      return "buffered";
    case Durability::kFlushed:
      return "flushed";
    case Durability::kReplicated:
      return "replicated";
    case Durability::kReplicatedFlushed:
      return "replicated_flushed";
  }
  return "unknown";
}

absl::StatusOr<log::LogConfig> ResolveTopicConfig(std::string_view subject, const TopicConfig& topic,
                                                  const TopicConfig& broker_defaults, int32_t replicas) {
  Problems problems;
  const TopicConfig valid_topic = ValidPart(topic, problems);
  const TopicConfig valid_defaults = ValidPart(broker_defaults, problems);
  const Values values(valid_topic, valid_defaults);
  CheckTogether(values, replicas, problems);
  MOLDAU_RETURN_IF_ERROR(problems.ToStatus(subject));
  return ToLogConfig(values);
}

std::vector<TopicConfigEntry> DescribeTopicConfig(const TopicConfig& topic, const TopicConfig& broker_defaults) {
  const Values values(topic, broker_defaults);
  std::vector<TopicConfigEntry> entries;
  for (const ConfigDefinition& definition : TopicConfigDefinitions()) {
    entries.push_back({.name = std::string(definition.name),
                       .value = std::string(values.Text(definition.name)),
                       .source = values.SourceOf(definition.name),
                       .documentation = std::string(definition.documentation)});
    TopicConfigEntry& entry = entries.back();
    if (entry.name == kMaxMessageBytesConfig) entry.value = std::to_string(MaxMessageBytes(values));
    if (entry.name == kDurabilityConfig) {
      entry.value = DurabilityIn(values);
      entry.source = DurabilitySource(values);
    }
  }
  return entries;
}

}  // namespace moldau::metadata
