// The topic configuration that a log acts on, and the seams that it stands on. Defaults are Kafka's but for
// segment.bytes: segments here are allocated whole and prepared ahead, so they are small.
//
// Threads: plain values.   Ownership: LogEnvironment borrows everything in it.   Source: Kafka topic configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/logger.h"
#include "base/memory_budget.h"
#include "base/task_scope.h"
#include "moldau/base/clock.h"
#include "moldau/base/executor.h"
#include "moldau/storage/storage.h"
#include "moldau/types.h"

namespace moldau::log {

class FlushGate;
class HandleCache;
struct LogLatencies;

inline constexpr std::chrono::milliseconds kUnlimitedTime = std::chrono::milliseconds::max();

// What the progress of a topic's groups and queues means to its retention ("moldau.retention.consumed").
enum class ConsumedRetention : uint8_t {
  kNone,        // nothing
  kKeepUnread,  // age and size delete nothing that the slowest of them has not read; without any, nothing at all
  kDropRead,    // what all of them have read goes at once, the rest by age and size, whether it was read or not
  kOnlyUnread,  // both: what all of them have read goes at once, and nothing else
};

struct LogConfig {
  Durability durability = Durability::kFlushed;
  uint32_t segment_bytes = 64u << 20;
  std::chrono::milliseconds segment_ms = std::chrono::hours(24 * 7);
  uint32_t segment_index_bytes = 10u << 20;
  uint32_t index_interval_bytes = 4096;
  int64_t retention_bytes = -1;                                         // -1: no limit
  std::chrono::milliseconds retention_ms = std::chrono::hours(24 * 7);  // negative: no limit
  bool delete_old_segments = true;                                      // cleanup.policy contains "delete"
  ConsumedRetention consumed_retention = ConsumedRetention::kNone;
  bool compact = false;  // cleanup.policy contains "compact": every record has a key
  double min_cleanable_dirty_ratio = 0.5;
  std::chrono::milliseconds delete_retention = std::chrono::hours(24);
  std::chrono::milliseconds min_compaction_lag{0};
  std::chrono::milliseconds max_compaction_lag = kUnlimitedTime;
  uint32_t max_message_bytes = (1u << 20) + 12;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::chrono::milliseconds timestamp_before_max = kUnlimitedTime;
  std::chrono::milliseconds timestamp_after_max = std::chrono::hours(1);
  std::optional<Compression> compression;  // unset: "producer", batches stay as they came
  std::chrono::milliseconds flush_ms = kUnlimitedTime;
};

struct LogIdentity {
  std::string topic;
  int32_t partition = 0;
  Uuid topic_id;
};

struct LogEnvironment {
  storage::Storage* storage = nullptr;
  Clock* clock = nullptr;
  Executor* executor = nullptr;
  base::TaskScope* callbacks = nullptr;  // where those of receipts run, of the host's own code
  base::Logger* logger = nullptr;
  base::MemoryBudget* memory = nullptr;
  FlushGate* flush_gate = nullptr;
  HandleCache* handles = nullptr;
  LogLatencies* latencies = nullptr;  // null: nobody wants to know
  bool guards_pages = false;          // a page that cannot be read is an error (BrokerOptions::sigbus_guard)
};

}  // namespace moldau::log
