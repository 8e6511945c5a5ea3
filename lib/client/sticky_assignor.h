// The assignor that moves as little as it can: shares are as even as subscriptions allow, and everyone keeps what it
// had as far as they are. Its two kinds differ in how members tell what they had, and in what they do meanwhile.
//
// Threads: as moldau/assignor.h.   Ownership: none.   Failure: none; user data that is not understood counts as none.
// Source: KIP-54 (sticky), KIP-429 (cooperative). The user data is Kafka's: StickyAssignorUserData, version 1; of the
// cooperative one, the generation for clients whose subscriptions do not have it.
#pragma once

#include "moldau/assignor.h"

namespace moldau::client {

class StickyAssignor final : public Assignor {
 public:
  explicit StickyAssignor(bool cooperative) : cooperative_(cooperative) {}

  [[nodiscard]] std::string_view name() const override { return cooperative_ ? "cooperative-sticky" : "sticky"; }
  [[nodiscard]] bool is_cooperative() const override { return cooperative_; }
  [[nodiscard]] std::string UserData(const std::vector<TopicPartition>& owned, int32_t generation) const override;
  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override;

 private:
  const bool cooperative_;
};

}  // namespace moldau::client
