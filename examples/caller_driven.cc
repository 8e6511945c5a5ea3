// No thread but ours: with threads = 0 the broker does its background work only when the host calls Poll, as a game
// loop, a simulator or an event loop would.
#include <chrono>
#include <iostream>
#include <string>

#include "moldau/moldau.h"

using namespace std::chrono_literals;

int main() {
  auto broker = moldau::Broker::Open({.data_dir = "caller_driven.data", .threads = 0}).value();
  broker->OpenTopic("ticks").value();
  moldau::Producer producer(*broker, {.linger = 2ms});
  auto consumer = moldau::Consumer::Subscribe(*broker, {.group = "loop", .topics = {"ticks"}}).value();

  constexpr int kTicks = 500;
  int confirmed = 0;
  int consumed = 0;
  int turns = 0;
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  for (int sent = 0; consumed < kTicks && std::chrono::steady_clock::now() < give_up; ++turns) {
    if (sent < kTicks) {
      // The callback runs inside Poll, on this very thread.
      producer.Send("ticks", {.value = "tick " + std::to_string(sent++)})
          .value()
          .OnDone([&](const absl::Status& status) { confirmed += status.ok() ? 1 : 0; });
    }
    broker->Poll();  // batches, flushes, timers: a bounded slice of each
    const moldau::ConsumerRecords records = consumer.Poll(0ms).value();
    for (const auto& record : records) consumed += record.has_value() ? 1 : 0;
  }
  producer.Flush().IgnoreError();  // all of it has been consumed, or the count below says otherwise
  while (confirmed < kTicks && std::chrono::steady_clock::now() < give_up) broker->Poll();

  std::cout << kTicks << " records sent, " << confirmed << " confirmed and " << consumed << " consumed in " << turns
            << " turns of one thread\n";
  return confirmed == kTicks && consumed == kTicks ? 0 : 1;
}
