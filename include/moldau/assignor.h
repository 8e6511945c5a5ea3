// How a group's partitions are shared among its members. The member that the coordinator names leader runs the assignor
// that all members have in common; the others follow.
//
// Moldau's are Kafka's, under Kafka's names, so that clients in other processes can be members too:
//   "range"                per topic, a contiguous range of partitions each
//   "roundrobin"           all partitions in turn
//   "sticky"               as even as possible, and everyone keeps what it had as far as that allows
//   "cooperative-sticky"   the same, and while partitions move, those that stay are consumed on
//
// Threads: Assign is called by one thread at a time, and must not call back into the consumer.
// Ownership: shared with the consumers that use it.
// Failure: partitions that are left out are not consumed. What an assignor throws comes back as Internal from the Poll
// or Subscribe in which it ran; the consumer leaves its group meanwhile, so that others can go on, and joins again in
// its next Poll.
// Source: Kafka's ConsumerPartitionAssignor; KIP-54, KIP-429.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "moldau/types.h"

namespace moldau {

// A member as it described itself.
struct GroupSubscription {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::vector<std::string> topics;    // sorted
  std::vector<TopicPartition> owned;  // what it has from generation `generation`
  int32_t generation = -1;
  std::string user_data;  // what its assignor's UserData returned
};

// By member id.
using GroupAssignment = std::map<std::string, std::vector<TopicPartition>>;
// How many partitions each topic has that anyone subscribed to and that exists.
using PartitionCounts = std::map<std::string, int32_t>;

class Assignor {
 public:
  virtual ~Assignor() = default;

  // All members of a group have to offer one by the same name, of 1 to 249 bytes. Must not throw.
  [[nodiscard]] virtual std::string_view name() const = 0;

  // True if members keep what they own while the group rebalances. A partition that Assign takes from one member for
  // another is then left to nobody for one round, until its owner has let go of it; Assign need not see to that.
  [[nodiscard]] virtual bool is_cooperative() const { return false; }

  // What a member tells the leader of itself, beyond its topics and what it owns.
  [[nodiscard]] virtual std::string UserData(const std::vector<TopicPartition>& owned, int32_t generation) const;

  // Members come sorted by id. No partition may be given twice.
  [[nodiscard]] virtual GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                               const PartitionCounts& partitions) const = 0;
};

// One of the four above; InvalidArgument (kInconsistentGroupProtocol) naming them for another name.
[[nodiscard]] absl::StatusOr<std::shared_ptr<const Assignor>> FindAssignor(std::string_view name);

}  // namespace moldau
