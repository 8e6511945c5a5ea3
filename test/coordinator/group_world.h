// A coordinator on a disk in memory, in a time that the test moves, and members that do exactly what they are told.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/group_coordinator.h"
#include "coordinator/offset_logs.h"
#include "protocol/consumer_protocol.h"

namespace moldau::coordinator {

using namespace std::chrono_literals;

class GroupWorld {
 public:
  explicit GroupWorld(GroupOptions options = {}) : options_(options) { Start(); }

  [[nodiscard]] GroupCoordinator& coordinator() { return *coordinator_; }
  [[nodiscard]] OffsetStore& store() { return *store_; }
  [[nodiscard]] OffsetLogsInMemory& logs() { return *logs_; }

  // Time passes in small steps, and what is due happens.
  void Pass(std::chrono::nanoseconds time, std::chrono::nanoseconds step = 1s) {
    for (; time.count() > 0; time -= step) {
      logs_->clock().Advance(std::min(time, step));
      RunTasks();
    }
  }
  void RunTasks() {
    while (logs_->executor().Poll() > 0) {
    }
  }

  // The process ends properly, and another one begins.
  void Restart() {
    Stop();
    logs_->CloseLogs();
    Start();
  }
  // The power goes; what was not flushed is lost.
  void Crash() { Crash({}); }
  // But for what the disk had written by itself.
  void Crash(const storage::MemoryStorage::CrashPlan& plan) {
    std::unique_ptr<storage::MemoryStorage> disk = logs_->disk().CrashImage(plan);
    Stop();
    logs_ = std::make_unique<OffsetLogsInMemory>(std::move(disk));
    logs_->MarkCreated();
    Start();
  }

  // As if every receipt had been waited for.
  void Flush() {
    for (int32_t p = 0; p < kOffsetsPartitions; ++p) {
      const auto log = logs_->LogForReading(p);
      REQUIRE_OK(log);
      if (*log != nullptr) REQUIRE_OK((*log)->Flush());
    }
  }

  std::string StateOf(const std::string& group) {
    return coordinator_->Describe({.groups = {group}}).groups.at(0).group_state;
  }

 private:
  void Start() {
    store_.emplace(*logs_, std::make_shared<base::MemoryBudget>(1 << 20));
    coordinator_ = std::make_unique<GroupCoordinator>(*store_, logs_->executor(), options_, Random(7));
  }
  void Stop() {
    coordinator_.reset();
    store_.reset();
  }

  const GroupOptions options_;
  std::unique_ptr<OffsetLogsInMemory> logs_ = std::make_unique<OffsetLogsInMemory>();
  std::optional<OffsetStore> store_;
  std::unique_ptr<GroupCoordinator> coordinator_;
};

// A member on another machine, say.
class Member {
 public:
  explicit Member(GroupWorld& world, std::string group = "baristas") : world_(world), group_(std::move(group)) {}

  // --- what it says of itself ---
  std::vector<protocol::JoinGroupRequest::Protocol> protocols = {{.name = "range", .metadata = "of all"}};
  std::string protocol_type = "consumer";
  std::string client_id = "test";
  std::string host = "/10.0.0.1";
  std::optional<std::string> instance;
  std::chrono::milliseconds session_timeout = 30s;
  std::chrono::milliseconds rebalance_timeout = 60s;
  std::string id;
  int32_t generation = -1;

  // Asks to join, with its id if it must; whether and what it is answered shows in joined().
  void Join() {
    answers_->joined.reset();
    Send();
    if (joined() && joined()->error_code == ErrorCode::kMemberIdRequired) {
      id = joined()->member_id;
      answers_->joined.reset();
      Send();
    }
    Note();
  }
  // The leader names what each member gets.
  void Sync(std::vector<protocol::SyncGroupRequest::Assignment> assignments = {}) {
    Note();
    answers_->synced.reset();
    world_.coordinator().Sync({.group_id = group_,
                               .generation_id = generation,
                               .member_id = id,
                               .group_instance_id = instance,
                               .assignments = std::move(assignments)},
                              [answers = answers_](protocol::SyncGroupResponse answer) { answers->synced = answer; });
  }
  // Joins a group that waits for nobody else, and gives itself `assignment` if it leads.
  void JoinAlone(std::string assignment = "all") {
    Join();
    REQUIRE(joined());
    REQUIRE(joined()->error_code == ErrorCode::kNone);
    Sync({{.member_id = id, .assignment = std::move(assignment)}});
    REQUIRE(synced());
    REQUIRE(synced()->error_code == ErrorCode::kNone);
  }

  ErrorCode Beat() {
    Note();
    return world_.coordinator()
        .Heartbeat({.group_id = group_, .generation_id = generation, .member_id = id, .group_instance_id = instance})
        .error_code;
  }
  ErrorCode Leave() {
    const auto answer = world_.coordinator().Leave({.group_id = group_, .members = {{.member_id = id}}});
    return answer.error_code != ErrorCode::kNone ? answer.error_code : answer.members.at(0).error_code;
  }
  ErrorCode Commit(int64_t offset, const std::string& topic = "orders") {
    Note();
    const auto commitment = world_.coordinator().Commit(
        {.group_id = group_,
         .generation_id = generation,
         .member_id = id,
         .group_instance_id = instance,
         .topics = {{.name = topic, .partitions = {{.partition_index = 0, .committed_offset = offset}}}}});
    return commitment.response.topics.at(0).partitions.at(0).error_code;
  }

  [[nodiscard]] const std::optional<protocol::JoinGroupResponse>& joined() const { return answers_->joined; }
  [[nodiscard]] const std::optional<protocol::SyncGroupResponse>& synced() const { return answers_->synced; }
  [[nodiscard]] bool leads() const { return joined() && joined()->leader == id; }

  // Learns from the answer what the coordinator calls it.
  void Note() {
    if (!joined() || joined()->error_code != ErrorCode::kNone) return;
    id = joined()->member_id;
    generation = joined()->generation_id;
  }

 private:
  struct Answers {
    std::optional<protocol::JoinGroupResponse> joined;
    std::optional<protocol::SyncGroupResponse> synced;
  };

  void Send() {
    world_.coordinator().Join({.group_id = group_,
                               .session_timeout_ms = static_cast<int32_t>(session_timeout.count()),
                               .rebalance_timeout_ms = static_cast<int32_t>(rebalance_timeout.count()),
                               .member_id = id,
                               .group_instance_id = instance,
                               .protocol_type = protocol_type,
                               .protocols = protocols},
                              {.client_id = client_id, .client_host = host},
                              [answers = answers_](protocol::JoinGroupResponse answer) { answers->joined = answer; });
  }

  GroupWorld& world_;
  const std::string group_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();  // an answer may come after the member has gone
};

// What a group of this name has committed for orders-0; -1 if nothing.
inline int64_t CommittedIn(GroupWorld& world, const std::string& group = "baristas") {
  protocol::OffsetFetchRequest request;
  request.group_id = group;
  request.topics = {{{.name = "orders", .partition_indexes = {0}}}};
  const auto answer = world.coordinator().Fetch(request);
  REQUIRE(answer.error_code == ErrorCode::kNone);
  return answer.topics.at(0).partitions.at(0).committed_offset;
}

}  // namespace moldau::coordinator
