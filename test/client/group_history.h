// A random history of consumers in one group, on a disk that loses power, and what is wrong with it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/manual_world.h"
#include "moldau/base/random.h"
#include "moldau/consumer.h"
#include "moldau/error.h"
#include "support/violation.h"

namespace moldau::test {

class GroupHistory {
 public:
  struct Totals {
    int operations = 0;
    int crashes = 0;
    int assigned = 0;
    int revoked = 0;
    int lost = 0;
    int commits = 0;
  };

  explicit GroupHistory(uint64_t seed) : random_(seed) {
    topics_.push_back(world_->Create("orders", 4, Durability::kFlushed));
    topics_.push_back(world_->Create("audit", 2, Durability::kFlushed));
    const std::vector<AssignorChoice> choices[] = {{"cooperative-sticky"},
                                                   {"cooperative-sticky"},
                                                   {"range"},
                                                   {"sticky", "roundrobin"},
                                                   {"range", "cooperative-sticky"}};
    assignors_ = choices[random_.Below(std::size(choices))];
  }

  void Run(int steps, Totals& totals) {
    for (int i = 0; i < steps && problem_.empty(); ++i) Step();
    if (problem_.empty()) ComeToRest();
    members_.clear();
    totals.operations += totals_.operations;
    totals.crashes += totals_.crashes;
    totals.assigned += totals_.assigned;
    totals.revoked += totals_.revoked;
    totals.lost += totals_.lost;
    totals.commits += totals_.commits;
  }

  // Empty if nothing is wrong.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Member {
    std::string name;
    std::optional<Consumer> consumer;
    MonoTime last_poll{};
    bool commits_at_close = false;
    std::set<TopicPartition> read;  // what it has had records of since they were assigned to it
  };

  void Step() {
    ++totals_.operations;
    switch (random_.Below(12)) {
      case 0:
      case 1:
        if (members_.size() < 4) Add();
        return;
      case 2:
        if (random_.OneIn(2)) Remove();
        return;
      case 3:
        world_->Pass(std::chrono::seconds(random_.OneIn(4) ? 35 : random_.Below(5)));
        return;
      case 4:
      case 5:
        return Produce();
      case 6:
        if (random_.OneIn(20)) Expect(world_->broker->AddPartitions("orders", ++partitions_of_orders_));
        if (random_.OneIn(10)) Crash();
        return;
      default:
        if (!members_.empty()) Poll(*members_[random_.Below(members_.size())]);
        return;
    }
  }

  void Add() {
    auto member = std::make_unique<Member>();
    Member* const raw = member.get();
    member->name = "m" + std::to_string(next_name_++);
    member->last_poll = world_->clock.Now();
    member->commits_at_close = !random_.OneIn(3);
    ConsumerOptions options{.group = "baristas",
                            .assignors = assignors_,
                            .session_timeout = std::chrono::seconds(20),
                            .max_poll_interval = std::chrono::seconds(30),
                            .on_assigned = [this, raw](Consumer&, auto sources) { OnAssigned(*raw, sources); },
                            .on_revoked = [this, raw](Consumer&, auto sources) { OnRevoked(*raw, sources); },
                            .on_lost = [this, raw](Consumer&, auto sources) { OnLost(*raw, sources); },
                            .max_poll_records = 1 + random_.Below(4),
                            .enable_auto_commit = member->commits_at_close,
                            .auto_commit_interval = std::chrono::seconds(1)};
    if (random_.OneIn(2)) {
      options.topics = {"orders", "audit"};
    } else {
      options.pattern = "orders|audit";
    }
    auto consumer = Consumer::Subscribe(*world_->broker, std::move(options));
    Expect(consumer.status());
    if (!consumer.ok()) return;
    member->consumer = *std::move(consumer);
    members_.push_back(std::move(member));
  }

