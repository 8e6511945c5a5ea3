// Follows text logs: one producer per file writes lines to the topic "logs", and two independent subscribers read them:
// one counts lines by program, level or action, the other writes them all into one archive. A second run goes on where
// this one ended.
//
//   log_aggregation [FILE...]    without files: the machine's readable logs, else the licence texts that every Debian
//   has
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// What a line is about: the program of a syslog line, the action of a dpkg log, the level of others, else nothing in
// particular.
std::string KindOf(const std::string& line) {
  std::istringstream words(line);
  std::string first, second, third, fourth, fifth;
  words >> first >> second >> third >> fourth >> fifth;
  if (first.size() == 10 && first[4] == '-' && second.size() >= 8 && second[2] == ':')
    return third.substr(0, third.find(':'));
  if (third.size() == 8 && third[2] == ':' && third[5] == ':') return fifth.substr(0, fifth.find_first_of("[:"));
  for (const char* level : {"ERROR", "WARN", "INFO", "DEBUG"}) {
    if (line.find(level) != std::string::npos) return level;
  }
  return line.empty() ? "(empty line)" : "(text)";
}

std::vector<std::string> ReadableLogs() {
  std::vector<std::string> files;
  for (const char* folder : {"/var/log", "/usr/share/common-licenses"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.is_symlink() || entry.file_size() == 0) continue;
      std::ifstream in(entry.path());
      std::string start(512, ' ');
      in.read(start.data(), 512);
      if (in.gcount() > 0 && start.find('\0') == std::string::npos) files.push_back(entry.path());
    }
    if (!files.empty()) break;
  }
  return files;
}

// How far each file was read by earlier runs: the last line of each file carries the position behind it.
std::map<std::string, std::streamoff> Progress(moldau::Broker& broker, const moldau::Topic& logs) {
  std::map<std::string, std::streamoff> read_to;
  std::vector<moldau::TopicPartition> all;
  for (int32_t p = 0; p < logs.partition_count(); ++p) all.push_back({"logs", p});
  auto reader = moldau::Consumer::Assign(broker, all).value();
  while (reader.Lag().value() > 0) {
    const moldau::ConsumerRecords records = reader.Poll(1s).value();
    for (const auto& record : records) {
      for (const auto& header : record.headers())
        read_to[std::string(record.key())] = std::stoll(std::string(header.value));
    }
  }
  return read_to;
}

// Sends the lines of `path` from `from` on, until nothing has been added to the file for a moment.
void Follow(moldau::Producer& producer, const std::string& path, std::streamoff from, std::atomic<int64_t>& sent) {
  std::ifstream in(path);
  in.seekg(from);
  std::string line;
  for (int quiet = 0; quiet < 3;) {
    while (std::getline(in, line) && !in.eof()) {
      const std::string read_to = std::to_string(in.tellg());
      const moldau::Header position[] = {{.key = "read_to", .value = read_to}};
      producer.Send("logs", {.key = path, .value = line, .headers = position}).value();
      from = in.tellg();
      ++sent;
      quiet = 0;
    }
    in.clear();
    in.seekg(from);
    std::this_thread::sleep_for(100ms);
    ++quiet;
  }
}

int main(int argc, char** argv) {
  const char* chosen = std::getenv("MOLDAU_DATA");
  const std::string data = chosen != nullptr ? chosen : "log_aggregation.data";
  auto broker = moldau::Broker::Open({.data_dir = data}).value();
  auto logs = broker->OpenTopic("logs", {.partitions = 4}).value();
  const std::vector<std::string> files = argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : ReadableLogs();
  const std::map<std::string, std::streamoff> read_to = Progress(*broker, logs);

  std::atomic<int64_t> sent = 0, counted = 0, archived = 0;
  std::atomic<bool> all_sent = false;
  std::map<std::string, int64_t> lines_by_kind;
  std::ofstream archive(data + "/archive.log", std::ios::app);
  // Both subscribers see every line, each at its own pace, and commit what they have done.
  const auto subscribe = [&](const std::string& group, std::atomic<int64_t>& done, auto handle) {
    auto consumer =
        moldau::Consumer::Subscribe(*broker, {.group = group, .topics = {"logs"}, .enable_auto_commit = false}).value();
    while (!all_sent || consumer.Lag().value() > 0) {
      const moldau::ConsumerRecords records = consumer.Poll(50ms).value();
      for (const auto& record : records) handle(record), ++done;
      consumer.Commit().IgnoreError();  // if it fails, a later run repeats some lines
    }
  };
  const int64_t left_over = [&] {  // of a run that was interrupted
    auto consumer = moldau::Consumer::Subscribe(*broker, {.group = "counter", .topics = {"logs"}}).value();
    return consumer.Lag().value();
  }();
  std::cout << "following " << files.size() << " files into the topic \"logs\" in " << data << "\n";
  std::jthread counter(
      [&] { subscribe("counter", counted, [&](const auto& r) { ++lines_by_kind[KindOf(std::string(r.value()))]; }); });
  std::jthread archiver([&] { subscribe("archive", archived, [&](const auto& r) { archive << r.value() << "\n"; }); });
  {
    std::vector<std::jthread> followers;
    std::atomic<size_t> finished = 0;
    for (const std::string& file : files) {
      followers.emplace_back([&, file] {
        moldau::Producer producer(*broker);
        Follow(producer, file, read_to.contains(file) ? read_to.at(file) : 0, sent);
        producer.Flush().IgnoreError();  // what is missing shows in the proof below
        ++finished;
      });
    }
    while (finished < files.size()) {
      std::this_thread::sleep_for(200ms);
      std::cout << "  " << sent << " lines sent, " << counted << " counted, " << archived << " archived" << std::endl;
    }
  }
  all_sent = true;
  counter.join();
  archiver.join();

  std::vector<std::pair<int64_t, std::string>> table;
  for (const auto& [kind, lines] : lines_by_kind) table.emplace_back(lines, kind);
  std::sort(table.rbegin(), table.rend());
  if (table.size() > 15) table.resize(15);
  for (const auto& [lines, kind] : table) {
    std::cout << std::setw(20) << kind << std::setw(9) << lines << " "
              << std::string(static_cast<size_t>(1 + 40 * lines / table.front().first), '#') << "\n";
  }
  const bool proved = counted == sent + left_over && archived == counted;
  std::cout << "new lines sent: " << sent << ", left over from before: " << left_over << ", counted: " << counted
            << ", archived: " << archived << (proved ? ": all there\n" : ": LINES ARE MISSING\n");
  if (sent == 0) std::cout << "nothing new since the last run; every line is in " << data << "/archive.log\n";
  return proved ? 0 : 1;
}
