// A queue through the public interface over random histories with crashes, restarts, other options and more partitions:
// nothing that was appended is lost, nothing comes back after its acknowledgement (after a crash: if that was durable),
// and counts rise.
#include <map>
#include <set>

#include "client/queue_world.h"
#include "moldau/base/random.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau {
namespace {

using namespace test;

class History {
 public:
  History(uint64_t seed, bool flushed) : random_(seed), flushed_(flushed) {
    options_.max_deliveries = random_.OneIn(2) ? 0 : 4;
    options_.lock_duration = 10s;
    options_.redelivery_delay = {.initial = random_.OneIn(2) ? 0ms : 500ms, .growth = 2};
    if (options_.max_deliveries > 0) options_.dead_letter = "dead";
    options_.ordered = random_.OneIn(2);
    options_.max_in_flight = 1 + random_.Below(50);
    options_.partitions = 2;
    options_.durability = flushed ? Durability::kFlushed : Durability::kBuffered;
    Open();
  }

  void Step() {
    const uint64_t what = random_.Below(1000);
    if (what < 250) {
      Send();
    } else if (what < 550) {
      Receive();
    } else if (what < 850) {
      Settle();
    } else if (what < 940) {
      clock_.Advance(std::chrono::milliseconds(random_.Below(3000)));
      RunTasks(*executor_);
    } else if (what < 990) {
      Commit();
    } else if (what < 993) {
      Crash();
    } else if (what < 995) {
      Restart();
    } else if (what < 999) {
      ChangeOptions();
    } else {
      AddPartition();
    }
  }

  // In the end every record was acknowledged, or is a dead letter, or can be received.
  void Finish() {
    Crash();
    std::set<int> left;
    for (int round = 0; round < 3000; ++round) {
      clock_.Advance(1min);
      RunTasks(*executor_);
      auto leases = ReceivedAll(*queue_);
      for (Lease& lease : leases) {
        Check(lease);
        left.insert(Number(lease.value()));
        REQUIRE_OK(lease.Ack());
      }
      if (leases.empty() && queue_->Describe()->depth == 0) break;
    }
    REQUIRE(queue_->Describe()->depth == 0);
    REQUIRE_OK(broker_->Flush());
    std::set<int> dead;
    if (!options_.dead_letter.empty()) {
      for (int32_t i = 0; i < 2; ++i) {
        for (const std::string& value : test::ValuesOf(*broker_->FindTopic("dead"), i)) dead.insert(Number(value));
      }
    }
    for (int number = 0; number < next_number_; ++number) {
      const bool survived = sent_.contains(number);
      const bool done = ever_acknowledged_.contains(number) || left.contains(number) || dead.contains(number) ||
                        dropped_.contains(number);
      if (survived && !done) FAIL("lost: " << number);
      if (left.contains(number) && dead.contains(number)) FAIL("dead and alive: " << number);
      if (durable_.contains(number) && dead.contains(number)) FAIL("dead, though it was acknowledged: " << number);
    }
  }

  int64_t crashes = 0;
  int64_t redelivered = 0;

 private:
  struct Held {
    Lease lease;
    int number;
  };

  static int Number(std::string_view value) { return std::stoi(std::string(value)); }

  void Open() {
    executor_ = MakeManualExecutor(clock_);
    broker_ = OpenBroker(*disk_, clock_, *executor_, /*queue_state_partitions=*/2);
    OpenQueue();
  }

  void OpenQueue() {
    auto queue = Queue::Open(*broker_, "jobs", options_);
    REQUIRE_OK(queue);
    queue_.emplace(*std::move(queue));
  }

  void Send() {
    const int number = next_number_++;
    const std::string value = std::to_string(number);
    const std::string key = "k" + std::to_string(random_.Below(5));
    const bool later = random_.OneIn(10);
    const auto receipt =
        queue_->Send({.key = key, .value = value},
                     later ? std::optional(clock_.WallNow() + std::chrono::seconds(random_.Below(20))) : std::nullopt);
    REQUIRE_OK(receipt);
    REQUIRE_OK(receipt->Wait());
    sent_.insert(number);
  }

  void Check(const Lease& lease) {
    const int number = Number(lease.value());
    if (acknowledged_.contains(number)) FAIL("came back after its acknowledgement: " << number);
    int& count = counts_[number];
    if (lease.delivery_count() <= count) FAIL("count fell: " << number);
    count = lease.delivery_count();
    if (lease.delivery_count() > 1) ++redelivered;
  }

