// A topic as a producer sees it: which of its partitions a record goes to, and the senders of those that got any.
//
// Threads: all members may be called from any thread.   Ownership: its ProducerCore's, until that ends.
// Failure: Choose answers InvalidArgument or NotFound; nothing was taken.   Source: KIP-480, KIP-794.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "client/partition_sender.h"
#include "moldau/partitioner.h"
#include "moldau/record.h"

namespace moldau::broker {
class TopicState;
}

namespace moldau::client {

class ProducerCore;

class ProducerTopic {
 public:
  // Records without a key go to the partition `first` (of any range) at first.
  ProducerTopic(ProducerCore& core, std::shared_ptr<broker::TopicState> state, uint64_t first);
  ~ProducerTopic();

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::shared_ptr<broker::TopicState>& state() const noexcept { return state_; }
  [[nodiscard]] size_t max_message_bytes() const;

  // Whether `record` may go to any partition.
  [[nodiscard]] bool IsFree(const Record& record) const noexcept {
    return record.partition == kAnyPartition && !record.key && !partitioner_;
  }
  // The sender of the partition that `record` goes to.
  absl::StatusOr<PartitionSender*> Choose(const Record& record);

  // Records without a key have filled a batch of `partition`: the next one goes elsewhere.
  void OnBatchClosed(int32_t partition) noexcept;

  void ForEachSender(absl::FunctionRef<void(PartitionSender&)> visit);
  // As PartitionSender::Stop, for the senders there are and those that are still asked for.
  void Stop(const absl::Status& why, bool cancel);

 private:
  // By partition, null where nothing was sent yet. Replaced by a longer one when partitions are added.
  struct Table {
    explicit Table(int32_t partitions) : senders(static_cast<size_t>(partitions)) {}
    std::vector<std::atomic<PartitionSender*>> senders;
  };

  absl::StatusOr<int32_t> ChoosePartition(const Record& record, int32_t partition_count);
  absl::StatusOr<PartitionSender*> SenderFor(int32_t partition);
  absl::StatusOr<PartitionSender*> MakeSender(int32_t partition);
  [[nodiscard]] absl::Status NoSuchPartition(int32_t partition, int32_t partition_count) const;

  ProducerCore& core_;
  const std::shared_ptr<broker::TopicState> state_;
  const Partitioner partitioner_;
  std::atomic<int32_t> sticky_;
  std::atomic<Table*> table_;

  base::Mutex mutex_;
  std::vector<std::unique_ptr<Table>> tables_
      ABSL_GUARDED_BY(mutex_);  // all there ever were; readers may be in an old one
  std::vector<std::unique_ptr<PartitionSender>> senders_ ABSL_GUARDED_BY(mutex_);
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace moldau::client
