// Counts words and phrases over real texts. What is counted lives in memory; each change goes to a changelog topic,
// which is compacted to the last count of each word. A life that ends in the middle of a text loses nothing: the next
// one reads the changelog and goes on where it was.
//
//   stream_processing [FILE...]   without files: the licence texts of every Debian
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kData = "stream_processing.data";

// How often a word or a phrase was seen, and the line up to which: a line that is read twice counts once.
struct Count {
  int64_t times = 0;
  int64_t line = -1;
};
using Counts = std::map<std::string, Count>;

// Counts the words of a line and each two that stand side by side, and tells what that has changed.
void CountLine(Counts& counts, int64_t number, std::string line,
               const std::function<void(const std::string&, const Count&)>& changed) {
  for (char& c : line) c = std::isalpha(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c)) : ' ';
  std::istringstream words(line);
  std::map<std::string, int64_t> in_line;
  for (std::string word, before; words >> word; before = word) {
    ++in_line[word];
    if (!before.empty()) ++in_line[before + " " + word];
  }
  for (const auto& [text, times] : in_line) {
    Count& count = counts[text];
    if (count.line >= number) continue;
    count = {count.times + times, number};
    changed(text, count);
  }
}

// What earlier lives have counted.
Counts ReadChangelog(moldau::Broker& broker) {
  Counts counts;
  int64_t read = 0;
  auto reader = moldau::Consumer::Subscribe(broker, {.topics = {"counts"}}).value();
  while (reader.Lag().value() > 0) {
    const moldau::ConsumerRecords records = reader.Poll(1s).value();
    for (const auto& record : records) {
      Count& count = counts[std::string(record.key())];
      std::istringstream(std::string(record.value())) >> count.times >> count.line;
      ++read;
    }
  }
  const int64_t changes = broker.FindTopic("counts")->partition(0)->log_end_offset().value();
  std::cout << "  " << changes << " changes of " << counts.size()
            << " words and phrases so far; the changelog still has " << read << "\n";
  return counts;
}

// One life: goes on where the one before was, and ends after `lines` lines without a word. False if there are more.
bool Live(int64_t lines, Counts& counts) {
  auto broker = moldau::Broker::Open({.data_dir = kData, .compaction_check_interval = 50ms}).value();
  counts = ReadChangelog(*broker);
  const moldau::ConsumerOptions options = {
      .group = "counter", .topics = {"lines"}, .max_poll_records = 100, .enable_auto_commit = false};
  auto consumer = moldau::Consumer::Subscribe(*broker, options).value();
  moldau::Producer changelog(*broker);
  std::cout << "  goes on at line " << consumer.Position({"lines", 0}).value() << std::endl;
  while (consumer.Lag().value() > 0) {
    const moldau::ConsumerRecords records = consumer.Poll(1s).value();
    for (const auto& record : records) {
      CountLine(counts, record.offset(), std::string(record.value()), [&](const std::string& text, const Count& count) {
        const std::string value = std::to_string(count.times) + " " + std::to_string(count.line);
        changelog.Send("counts", {.key = text, .value = value}).value();
      });
      if (--lines == 0) return false;
    }
    // First the counts, then the position: of lines that are read again each word knows that it has been counted.
    if (!changelog.Flush().ok() || !consumer.Commit().ok()) return false;
  }
  return true;
}

int main(int argc, char** argv) {
  std::vector<std::string> files(argv + 1, argv + argc);
  if (files.empty()) {
    for (const auto& entry : fs::directory_iterator("/usr/share/common-licenses")) {
      if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
    }
  }
  fs::remove_all(kData);
  Counts expected, counts;
  int64_t lines = 0;
  {
    auto broker = moldau::Broker::Open({.data_dir = kData}).value();
    broker->OpenTopic("lines").value();
    broker->OpenTopic("counts", {.config = {{"cleanup.policy", "compact"}, {"segment.bytes", "262144"}}}).value();
    moldau::Producer producer(*broker, {.compression = moldau::Compression::kZstd});
    for (const std::string& file : files) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line); ++lines) {
        producer.Send("lines", {.key = file, .value = line}).value();
        CountLine(expected, lines, line, [](const std::string&, const Count&) {});
      }
    }
    if (!producer.Flush().ok()) return 1;
  }
  std::cout << lines << " lines of " << files.size() << " files\n";
  for (int life = 1; life <= 4; ++life) {
    std::cout << "life " << life << ":\n";
    if (Live(life < 4 ? lines / 4 : -1, counts)) break;
  }

  std::multimap<int64_t, std::string, std::greater<>> table;
  bool right = counts.size() == expected.size();
  for (const auto& [text, count] : counts) {
    table.emplace(count.times, text);
    right &= count.times == expected[text].times;
  }
  int rows = 0;
  for (auto row = table.begin(); row != table.end() && ++rows <= 20; ++row) {
    std::cout << std::setw(8) << row->first << "  " << row->second << "\n";
  }
  std::cout << (right ? "every word is counted as often as it is there\n" : "THE COUNTS ARE WRONG\n");
  return right ? 0 : 1;
}