  void Remove() {
    if (members_.empty()) return;
    const auto at = members_.begin() + static_cast<long>(random_.Below(members_.size()));
    if (random_.OneIn(2)) {
      const std::map<TopicPartition, int64_t> done = PositionsOf(**at);
      const absl::Status closed = (*at)->consumer->Close();
      // A place that was lost before cannot be committed from.
      if (GetErrorCode(closed) != ErrorCode::kUnknownMemberId &&
          GetErrorCode(closed) != ErrorCode::kRebalanceInProgress)
        Expect(closed);
      if (closed.ok() && (*at)->commits_at_close) IsDurable(done);
    }
    std::erase_if(owner_, [&](const auto& owned) { return owned.second == (*at)->name; });
    members_.erase(at);
  }

  void Produce() {
    const size_t at = random_.Below(topics_.size());
    const auto partition =
        static_cast<int32_t>(random_.Below(static_cast<uint64_t>(at == 0 ? partitions_of_orders_ : 2)));
    const std::string value = std::to_string(next_value_++);
    const auto receipt = topics_[at].partition(partition)->Append({.value = value});
    Expect(receipt.status());
    if (!receipt.ok() || random_.OneIn(3)) return;  // nobody has promised that it is kept
    Expect(receipt->Wait());
    promised_.insert(value);
  }

  // The power goes. The consumers end with the machine, and what was not flushed may be lost or not.
  void Crash() {
    ++totals_.crashes;
    const std::map<TopicPartition, int64_t> before = FetchCommitted();
    std::unique_ptr<storage::MemoryStorage> image = world_->disk.CrashImage(world_->disk.RandomPlan(random_));
    members_.clear();
    topics_.clear();
    owner_.clear();
    world_ = std::make_unique<World>(BrokerOptions(), std::move(image));
    for (const char* name : {"orders", "audit"}) {
      auto topic = world_->broker->FindTopic(name);
      Expect(topic.status());
      if (!topic.ok()) return;
      topics_.push_back(*std::move(topic));
    }
    committed_ = FetchCommitted();
    for (const auto& [source, offset] : durable_) {
      if (!committed_.contains(source) || committed_[source] < offset) Wrong("a durable commit is lost");
    }
    for (const auto& [source, offset] : committed_) {
      const auto known = before.find(source);
      if (known == before.end() || offset > known->second) Wrong("an offset is there that nobody committed");
    }
    durable_ = committed_;
  }

  // As somebody outside the group sees it.
  std::map<TopicPartition, int64_t> FetchCommitted() {
    std::vector<TopicPartition> sources = {{"audit", 0}, {"audit", 1}};
    for (int32_t id = 0; id < partitions_of_orders_; ++id) sources.push_back({"orders", id});
    std::map<TopicPartition, int64_t> committed;
    auto outside = Consumer::Assign(*world_->broker, sources, {.group = "baristas", .enable_auto_commit = false});
    Expect(outside.status());
    for (const TopicPartition& source : sources) {
      if (!outside.ok()) break;
      const auto offset = outside->Committed(source);
      Expect(offset.status());
      if (offset.ok() && *offset) committed[source] = **offset;
    }
    return committed;
  }

  void Poll(Member& member) {
    ++totals_.operations;
    const auto records = member.consumer->Poll(std::chrono::nanoseconds(0));
    member.last_poll = world_->clock.Now();
    Expect(records.status());
    if (!records.ok()) return;
    for (const ConsumerRecord& record : *records) {
      seen_.emplace(record.value());
      const TopicPartition source{record.topic(), record.partition()};
      member.read.insert(source);
      if (owner_[source] != member.name) Wrong(member.name + " reads a partition of " + owner_[source]);
      const auto done = committed_.find(source);
      if (done != committed_.end() && record.offset() < done->second) Wrong("what was committed is read again");
    }
    if (random_.OneIn(3)) {
      const absl::Status committed = member.consumer->Commit();
      if (committed.ok()) {
        ++totals_.commits;
        IsDurable(PositionsOf(member));
      }
      const ErrorCode code = GetErrorCode(committed);
      if (code != ErrorCode::kNone && code != ErrorCode::kRebalanceInProgress) Wrong(committed.ToString());
    }
    CheckCommitted(member);
  }

