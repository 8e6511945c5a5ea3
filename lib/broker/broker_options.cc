#include "broker/broker_options.h"

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "base/status_builder.h"
#include "metadata/topic_config.h"

namespace moldau::broker {
namespace {

constexpr uint64_t kMinMemory = uint64_t{1} << 20;
constexpr uint64_t kMinCompactionMemory = uint64_t{4} << 10;
constexpr uint64_t kMinCompactionRate = uint64_t{64} << 10;

class Problems {
 public:
  template <typename... Args>
  void AddIf(bool wrong, const absl::FormatSpec<Args...>& format, const Args&... args) {
    if (wrong) texts_.push_back(absl::StrFormat(format, args...));
  }
  void AddInterval(const char* name, std::chrono::milliseconds interval) {
    AddIf(interval.count() < 1, "%s is %d ms, must be at least 1 ms", name, interval.count());
  }
  void AddStatus(const absl::Status& status) {
    if (!status.ok()) texts_.emplace_back(status.message());
  }
  [[nodiscard]] absl::Status ToStatus() const {
    if (texts_.empty()) return absl::OkStatus();
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidConfig, "broker options: %s",
                       absl::StrJoin(texts_, "; "));
  }

 private:
  std::vector<std::string> texts_;
};

bool IsLocal(Durability durability) {
  return durability == Durability::kBuffered || durability == Durability::kFlushed;
}

}  // namespace

absl::Status CheckOptions(const BrokerOptions& options) {
  Problems problems;
  problems.AddIf(options.data_dir.empty(), "data_dir is empty");
  problems.AddIf(options.data_dir.find('\0') != std::string::npos, "data_dir contains a zero byte");
  problems.AddIf(options.threads < 0 || options.threads > kMaxThreads, "threads is %d, must be between 0 and %d",
                 options.threads, kMaxThreads);
  problems.AddIf(options.executor != nullptr && options.clock != nullptr && options.clock != &options.executor->clock(),
                 "clock is not the clock of the executor");
  problems.AddIf(options.memory_limit < kMinMemory, "memory_limit is %d bytes, must be at least %d",
                 options.memory_limit, kMinMemory);
  problems.AddIf(options.offsets_partitions < 1 || options.offsets_partitions > kMaxPartitions,
                 "offsets_partitions is %d, must be between 1 and %d", options.offsets_partitions, kMaxPartitions);
  problems.AddIf(!IsLocal(options.offsets_durability), "offsets_durability is %s, which needs several replicas",
                 metadata::DurabilityName(options.offsets_durability));
  const GroupOptions& groups = options.groups;
  problems.AddInterval("groups.min_session_timeout", groups.min_session_timeout);
  problems.AddIf(groups.max_session_timeout < groups.min_session_timeout,
                 "groups.max_session_timeout is %d ms, less than groups.min_session_timeout, %d ms",
                 groups.max_session_timeout.count(), groups.min_session_timeout.count());
  problems.AddIf(groups.initial_rebalance_delay.count() < 0,
                 "groups.initial_rebalance_delay is %d ms, must be at least 0", groups.initial_rebalance_delay.count());
  problems.AddIf(groups.max_size < 1, "groups.max_size is 0");
  problems.AddInterval("groups.offsets_retention", groups.offsets_retention);
  problems.AddInterval("groups.offsets_check_interval", groups.offsets_check_interval);
  problems.AddIf(options.queue_state_partitions < 1 || options.queue_state_partitions > kMaxPartitions,
                 "queue_state_partitions is %d, must be between 1 and %d", options.queue_state_partitions,
                 kMaxPartitions);
  problems.AddIf(!IsLocal(options.queue_state_durability), "queue_state_durability is %s, which needs several replicas",
                 metadata::DurabilityName(options.queue_state_durability));
  problems.AddInterval("retention_check_interval", options.retention_check_interval);
  problems.AddInterval("producer_id_expiration", options.producer_id_expiration);
  problems.AddInterval("producer_id_check_interval", options.producer_id_check_interval);
  problems.AddInterval("checkpoint_interval", options.checkpoint_interval);
  problems.AddInterval("cool_down_interval", options.cool_down_interval);
  problems.AddInterval("compaction_check_interval", options.compaction_check_interval);
  problems.AddIf(options.compaction_memory < kMinCompactionMemory, "compaction_memory is %d bytes, must be at least %d",
                 options.compaction_memory, kMinCompactionMemory);
  problems.AddIf(options.compaction_bytes_per_second < kMinCompactionRate,
                 "compaction_bytes_per_second is %d, must be at least %d", options.compaction_bytes_per_second,
                 kMinCompactionRate);
  problems.AddStatus(metadata::ResolveTopicConfig("topic_defaults", {}, options.topic_defaults).status());
  return problems.ToStatus();
}

}  // namespace moldau::broker
