// Orders that are charged once each, though the program is killed with kill -9 again and again. A supervisor starts it,
// kills it at random moments and starts it again; at the end it proves that every order is in the ledger, once, or
// among the dead letters, and that the sum is right.
//
//   order_processing [KILLS [PROCESSORS [FILE]]]   5 kills and 4 processors unless said
//
// The orders are the packages in FILE, /var/lib/dpkg/status unless said, each over its size.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;

constexpr const char* kData = "order_processing.data";
constexpr int64_t kCreditLimit = 50'000;
using Orders = std::vector<std::pair<std::string, int64_t>>;  // an id and an amount each

Orders ReadOrders(const std::string& path) {
  Orders orders;
  std::ifstream in(path);
  for (std::string line, name; std::getline(in, line);) {
    if (line.starts_with("Package: ")) name = line.substr(9) + "-" + std::to_string(orders.size());
    if (!line.starts_with("Installed-Size: ")) continue;
    orders.emplace_back(name, std::stoll(line.substr(16)));
    if (orders.size() % 10 == 0) orders.push_back(orders.back());  // some customers click twice
  }
  return orders;
}

Orders ReadTopic(moldau::Broker& broker, const std::string& topic) {
  Orders orders;
  auto reader = moldau::Consumer::Subscribe(broker, {.topics = {topic}}).value();
  while (reader.Lag().value() > 0) {
    const moldau::ConsumerRecords records = reader.Poll(1s).value();
    for (const auto& r : records) orders.emplace_back(r.key(), std::stoll(std::string(r.value())));
  }
  return orders;
}

// One life of the program: until no order is left, or until it is killed. Tells the supervisor of each that is settled.
bool Work(const Orders& orders, int processors, int progress) {
  auto broker = moldau::Broker::Open({.data_dir = kData}).value();
  broker->OpenTopic("ledger").value();
  // No limit of deliveries: that the program was killed is not the order's fault.
  const moldau::QueueOptions options = {.max_deliveries = 0, .dead_letter = "orders.dead", .partitions = 1};
  auto queue = moldau::Queue::Open(*broker, "orders", options).value();

  // An order that comes again, because the program died before it could acknowledge it or because the customer sent it
  // twice, gets the receipt of the first time.
  moldau::Producer producer(*broker);
  std::mutex mutex;
  std::map<std::string, moldau::Receipt> charges;
  for (const auto& [id, amount] : ReadTopic(*broker, "ledger")) charges[id] = {};
  const auto charge = [&](const moldau::Lease& order) {
    const std::lock_guard lock(mutex);
    const auto [known, is_new] = charges.try_emplace(std::string(order.key()));
    if (is_new) known->second = producer.Send("ledger", {.key = order.key(), .value = order.value()}).value();
    return known->second;
  };

  std::atomic<bool> all_taken_in = false;
  const auto process = [&] {
    while (!all_taken_in || queue.Describe()->depth > 0) {
      auto order = queue.Receive(20ms).value();
      if (!order) continue;
      if (order.delivery_count() == 1 && order.offset() % 7 == 0) {
        order.Release(1ms).IgnoreError();  // the bank does not answer: again, a moment later
      } else if (std::stoll(std::string(order.value())) > kCreditLimit) {
        if (!order.Reject("above the credit limit").ok() || write(progress, "-", 1) != 1) return;
      } else if (!charge(order).Wait().ok() || !order.Ack().ok() || write(progress, "+", 1) != 1) {
        return;
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < processors; ++i) threads.emplace_back(process);

  // Takes the orders in, from the first on that the log does not have: there an earlier life was killed.
  moldau::Receipt last;
  const int64_t taken_in = broker->FindTopic("orders")->partition(0)->log_end_offset().value();
  for (auto i = static_cast<size_t>(taken_in); i < orders.size(); ++i) {
    last = queue.Send({.key = orders[i].first, .value = std::to_string(orders[i].second)}).value();
  }
  if (!last.Wait().ok()) std::_Exit(1);
  all_taken_in = true;
  threads.clear();  // joins
  return queue.Close().ok() && broker->Close().ok();
}

// Runs one life and returns how it ended; kills it a moment after it has settled `settled` orders, never if that is -1.
int Supervise(const Orders& orders, int processors, int64_t settled, std::chrono::microseconds moment) {
  int progress[2];
  if (pipe(progress) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) std::_Exit(Work(orders, processors, progress[1]) ? 0 : 1);
  close(progress[1]);
  for (char order; settled != 0 && read(progress[0], &order, 1) == 1;) --settled;
  std::this_thread::sleep_for(moment);
  if (settled >= 0) kill(child, SIGKILL);
  int status = -1;
  waitpid(child, &status, 0);
  close(progress[0]);
  return status;
}

bool Prove(const Orders& orders) {
  auto broker = moldau::Broker::Open({.data_dir = kData}).value();
  std::map<std::string, int64_t> missing(orders.begin(), orders.end());  // by id: what came twice counts once
  const size_t count = missing.size();
  int64_t ordered = 0, charged = 0, refused = 0, twice = 0;
  for (const auto& [id, amount] : missing) ordered += amount;
  for (const auto& [id, amount] : ReadTopic(*broker, "ledger")) charged += amount, twice += missing.erase(id) == 0;
  const size_t left = missing.size();
  for (const auto& [id, amount] : ReadTopic(*broker, "orders.dead")) refused += missing.erase(id) == 0 ? 0 : amount;
  const bool proved = missing.empty() && twice == 0 && charged + refused == ordered;
  std::cout << "\n"
            << count << " orders over " << ordered << ": " << count - left << " charged over " << charged << ", "
            << left - missing.size() << " refused over " << refused << ", " << missing.size() << " missing, " << twice
            << " charged twice: " << (proved ? "proved\n" : "NOT PROVED\n");
  return proved;
}

int main(int argc, char** argv) {
  const int kills = argc > 1 ? std::stoi(argv[1]) : 5, processors = argc > 2 ? std::stoi(argv[2]) : 4;
  const Orders orders = ReadOrders(argc > 3 ? argv[3] : "/var/lib/dpkg/status");
  std::filesystem::remove_all(kData);
  std::cout << orders.size() << " orders, " << processors << " processors, to be killed " << kills << " times "
            << std::flush;
  std::mt19937 random(std::random_device{}());
  const auto below = [&](int64_t n) { return std::uniform_int_distribution<int64_t>(0, n)(random); };
  for (int life = 0; life < kills; ++life, std::cout << "." << std::flush) {
    const int64_t settled = below(static_cast<int64_t>(orders.size()) / (kills + 1));
    const int status = Supervise(orders, processors, settled, std::chrono::microseconds(below(2000)));
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return std::cerr << "ended by itself\n", 1;
  }
  return Supervise(orders, processors, -1, 0us) == 0 && Prove(orders) ? 0 : 1;
}
