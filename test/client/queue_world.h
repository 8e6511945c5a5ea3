// What the tests of queues have in common.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/world.h"
#include "moldau/error.h"
#include "moldau/queue.h"

namespace moldau::test {

// Of a queue's own topic, so that what is appended can be received at once.
inline QueueOptions Buffered(QueueOptions options = {}) {
  if (options.topic.empty()) options.durability = Durability::kBuffered;
  return options;
}

inline Queue OpenQueue(Broker& broker, QueueOptions options = {}, std::string_view name = "jobs") {
  auto queue = Queue::Open(broker, name, Buffered(std::move(options)));
  REQUIRE_OK(queue);
  return *std::move(queue);
}

inline void Append(Broker& broker, std::string_view topic, const Record& record, int32_t partition = 0) {
  REQUIRE_OK(broker.FindTopic(topic)->partition(partition)->Append(record));
}
inline void Append(Broker& broker, std::string_view topic, const Strings& values) {
  for (const std::string& value : values) Append(broker, topic, {.value = value});
}

// The next record, which must be there.
inline Lease Received(Queue& queue) {
  auto lease = queue.Receive(std::chrono::nanoseconds(0));
  REQUIRE_OK(lease);
  REQUIRE(static_cast<bool>(*lease));
  return *std::move(lease);
}
inline std::vector<Lease> ReceivedAll(Queue& queue, size_t max = 1000) {
  auto leases = queue.ReceiveMany(max, std::chrono::nanoseconds(0));
  REQUIRE_OK(leases);
  return *std::move(leases);
}
inline bool IsEmpty(Queue& queue) { return ReceivedAll(queue, 1).empty(); }

inline Strings ValuesOf(const std::vector<Lease>& leases) {
  Strings values;
  for (const Lease& lease : leases) values.emplace_back(lease.value());
  return values;
}

inline std::string HeaderOf(const RecordView& record, std::string_view key) {
  for (const HeaderView& header : record.headers()) {
    if (header.key == key) return std::string(header.value);
  }
  return "(none)";
}

inline bool IsLockExpired(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && GetErrorCode(status) == ErrorCode::kInvalidRecordState;
}

inline void RunTasks(ManualExecutor& executor) {
  while (executor.Poll() > 0) {
  }
}

// A broker of one life of a disk.
inline std::unique_ptr<Broker> OpenBroker(storage::MemoryStorage& disk, ManualClock& clock, ManualExecutor& executor,
                                          int32_t queue_state_partitions) {
  auto broker = Broker::Open({.data_dir = "data",
                              .storage = &disk,
                              .clock = &clock,
                              .executor = &executor,
                              .seed = 7,
                              .log_level = LogLevel::kSilent,
                              .queue_state_partitions = queue_state_partitions});
  REQUIRE_OK(broker);
  return *std::move(broker);
}

// A second life on what the first one's disk holds: after the death of the process, or of the machine too.
struct AfterCrash {
  explicit AfterCrash(const World& before, bool power_cut)
      : disk(before.disk.CrashImage({.new_boot = power_cut})), clock() {
    options = before.broker_options;
    options.storage = disk.get();
    options.clock = &clock;
    options.executor = executor.get();
    auto opened = Broker::Open(options);
    REQUIRE_OK(opened);
    broker = *std::move(opened);
  }
  void RunTasks() { test::RunTasks(*executor); }

  std::unique_ptr<storage::MemoryStorage> disk;
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  BrokerOptions options;
  std::unique_ptr<Broker> broker;
};

}  // namespace moldau::test
