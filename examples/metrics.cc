// Watches this machine: what /proc says of processor, memory, disk and network goes into four topics, 50 times a
// second; an aggregator sums it up in windows of a quarter of a second and draws a live table. At the end it proves
// that every sample is in a window, and shows what the broker counted of itself.
//
//   metrics [SECONDS]
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Reading {
  const char* topic;
  const char* figure;
  double value;
  double per_second = 0;  // if not 0: what is of interest is how fast the value rises, times this
};

std::vector<Reading> ReadProc() {
  double busy = 0, used = 0, read = 0, written = 0, received = 0, sent = 0, number = 0, skipped = 0;
  std::string word, line, disk;
  std::ifstream stat("/proc/stat"), memory("/proc/meminfo"), disks("/proc/diskstats"), network("/proc/net/dev");
  stat >> word;
  for (int column = 0; column < 8 && stat >> number; ++column) busy += column == 3 || column == 4 ? 0 : number;
  while (memory >> word >> number && std::getline(memory, line))
    used += word == "MemTotal:" ? number : word == "MemAvailable:" ? -number : 0;
  while (disks >> skipped >> skipped >> word && std::getline(disks, line)) {
    double column[7] = {};  // reads, merged, sectors of 512 bytes, milliseconds; the same for writes
    for (std::istringstream in(line); double& next : column) in >> next;
    if (!disk.empty() && word.rfind(disk, 0) == 0) continue;  // a partition of the disk before
    disk = word, read += column[2] / 2, written += column[6] / 2;
  }
  while (std::getline(network, line)) {
    double column[9] = {};  // bytes received come first, bytes sent ninth
    for (std::istringstream in(line.substr(line.find(':') + 1)); double& next : column) in >> next;
    received += column[0] / 1024, sent += column[8] / 1024;
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK) * sysconf(_SC_NPROCESSORS_ONLN));
  return {{"cpu", "busy %", busy, 100 / ticks},
          {"memory", "used MiB", used / 1024},
          {"disk", "read KiB/s", read, 1},
          {"disk", "written KiB/s", written, 1},
          {"network", "received KiB/s", received, 1},
          {"network", "sent KiB/s", sent, 1}};
}

// Sends a sample of each figure every 20 ms until it is told to stop; returns how many.
int64_t Sample(moldau::Broker& broker, const std::stop_token& stop) {
  moldau::Producer producer(broker);
  int64_t samples = 0;
  std::vector<Reading> before = ReadProc();
  for (auto then = Clock::now(); !stop.stop_requested();) {
    std::this_thread::sleep_for(20ms);
    const std::vector<Reading> readings = ReadProc();
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - std::exchange(then, now)).count();
    for (size_t i = 0; i < readings.size(); ++i, ++samples) {
      const auto& [topic, figure, value, per_second] = readings[i];
      const double shown = per_second == 0 ? value : (value - before[i].value) * per_second / seconds;
      producer.Send(topic, {.key = figure, .value = std::to_string(shown)}).value();
    }
    before = readings;
  }
  producer.Flush().IgnoreError();  // what is missing shows in the proof
  return samples;
}

struct Window {
  int64_t count = 0;
  double sum = 0;
  [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
};
using Windows = std::map<int64_t, Window>;  // by their number since 1970

// Returns how many samples the windows hold.
int64_t Draw(const std::map<std::string, Windows>& figures) {
  int64_t samples = 0;
  for (const auto& [name, windows] : figures) {
    double least = windows.begin()->second.mean(), most = least;
    for (const auto& [number, window] : windows)
      least = std::min(least, window.mean()), most = std::max(most, window.mean());
    std::cout << std::setw(24) << name << std::setw(11) << windows.rbegin()->second.mean() << "  ";
    for (const auto& [number, window] : windows) {
      samples += window.count;
      const double share = most > least ? (window.mean() - least) / (most - least) : 0;
      std::cout << std::string("▁▂▃▄▅▆▇█").substr(3 * static_cast<size_t>(share * 7.99), 3);
    }
    std::cout << "  " << least << " to " << most << "  \n";
  }
  std::cout << samples << " samples in windows of 250 ms" << std::endl;
  return samples;
}

int main(int argc, char** argv) {
  const auto end = Clock::now() + 1s * (argc > 1 ? std::stoi(argv[1]) : 6);
  const std::vector<std::string> topics = {"cpu", "memory", "disk", "network"};
  auto broker = moldau::Broker::Open({.data_dir = "metrics.data"}).value();
  for (const std::string& topic : topics)
    broker->OpenTopic(topic, {.durability = moldau::Durability::kBuffered}).value();
  auto aggregator = moldau::Consumer::Subscribe(*broker, {.group = "aggregator", .topics = topics}).value();
  aggregator.SeekToEnd().IgnoreError();  // whatever earlier runs have left

  std::atomic<int64_t> sampled = -1;  // known once the sampler has ended
  std::jthread sampler([&](const std::stop_token& stop) { sampled = Sample(*broker, stop); });
  std::map<std::string, Windows> figures;
  int64_t drawn = 0, newest = 0;
  size_t rows = 0;
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  std::cout << std::fixed << std::setprecision(1);
  while (sampled < 0 || aggregator.Lag().value() > 0) {
    if (Clock::now() > end) sampler.request_stop();
    const moldau::ConsumerRecords records = aggregator.Poll(50ms).value();
    for (const auto& record : records) {
      const int64_t number = record.timestamp().time_since_epoch() / 250ms;
      Window& window = figures[record.topic() + " " + std::string(record.key())][number];
      window.sum += std::stod(std::string(record.value())), ++window.count;
      newest = std::max(newest, number);
    }
    if (drawn == 0) drawn = newest;
    // Where nothing can be drawn over what is there, a table every two seconds will do.
    if (newest < drawn + (is_terminal ? 1 : 8)) continue;
    if (is_terminal && rows > 0) std::cout << "\033[" << rows << "A";
    Draw(figures);
    rows = figures.size() + 1;
    drawn = newest;
  }
  aggregator.Commit().IgnoreError();
  const int64_t aggregated = Draw(figures);

  const moldau::MetricsSnapshot metrics = broker->Metrics();
  std::istringstream text(metrics.ToPrometheusText());
  for (std::string line; std::getline(text, line);)
    for (const char* name :
         {"kafka_server_brokertopicmetrics_messagesin", "kafka_consumergroup_lag", "moldau_append_s"})
      if (line.rfind(name, 0) == 0) std::cout << line << "\n";
  const bool proved = aggregated == sampled && sampled == metrics.Sum(moldau::metric::kMessagesIn);
  std::cout << "samples in: " << sampled << ", aggregated: " << aggregated
            << (proved ? ": all there\n" : ": SAMPLES ARE MISSING\n");
  return proved ? 0 : 1;
}
