// The broker as the share coordinator sees it.
//
// Threads: all members may be called from any thread.   Ownership: the core's, which it refers to.
// Failure: as ShareHost.
#pragma once

#include <string>

#include "broker/core.h"
#include "coordinator/share_partition.h"

namespace moldau::broker {

class QueueHost final : public coordinator::ShareHost {
 public:
  explicit QueueHost(Core& core) : core_(core) {}

  int32_t state_partition_count() override;
  absl::StatusOr<log::Log*> StateLogForWriting(int32_t partition) override;
  absl::StatusOr<log::Log*> StateLogForReading(int32_t partition) override;

  absl::Status EnsureStateTopic() override;
  [[nodiscard]] absl::Status CheckOpen() const override;
  absl::StatusOr<coordinator::ShareSource> OpenSource(const TopicPartition& partition) override;
  absl::StatusOr<Receipt> AppendDeadLetter(const std::string& topic, int32_t source_partition,
                                           const Record& record) override;
  void RequestCheckpoint() override;
  void ReadersMoved() override { core_.ReadersMoved(); }
  [[nodiscard]] Clock& clock() const override;
  [[nodiscard]] base::Logger& logger() override;
  [[nodiscard]] const std::shared_ptr<base::MemoryBudget>& memory() const override;

 private:
  absl::StatusOr<std::shared_ptr<TopicState>> StateTopic();

  Core& core_;
};

}  // namespace moldau::broker
