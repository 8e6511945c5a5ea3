// Follows text logs: one producer per file writes lines to the topic "logs", and two independent subscribers read them:
// one counts lines by program, level or action, the other writes them all into one archive. A second run goes on where
// this one ended.
//
//   log_aggregation [FILE...]   without files: the machine's readable logs, else the licence texts of every Debian
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// What a line is about: the action of a dpkg log, the program of a syslog line, the level of others.
std::string KindOf(const std::string& line) {
  std::istringstream words(line);
  std::string word[5];
  for (std::string& next : word) words >> next;
  if (word[1].size() >= 8 && word[1][2] == ':') return word[2].substr(0, word[2].find(':'));
  if (word[2].size() == 8 && word[2][2] == ':') return word[4].substr(0, word[4].find_first_of("[:"));
  for (const char* level : {"ERROR", "WARN", "INFO", "DEBUG"})
    if (line.find(level) != std::string::npos) return level;
  return "(text)";
}

std::vector<std::string> ReadableLogs() {
  std::vector<std::string> files;
  for (const char* folder : {"/var/log", "/usr/share/common-licenses"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::string start;
      if (entry.is_regular_file() && !entry.is_symlink()) std::getline(std::ifstream(entry.path()), start);
      if (!start.empty() && start.find('\0') == std::string::npos) files.push_back(entry.path());
    }
    if (!files.empty()) break;
  }
  return files;
}

// How many lines of each file earlier runs have sent.
std::map<std::string, int64_t> LinesSent(moldau::Broker& broker) {
  std::map<std::string, int64_t> lines;
  auto reader = moldau::Consumer::Subscribe(broker, {.topics = {"logs"}}).value();
  while (reader.Lag().value() > 0) {
    const moldau::ConsumerRecords records = reader.Poll(1s).value();
    for (const auto& record : records) ++lines[std::string(record.key())];
  }
  return lines;
}

// Sends the lines of `path` behind the first `known`, until nothing has been added to the file for a moment.
void Follow(moldau::Producer& producer, const std::string& path, int64_t known, std::atomic<int64_t>& sent) {
  std::ifstream in(path);
  std::string line;
  std::streamoff behind_line = 0;
  for (int quiet = 0; quiet < 3; ++quiet, std::this_thread::sleep_for(100ms)) {
    for (; std::getline(in, line) && !in.eof(); behind_line = in.tellg(), quiet = 0) {
      if (known > 0 && known-- > 0) continue;
      producer.Send("logs", {.key = path, .value = line}).value();
      ++sent;
    }
    if (known > 0) known = behind_line = 0;  // shorter than it was: another file by the same name
    in.clear();
    in.seekg(behind_line);
  }
}

void PrintTable(const std::map<std::string, int64_t>& lines_by_kind) {
  std::multimap<int64_t, std::string, std::greater<>> table;
  for (const auto& [kind, lines] : lines_by_kind) table.emplace(lines, kind);
  for (const auto& [lines, kind] : table) {
    const std::string bar(static_cast<size_t>(1 + 40 * lines / table.begin()->first), '#');
    std::cout << std::setw(20) << kind << std::setw(9) << lines << " " << bar << "\n";
  }
}

int main(int argc, char** argv) {
  const char* chosen = std::getenv("MOLDAU_DATA");
  const std::string data = chosen != nullptr ? chosen : "log_aggregation.data";
  const std::vector<std::string> files = argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : ReadableLogs();
  for (const std::string& file : files)
    if (!std::ifstream(file)) return std::cerr << "cannot read " << file << "\n", 2;
  auto broker = moldau::Broker::Open({.data_dir = data}).value();
  broker->OpenTopic("logs", {.partitions = 4, .config = {{"retention.ms", "-1"}}}).value();
  std::map<std::string, int64_t> known = LinesSent(*broker);

  // Two groups: each sees every line, at its own pace, and goes on where it last committed.
  const auto subscribe = [&](const char* group) {
    return moldau::Consumer::Subscribe(*broker, {.group = group, .topics = {"logs"}}).value();
  };
  moldau::Consumer count_lines = subscribe("counter"), archive_lines = subscribe("archive");
  // By a run that was interrupted.
  const int64_t left_over = count_lines.Lag().value(), left_to_archive = archive_lines.Lag().value();

  std::atomic<int64_t> sent = 0, counted = 0, archived = 0;
  std::atomic<bool> all_sent = false;
  const auto consume = [&](moldau::Consumer& consumer, std::atomic<int64_t>& done, auto handle) {
    while (!all_sent || consumer.Lag().value() > 0) {
      const moldau::ConsumerRecords records = consumer.Poll(50ms).value();
      for (const auto& record : records) handle(std::string(record.value())), ++done;
      consumer.Commit().IgnoreError();  // if it fails, a later run repeats some lines
    }
  };
  std::cout << "following " << files.size() << " files into the topic \"logs\" in " << data << "\n";

  std::map<std::string, int64_t> lines_by_kind;
  std::ofstream archive(data + "/archive.log", std::ios::app);
  std::jthread counter([&] { consume(count_lines, counted, [&](auto line) { ++lines_by_kind[KindOf(line)]; }); });
  std::jthread archiver([&] { consume(archive_lines, archived, [&](auto line) { archive << line << "\n"; }); });
  std::atomic<size_t> finished = 0;
  std::vector<std::jthread> followers;
  for (const std::string& file : files) {
    followers.emplace_back([&, file, lines = known[file]] {
      moldau::Producer producer(*broker);
      Follow(producer, file, lines, sent);
      producer.Flush().IgnoreError();  // what is missing shows in the proof below
      ++finished;
    });
  }
  while (finished < files.size()) {
    std::this_thread::sleep_for(200ms);
    std::cout << "  " << sent << " lines sent, " << counted << " counted, " << archived << " archived" << std::endl;
  }
  all_sent = true;
  counter.join();
  archiver.join();
  PrintTable(lines_by_kind);
  const bool proved = counted == sent + left_over && archived == sent + left_to_archive;
  std::cout << "new lines sent: " << sent << ", left over from before: " << left_over << ", counted: " << counted
            << ", archived: " << archived << (proved ? ": all there\n" : ": LINES ARE MISSING\n");
  if (sent == 0) std::cout << "nothing new since the last run; every line is in " << data << "/archive.log\n";
  return proved ? 0 : 1;
}
