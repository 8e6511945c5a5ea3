// Real processes and a real file system: workers of a queue are killed at random moments under load, over and over on
// the same directory. Each job that was sent ends in one place, whatever they were doing.
#include <map>
#include <random>
#include <set>

#include "drill/queue_says.h"
#include "drill/victim.h"
#include "moldau/moldau.h"
#include "support/catch.h"
#include "support/figure.h"
#include "support/scale.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

using namespace std::chrono_literals;

// What the workers of one directory have said.
class Told {
 public:
  void Note(const QueueSays& says) {
    switch (says.what) {
      case QueueSays::kSent:
        sent_.insert(says.job);
        return;
      case QueueSays::kReceived:
        return NoteReceived(says.job, says.count);
      case QueueSays::kOver:
        over_.insert(says.job);
        return;
      case QueueSays::kCommitted:
        committed_.insert(says.job);
        return;
    }
  }

  void NoteReceived(int64_t job, int count) {
    ++received_;
    if (committed_.contains(job)) FAIL("job " << job << " came back after its acknowledgement was durable");
    if (count <= counts_[job]) FAIL("job " << job << ": delivery " << count << " after " << counts_[job]);
    counts_[job] = count;
  }

  void CheckEnds(const std::set<int64_t>& left, const std::set<int64_t>& dead) const {
    for (const int64_t job : sent_) {
      if (!left.contains(job) && !dead.contains(job) && !over_.contains(job)) FAIL("job " << job << " was lost");
    }
    for (const int64_t job : left) {
      if (dead.contains(job)) FAIL("job " << job << " is dead and alive");
    }
  }

  [[nodiscard]] size_t sent() const { return sent_.size(); }
  [[nodiscard]] int64_t received() const { return received_; }

 private:
  std::set<int64_t> sent_;       // durably
  std::set<int64_t> over_;       // acknowledged, whether or not that is written
  std::set<int64_t> committed_;  // acknowledged, durably
  std::map<int64_t, int> counts_;
  int64_t received_ = 0;
};

int64_t JobOf(std::string_view value) { return std::stoll(std::string(value)); }

// Nobody is killed any more: works off what is left.
void Judge(const std::string& directory, Told& told) {
  auto broker = Broker::Open({.data_dir = directory});
  INFO(broker.status().ToString());
  REQUIRE(broker.ok());
  auto queue = Queue::Open(**broker, "jobs", {.max_deliveries = 3, .dead_letter = "dead"});
  INFO(queue.status().ToString());
  REQUIRE(queue.ok());
  std::set<int64_t> left;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (queue->Describe()->depth > 0) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    auto leases = queue->ReceiveMany(100, 10ms);  // nothing, while dead letters are on their way
    REQUIRE(leases.ok());
    for (const Lease& lease : *leases) {
      told.NoteReceived(JobOf(lease.value()), lease.delivery_count());
      left.insert(JobOf(lease.value()));
    }
    REQUIRE(Queue::AckAll(*leases).ok());
  }
  std::set<int64_t> dead;
  auto undertaker = Queue::Open(**broker, "undertaker", {.topic = "dead"});
  REQUIRE(undertaker.ok());
  while (undertaker->Describe()->depth > 0) {
    auto leases = undertaker->ReceiveMany(100, 1s);
    REQUIRE(leases.ok());
    for (const Lease& lease : *leases) dead.insert(JobOf(lease.value()));
    REQUIRE(Queue::AckAll(*leases).ok());
  }
  told.CheckEnds(left, dead);
  REQUIRE((*broker)->Close().ok());
}

TEST_CASE("workers of a queue are killed at random moments and every job ends in one place", "[kill][queue][Q6][Q10]") {
  constexpr int kRunsPerDirectory = 10;
  const int kills = Scaled(60);
  std::mt19937_64 random(std::random_device{}());
  size_t sent = 0;
  int64_t received = 0;
  for (int done = 0; done < kills;) {
    const TempDir directory;
    Told told;
    for (int run = 0; run < kRunsPerDirectory && done < kills; ++run, ++done) {
      Victim<QueueSays> victim({MOLDAU_DRILL_QUEUE_WORKER, directory.path(), std::to_string(run)});
      victim.RunAndKill(std::chrono::microseconds(random() % 40'000), [&](const QueueSays& says) { told.Note(says); });
    }
    Judge(directory.path(), told);
    sent += told.sent();
    received += told.received();
  }
  Figure("kill -9, queue: %d kills, %d jobs sent, %d deliveries, 0 lost, 0 back after a durable acknowledgement", kills,
         sent, received);
}

}  // namespace
}  // namespace moldau::test
