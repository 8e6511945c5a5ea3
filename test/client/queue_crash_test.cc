// A queue's day with a crash at every operation of the disk: whatever had been promised by then is kept.
#include <map>
#include <set>

#include "client/queue_world.h"
#include "moldau/base/random.h"
#include "support/figure.h"

namespace moldau {
namespace {

using namespace test;

// What the queue's users had been told when the crash came.
struct Told {
  Strings sent;                      // durably
  std::set<std::string> over;        // acknowledged, or given up, whether or not that is written
  std::set<std::string> committed;   // acknowledged, durably
  std::map<std::string, int> count;  // deliveries
  std::map<std::string, int> committed_count;
};

// A life that sends, receives, acknowledges, releases and rejects, and ends by closing everything.
class Day {
 public:
  Day() {
    broker_ = OpenBroker(disk, clock_, *executor_, /*queue_state_partitions=*/1);
    queue_.emplace(Queue::Open(*broker_, "jobs", kOptions).value());
  }

  static inline const QueueOptions kOptions{
      .max_deliveries = 2, .dead_letter = "dead", .durability = Durability::kFlushed};

  void Live() {
    for (const char* value : {"a", "b", "c", "d", "e"}) {
      REQUIRE_OK(broker_->FindTopic("jobs")->partition(0)->Append(Record{.value = value})->Wait());
      told.sent.emplace_back(value);
    }
    auto leases = Receive(4);
    Acknowledge(leases[0]);
    told.over.insert("c");
    REQUIRE_OK(leases[2].Reject("no"));
    leases.clear();  // b and d are free again
    Pass(10ms);
    Commit();
    leases = Receive(2);
    Acknowledge(leases[1]);
    told.over.insert("b");
    leases.clear();  // and that was b's last time
    Pass(2s);
    Pass(10ms);
    leases = Receive(1);
    Acknowledge(leases[0]);
    leases.clear();
    Pass(10ms);
    Commit();
    REQUIRE(queue_->Describe()->depth == 0);
    REQUIRE(queue_->Describe()->dead_letters == 2);
    queue_.reset();
    REQUIRE_OK(broker_->Close());
  }

  storage::MemoryStorage disk;
  Told told;

 private:
  std::vector<Lease> Receive(size_t count) {
    auto leases = ReceivedAll(*queue_, count);
    REQUIRE(leases.size() == count);
    for (const Lease& lease : leases) told.count[std::string(lease.value())] = lease.delivery_count();
    return leases;
  }
  void Acknowledge(Lease& lease) {
    told.over.emplace(lease.value());
    REQUIRE_OK(lease.Ack());
    acknowledged_.emplace(lease.value());
  }
  void Commit() {
    REQUIRE_OK(queue_->Commit());
    told.committed = acknowledged_;
    told.committed_count = told.count;
  }
  void Pass(std::chrono::nanoseconds time) {
    clock_.Advance(time);
    RunTasks(*executor_);
  }

  ManualClock clock_;
  std::unique_ptr<ManualExecutor> executor_ = MakeManualExecutor(clock_);
  std::unique_ptr<Broker> broker_;
  std::optional<Queue> queue_;
  std::set<std::string> acknowledged_;
};

// Works off what is there after the crash.
void Check(storage::MemoryStorage& disk, const Told& told, bool power_cut) {
  ManualClock clock;
  const auto executor = MakeManualExecutor(clock);
  const auto broker = OpenBroker(disk, clock, *executor, /*queue_state_partitions=*/1);
  Queue queue = Queue::Open(*broker, "jobs", Day::kOptions).value();
  std::map<std::string, int> received;
  for (Lease& lease : ReceivedAll(queue)) {
    const bool is_new = received.emplace(lease.value(), lease.delivery_count()).second;
    if (!is_new) FAIL(lease.value() << " was handed out twice");
    REQUIRE_OK(lease.Ack());
  }
  for (int i = 0; i < 3; ++i) {
    clock.Advance(1s);
    RunTasks(*executor);
  }
  if (queue.Describe()->depth != 0) FAIL("something is stuck");
  std::set<std::string> dead;
  for (const std::string& value : ValuesOf(*broker->FindTopic("dead"))) dead.insert(value);

  for (const std::string& value : told.committed) {
    if (dead.contains(value)) FAIL(value << " is dead, though its acknowledgement was durable");
  }
  for (const std::string& value : told.sent) {
    const bool is_known = received.contains(value) || dead.contains(value) || told.over.contains(value);
    if (!is_known) FAIL(value << " was lost");
  }
  const auto& counts = power_cut ? told.committed_count : told.count;
  for (const auto& [value, count] : received) {
    if (dead.contains(value)) FAIL(value << " is dead and alive");
    if (told.committed.contains(value)) FAIL(value << " came back after its acknowledgement was durable");
    const auto before = counts.find(value);
    if (before != counts.end() && count <= before->second) FAIL("the delivery count of " << value << " fell");
  }
}

struct Crash {
  std::unique_ptr<storage::MemoryStorage> disk;
  Told told;
  std::string before;
};

TEST_CASE("a crash at any operation of the disk loses nothing and brings nothing back that is over",
          "[client][queue][Q3][Q5][Q10]") {
  const bool power_cut = GENERATE(false, true);
  Random random(1);
  Day day;
  std::vector<Crash> crashes;
  day.disk.SetHook([&](const storage::Operation& operation) {
    std::vector<storage::MemoryStorage::CrashPlan> plans = {{.new_boot = power_cut}};
    if (power_cut) plans.push_back(day.disk.RandomPlan(random));
    for (const auto& plan : plans) {
      crashes.push_back({day.disk.CrashImage(plan), day.told, std::to_string(operation.number) + operation.path});
    }
    return absl::OkStatus();
  });
  day.Live();
  day.disk.SetHook(nullptr);
  CHECK(crashes.size() > 50);
  for (Crash& crash : crashes) {
    INFO("crash before operation " << crash.before);
    Check(*crash.disk, crash.told, power_cut);
  }
  Figure("queue, %s: %d crashes, each before an operation of the disk, 0 records lost, 0 back",
         power_cut ? "power cut" : "process killed", crashes.size());
}

}  // namespace
}  // namespace moldau
