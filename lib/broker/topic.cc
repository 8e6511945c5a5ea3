#include "moldau/topic.h"

#include "base/status_builder.h"
#include "broker/access.h"
#include "broker/topic_state.h"

namespace moldau {

const std::string& Topic::name() const noexcept { return state_->info().name; }

const Uuid& Topic::id() const noexcept { return state_->info().id; }

int32_t Topic::partition_count() const noexcept { return state_->partition_count(); }

absl::StatusOr<Partition> Topic::partition(int32_t id) const {
  MOLDAU_ASSIGN_OR_RETURN(std::shared_ptr<broker::PartitionState> partition, state_->partition(id));
  return broker::Access::MakePartition(std::move(partition));
}

Durability Topic::durability() const noexcept { return state_->info().durability.load(std::memory_order_acquire); }

TopicDescription Topic::Describe() const { return state_->Describe(); }

}  // namespace moldau
