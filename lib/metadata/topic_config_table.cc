#include <algorithm>
#include <array>
#include <limits>

#include "metadata/topic_config.h"

namespace moldau::metadata {
namespace {

constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();
constexpr std::string_view kLongMaxText = "9223372036854775807";

constexpr std::string_view kBooleans[] = {"true", "false"};
constexpr std::string_view kPolicies[] = {"delete", "compact"};
constexpr std::string_view kConsumedRetentions[] = {"none", "keep_unread", "drop_read", "only_unread"};
constexpr std::string_view kCompressions[] = {"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
constexpr std::string_view kTimestampTypes[] = {"CreateTime", "LogAppendTime"};
constexpr std::string_view kDurabilities[] = {"buffered", "flushed", "replicated", "replicated_flushed"};

constexpr auto kDefinitions = std::to_array<ConfigDefinition>({
    {kCleanupPolicyConfig, ConfigType::kList, "delete", 0, 0, kPolicies,
     "What happens to old segments: delete removes them by age and size, compact keeps the latest record of each key. "
     "Both together do both."},
    {"compression.type", ConfigType::kChoice, "producer", 0, 0, kCompressions,
     "The codec of stored batches; producer keeps each batch as it came."},
    {"delete.retention.ms",
     ConfigType::kLong,
     "86400000",
     0,
     kLongMax,
     {},
     "Milliseconds for which compaction keeps a tombstone after it has removed what that deletes."},
    {"file.delete.delay.ms",
     ConfigType::kLong,
     "0",
     0,
     kLongMax,
     {},
     "Accepted and without effect: files are removed at once, readers that hold records keep them."},
    {kFlushMessagesConfig,
     ConfigType::kLong,
     kLongMaxText,
     1,
     kLongMax,
     {},
     "1 is another name for moldau.durability=flushed. The largest number says nothing; others are refused."},
    {"flush.ms",
     ConfigType::kLong,
     kLongMaxText,
     1,
     kLongMax,
     {},
     "Milliseconds after which a buffered record is flushed at the latest."},
    {"index.interval.bytes",
     ConfigType::kInt,
     "4096",
     0,
     kIntMax,
     {},
     "Bytes of records between two entries of the offset index."},
    {"max.compaction.lag.ms",
     ConfigType::kLong,
     kLongMaxText,
     1,
     kLongMax,
     {},
     "Milliseconds after which a record is looked at by compaction, however little there is to gain."},
    {kMaxMessageBytesConfig,
     ConfigType::kInt,
     "1048588",
     0,
     kIntMax,
     {},
     "The largest record batch, after compression. Unset: 1048588, or segment.bytes if that is less."},
    {"message.timestamp.after.max.ms",
     ConfigType::kLong,
     "3600000",
     0,
     kLongMax,
     {},
     "How far in the future a record's timestamp may lie."},
    {"message.timestamp.before.max.ms",
     ConfigType::kLong,
     kLongMaxText,
     0,
     kLongMax,
     {},
     "How far in the past a record's timestamp may lie."},
    {"message.timestamp.type", ConfigType::kChoice, "CreateTime", 0, 0, kTimestampTypes,
     "Whose clock stamps records: the producer's or the broker's."},
    {"min.cleanable.dirty.ratio",
     ConfigType::kDouble,
     "0.5",
     0,
     1,
     {},
     "The part of a log that must have been written since the last compaction for the next one to begin."},
    {"min.compaction.lag.ms",
     ConfigType::kLong,
     "0",
     0,
     kLongMax,
     {},
     "Milliseconds for which compaction leaves a record alone."},
    {"min.insync.replicas",
     ConfigType::kInt,
     "1",
     1,
     kIntMax,
     {},
     "How many replicas must have a record before it is acknowledged."},
    {kDurabilityConfig, ConfigType::kChoice, "flushed", 0, 0, kDurabilities,
     "What an acknowledgement means: buffered survives the process, flushed survives a power cut; replicated and "
     "replicated_flushed say the same of every in-sync replica."},
    {kQueueTrimConfig, ConfigType::kBoolean, "false", 0, 0, kBooleans,
     "Whether the topic belongs to the queue of the same name, which removes records from disk as they are done. Other "
     "queues are refused; groups see what is not done yet."},
    {kConsumedRetentionConfig, ConfigType::kChoice, "none", 0, 0, kConsumedRetentions,
     "What the progress of groups and queues means to retention: keep_unread deletes nothing that the slowest of them "
     "has not read, and nothing at all while there are none; drop_read deletes at once what all of them have read, and "
     "the rest by age and size, read or not; only_unread is both: what all have read goes at once, and nothing else."},
    {"preallocate", ConfigType::kBoolean, "true", 0, 0, kBooleans,
     "Accepted and without effect: segments are always allocated before they are written."},
    {"retention.bytes",
     ConfigType::kLong,
     "-1",
     -1,
     kLongMax,
     {},
     "Bytes of a partition above which its oldest segments are deleted; -1: no limit."},
    {"retention.ms",
     ConfigType::kLong,
     "604800000",
     -1,
     kLongMax,
     {},
     "Milliseconds after which a segment is deleted, counted from its latest record; -1: no limit."},
    {kSegmentBytesConfig,
     ConfigType::kInt,
     "67108864",
     4096,
     kIntMax,
     {},
     "The size of a segment file, allocated whole."},
    {"segment.index.bytes",
     ConfigType::kInt,
     "10485760",
     64,
     kIntMax,
     {},
     "The size at which an index makes its segment roll."},
    {"segment.ms",
     ConfigType::kLong,
     "604800000",
     1,
     kLongMax,
     {},
     "Milliseconds after which a segment rolls though it is not full."},
});

static_assert(std::is_sorted(kDefinitions.begin(), kDefinitions.end(),
                             [](const ConfigDefinition& a, const ConfigDefinition& b) { return a.name < b.name; }));

}  // namespace

std::span<const ConfigDefinition> TopicConfigDefinitions() { return kDefinitions; }

}  // namespace moldau::metadata
