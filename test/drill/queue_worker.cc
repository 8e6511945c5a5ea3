// The victim of the queue's kill drill: sends jobs and works on them, in several threads, as fast as it can. Some jobs
// are given back, some rejected, some forgotten. What happens it says on standard output; its parent kills it at a
// random moment.
//
//   moldau_drill_queue_worker DIRECTORY RUN
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "drill/queue_says.h"
#include "moldau/moldau.h"

namespace {

using moldau::test::QueueSays;

constexpr int kJobsPerRun = 1'000'000;  // more than it will live to see

void Check(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::cerr << what << ": " << status << "\n";
  _exit(3);
}

void Say(const QueueSays& says) {
  if (write(STDOUT_FILENO, &says, sizeof(says)) != sizeof(says)) _exit(0);  // the judge has gone
}

void Send(moldau::Queue& queue, int run) {
  for (int64_t job = int64_t{run} * kJobsPerRun;; job += 10) {
    std::vector<moldau::Receipt> receipts;
    for (int i = 0; i < 10; ++i) {
      const std::string value = std::to_string(job + i);
      absl::StatusOr<moldau::Receipt> receipt = queue.Send({.key = value, .value = value});
      Check(receipt.status(), "send");
      receipts.push_back(*std::move(receipt));
    }
    for (int i = 0; i < 10; ++i) {
      Check(receipts[static_cast<size_t>(i)].Wait(), "wait");
      Say({.what = QueueSays::kSent, .job = job + i});
    }
  }
}

void Work(moldau::Queue& queue) {
  for (;;) {
    absl::StatusOr<std::vector<moldau::Lease>> leases = queue.ReceiveMany(8, std::chrono::seconds(1));
    Check(leases.status(), "receive");
    std::vector<int64_t> acknowledged;
    for (moldau::Lease& lease : *leases) {
      const int64_t job = std::atoll(std::string(lease.value()).c_str());
      Say({.what = QueueSays::kReceived, .count = lease.delivery_count(), .job = job});
      if (job % 7 == 0) continue;  // dropped with its lease, each time: it ends among the dead letters
      if (job % 5 == 0 && lease.delivery_count() == 1) continue;
      if (job % 11 == 0) {
        Check(lease.Reject("drill"), "reject");
        continue;
      }
      Say({.what = QueueSays::kOver, .job = job});
      Check(lease.Ack(), "acknowledge");
      acknowledged.push_back(job);
    }
    leases->clear();
    Check(queue.Commit(), "commit");
    for (const int64_t job : acknowledged) Say({.what = QueueSays::kCommitted, .job = job});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto broker = moldau::Broker::Open({.data_dir = argv[1]});
  Check(broker.status(), "open");
  auto queue = moldau::Queue::Open(**broker, "jobs", {.max_deliveries = 3, .dead_letter = "dead", .partitions = 2});
  Check(queue.status(), "queue");
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { Send(*queue, std::atoi(argv[2])); });
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { Work(*queue); });
  for (std::jthread& thread : threads) thread.join();
}
