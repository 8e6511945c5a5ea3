#include "moldau/assignor.h"

#include <algorithm>

#include "base/status_builder.h"
#include "client/sticky_assignor.h"

namespace moldau {
namespace {

// Static members first and by instance, so that a restart changes nothing.
std::vector<const GroupSubscription*> InOrder(const std::vector<GroupSubscription>& members) {
  std::vector<const GroupSubscription*> order;
  for (const GroupSubscription& member : members) order.push_back(&member);
  std::sort(order.begin(), order.end(), [](const GroupSubscription* a, const GroupSubscription* b) {
    if (a->instance_id.has_value() != b->instance_id.has_value()) return a->instance_id.has_value();
    return a->instance_id ? *a->instance_id < *b->instance_id : a->member_id < b->member_id;
  });
  return order;
}

bool SubscribesTo(const GroupSubscription& member, const std::string& topic) {
  return std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end();
}

class RangeAssignor final : public Assignor {
 public:
  [[nodiscard]] std::string_view name() const override { return "range"; }

  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override {
    GroupAssignment assignment;
    const std::vector<const GroupSubscription*> order = InOrder(members);
    for (const auto& [topic, count] : partitions) {
      std::vector<const GroupSubscription*> readers;
      std::copy_if(order.begin(), order.end(), std::back_inserter(readers),
                   [&topic = topic](const auto* member) { return SubscribesTo(*member, topic); });
      int32_t next = 0;
      for (size_t i = 0; i < readers.size(); ++i) {
        const auto sharers = static_cast<int32_t>(readers.size());
        const int32_t share = count / sharers + (static_cast<int32_t>(i) < count % sharers ? 1 : 0);
        for (const int32_t end = next + share; next < end; ++next) {
          assignment[readers[i]->member_id].push_back({topic, next});
        }
      }
    }
    return assignment;
  }
};

class RoundRobinAssignor final : public Assignor {
 public:
  [[nodiscard]] std::string_view name() const override { return "roundrobin"; }

  [[nodiscard]] GroupAssignment Assign(const std::vector<GroupSubscription>& members,
                                       const PartitionCounts& partitions) const override {
    GroupAssignment assignment;
    const std::vector<const GroupSubscription*> order = InOrder(members);
    size_t turn = 0;
    for (const auto& [topic, count] : partitions) {
      const bool is_read = std::any_of(order.begin(), order.end(),
                                       [&topic = topic](const auto* member) { return SubscribesTo(*member, topic); });
      for (int32_t partition = 0; is_read && partition < count; ++partition) {
        while (!SubscribesTo(*order[turn], topic)) turn = (turn + 1) % order.size();
        assignment[order[turn]->member_id].push_back({topic, partition});
        turn = (turn + 1) % order.size();
      }
    }
    return assignment;
  }
};

}  // namespace

std::string Assignor::UserData(const std::vector<TopicPartition>&, int32_t) const { return {}; }

absl::StatusOr<std::shared_ptr<const Assignor>> FindAssignor(std::string_view name) {
  static const std::shared_ptr<const Assignor> kAll[] = {
      std::make_shared<RangeAssignor>(), std::make_shared<RoundRobinAssignor>(),
      std::make_shared<client::StickyAssignor>(/*cooperative=*/false),
      std::make_shared<client::StickyAssignor>(/*cooperative=*/true)};
  for (const auto& assignor : kAll) {
    if (assignor->name() == name) return assignor;
  }
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInconsistentGroupProtocol,
                     "assignor \"%s\": there are range, roundrobin, sticky and cooperative-sticky", name);
}

}  // namespace moldau
