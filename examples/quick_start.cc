// The README's lines as a program: publish an order, be sure that it is on disk, consume it.
#include <moldau/moldau.h>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  auto broker = moldau::Broker::Open({.data_dir = "data"}).value();      // no port, no server
  auto orders = broker->OpenTopic("orders", {.partitions = 4}).value();  // created if it is not there

  moldau::Producer producer(*broker);
  moldau::Receipt receipt = producer.Send("orders", {.key = "alice", .value = "espresso"}).value();
  receipt.Wait().IgnoreError();  // on disk now, as the topic promises; the status says if not

  auto baristas = moldau::Consumer::Subscribe(*broker, {.group = "baristas", .topics = {"orders"}}).value();
  auto batch = baristas.Poll(100ms).value();  // views into the mapped log, no copy
  for (const auto& record : batch) std::cout << record.key() << " wants " << record.value() << "\n";
  baristas.Commit().IgnoreError();

  return receipt.status().ok() && !batch.empty() ? 0 : 1;
}