  // Of what it has read itself: where it begins was committed by others, who may not have waited.
  static std::map<TopicPartition, int64_t> PositionsOf(const Member& member) {
    std::map<TopicPartition, int64_t> positions;
    for (const TopicPartition& source : member.read) {
      if (const auto position = member.consumer->Position(source); position.ok()) positions[source] = *position;
    }
    return positions;
  }
  void IsDurable(const std::map<TopicPartition, int64_t>& committed) {
    for (const auto& [source, offset] : committed) durable_[source] = std::max(durable_[source], offset);
  }

  // Nobody seeks back, so what is committed only rises.
  void CheckCommitted(Member& member) {
    for (const TopicPartition& source : member.consumer->Assignment()) {
      const auto now = member.consumer->Committed(source);
      Expect(now.status());
      if (!now.ok() || !*now) continue;
      int64_t& before = committed_[source];
      if (**now < before) Wrong("what was committed for " + Text(source) + " falls");
      before = **now;
    }
  }

  void OnAssigned(Member& member, std::span<const TopicPartition> sources) {
    ++totals_.assigned;
    for (const TopicPartition& source : sources) {
      std::string& owner = owner_[source];
      if (!owner.empty() && !IsSlow(owner)) Wrong(member.name + " is assigned " + Text(source) + " of " + owner);
      owner = member.name;
    }
  }
  void OnRevoked(Member& member, std::span<const TopicPartition> sources) {
    ++totals_.revoked;
    Drop(member, sources);
  }
  void OnLost(Member& member, std::span<const TopicPartition> sources) {
    ++totals_.lost;
    Drop(member, sources);
  }
  void Drop(Member& member, std::span<const TopicPartition> sources) {
    for (const TopicPartition& source : sources) {
      member.read.erase(source);
      if (owner_[source] == member.name) owner_[source].clear();
    }
  }
  // It has not polled for so long that the group may have given up on it.
  bool IsSlow(const std::string& name) {
    return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
      return member->name == name && world_->clock.Now() - member->last_poll >= std::chrono::seconds(30);
    });
  }

  void ComeToRest() {
    if (members_.empty()) Add();
    for (int round = 0; round < 40 && problem_.empty(); ++round) {
      for (const auto& member : members_) Poll(*member);
      world_->Pass(std::chrono::seconds(1));
    }
    for (int round = 0; round < 1000 && MissesRecords() && problem_.empty(); ++round) {
      for (const auto& member : members_) Poll(*member);
    }
    if (MissesRecords()) Wrong("records are missed");
    size_t assigned = 0;
    for (const auto& member : members_) assigned += member->consumer->Assignment().size();
    if (assigned != static_cast<size_t>(partitions_of_orders_) + 2) Wrong("partitions are left to nobody");
  }

  [[nodiscard]] bool MissesRecords() const {
    return !std::includes(seen_.begin(), seen_.end(), promised_.begin(), promised_.end());
  }

  static std::string Text(const TopicPartition& source) {
    return source.topic + "-" + std::to_string(source.partition);
  }
  void Expect(const absl::Status& status) {
    if (!status.ok()) Wrong(status.ToString());
  }
  void Wrong(const std::string& what) {
    if (problem_.empty()) problem_ = what;
  }

  Random random_;
  std::unique_ptr<World> world_ = std::make_unique<World>();
  std::vector<Topic> topics_;
  int32_t partitions_of_orders_ = 4;
  std::vector<AssignorChoice> assignors_;
  std::vector<std::unique_ptr<Member>> members_;
  int next_name_ = 0;
  std::map<TopicPartition, std::string> owner_;
  std::map<TopicPartition, int64_t> committed_;  // as last seen; nothing below is read again
  std::map<TopicPartition, int64_t> durable_;    // what no power cut may take back
  int next_value_ = 0;
  std::set<std::string> promised_;
  std::set<std::string> seen_;
  Totals totals_;
  std::string problem_;
};

// Histories of as many seeds; what they did.
inline GroupHistory::Totals RunConsumerHistories(int seeds) {
  GroupHistory::Totals totals;
  for (int seed = 0; seed < seeds; ++seed) {
    GroupHistory history(static_cast<uint64_t>(seed));
    history.Run(120, totals);
    Demand(history.problem().empty(), "seed %d: %s", seed, history.problem());
  }
  return totals;
}

}  // namespace moldau::test
