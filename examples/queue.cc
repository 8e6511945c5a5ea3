// Work for whoever is free: each job goes to one worker, comes back if it is not done, and ends among the dead letters
// if nobody can do it.
#include <chrono>
#include <iostream>

#include "moldau/moldau.h"

using namespace std::chrono_literals;

int main() {
  auto broker = moldau::Broker::Open({.data_dir = "queue.data"}).value();
  auto jobs = moldau::Queue::Open(*broker, "jobs", {.max_deliveries = 3, .dead_letter = "jobs.dead"}).value();
  for (const char* job : {"espresso", "unicorn tears", "cappuccino"}) jobs.Send({.value = job}).value();

  while (auto lease = jobs.Receive(200ms).value()) {  // this worker's until it says what became of it, or for 30 s
    std::cout << "try " << lease.delivery_count() << ": " << lease.value() << "\n";
    if (lease.value() == "unicorn tears") continue;  // dropped without a verdict: somebody else may try
    lease.Ack().IgnoreError();                       // and it is gone
  }
  if (!jobs.Commit().ok()) return 1;  // what was done stays done, even after a power cut

  auto dead = moldau::Queue::Open(*broker, "undertaker", {.topic = "jobs.dead"}).value();
  auto lease = dead.Receive(1s).value();
  for (const moldau::HeaderView& header : lease.record().headers()) {
    std::cout << header.key << ": " << header.value << "\n";
  }
  return lease.value() == "unicorn tears" && lease.Ack().ok() && dead.Commit().ok() ? 0 : 1;
}