  void Receive() {
    auto leases = queue_->ReceiveMany(1 + random_.Below(20), 0ms);
    REQUIRE_OK(leases);
    for (Lease& lease : *leases) {
      Check(lease);
      const int number = Number(lease.value());
      held_.push_back({std::move(lease), number});
    }
  }

  void Settle() {
    if (held_.empty()) return;
    std::swap(held_[random_.Below(held_.size())], held_.back());
    Held held = std::move(held_.back());
    held_.pop_back();
    const uint64_t what = random_.Below(10);
    if (what < 7) {
      if (held.lease.Ack().ok()) {
        acknowledged_.insert(held.number);
        ever_acknowledged_.insert(held.number);  // which may have survived a crash, or not
      }
    } else if (what < 8) {
      // Without dead letters that is the end of it.
      if (held.lease.Reject("no").ok() && options_.dead_letter.empty()) dropped_.insert(held.number);
    } else if (what < 9 && held.lease.Extend().ok()) {
      held_.push_back(std::move(held));
    }  // else it is dropped
  }

  void Commit() {
    REQUIRE_OK(queue_->Commit());
    durable_.insert(acknowledged_.begin(), acknowledged_.end());
  }

  void Restart() {
    held_.clear();
    queue_.reset();
    REQUIRE_OK(broker_->Close());
    broker_.reset();
    durable_ = acknowledged_;
    Open();
  }

  void ChangeOptions() {
    held_.clear();
    queue_.reset();
    options_.ordered = random_.OneIn(2);
    options_.max_in_flight = 1 + random_.Below(50);
    clock_.Advance(10ms);  // dead letters on their way arrive
    RunTasks(*executor_);
    OpenQueue();
  }

  void AddPartition() {
    if (*options_.partitions > 4) return;
    ++*options_.partitions;
    REQUIRE_OK(broker_->AddPartitions("jobs", *options_.partitions));
  }

  void Crash() {
    ++crashes;
    const bool power_cut = flushed_ && random_.OneIn(2);
    auto plan = disk_->RandomPlan(random_);
    plan.new_boot = power_cut;
    auto next = disk_->CrashImage(plan);
    held_.clear();
    queue_.reset();
    broker_.reset();
    executor_.reset();
    disk_ = std::move(next);
    // What was acknowledged and not committed may come back, and a power cut may take a count that was not.
    if (power_cut) counts_.clear();
    acknowledged_ = durable_;
    Open();
  }

  Random random_;
  const bool flushed_;
  QueueOptions options_;
  std::unique_ptr<storage::MemoryStorage> disk_ = std::make_unique<storage::MemoryStorage>();
  ManualClock clock_;
  std::unique_ptr<ManualExecutor> executor_;
  std::unique_ptr<Broker> broker_;
  std::optional<Queue> queue_;
  std::vector<Held> held_;

  int next_number_ = 0;
  std::set<int> sent_;          // and as durable as the topic promises
  std::set<int> acknowledged_;  // in this life, or durably before
  std::set<int> ever_acknowledged_;
  std::set<int> durable_;
  std::set<int> dropped_;
  std::map<int, int> counts_;
};

TEST_CASE("over random histories with crashes nothing is lost and nothing that is done comes back",
          "[client][queue][Q3][Q10]") {
  const bool flushed = GENERATE(false, true);
  const int operations = Scaled(60'000);
  int64_t done = 0;
  int64_t crashes = 0;
  int64_t redelivered = 0;
  for (uint64_t seed = 0; done < operations; ++seed) {
    INFO("seed " << seed << (flushed ? ", flushed" : ", buffered"));
    History history(seed * 2 + (flushed ? 1 : 0), flushed);
    for (int i = 0; i < 2500; ++i, ++done) history.Step();
    history.Finish();
    crashes += history.crashes;
    redelivered += history.redelivered;
  }
  CHECK(redelivered > 0);
  Figure(
      "queue histories, %s: %d operations, %d crashes, %d redeliveries, 0 lost, 0 back after a durable acknowledgement",
      flushed ? "flushed" : "buffered", done, crashes, redelivered);
}

}  // namespace
}  // namespace moldau
