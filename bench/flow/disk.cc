// What records take on the disk once their broker is closed.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr size_t kPerBatch = 100;

double DiskBytes(const std::string& directory) {
  constexpr double kBlock = 512;
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    if (stat(entry.path().c_str(), &status) != 0) Die("cannot look at " + entry.path().string());
    if (S_ISREG(status.st_mode)) bytes += static_cast<double>(status.st_blocks) * kBlock;
  }
  return bytes;
}

// Closes the broker and returns what the topic's only partition takes.
double DiskBytesAfterClose(OneLog& log) {
  const std::string directory = Must(log.partition.Describe()).directory;
  Must(log.broker->Close());
  return DiskBytes(directory);
}

Sample MeasureBytesPerRecord(int64_t batches) {
  OneLog log(Durability::kBuffered);
  const Messages messages(100);
  const std::vector<Record> batch = messages.Records(kPerBatch);
  for (int64_t i = 0; i < batches; ++i) Done(log.partition.Append(batch));
  return {.value = DiskBytesAfterClose(log) / static_cast<double>(batches) / kPerBatch};
}

// Lines of this machine's own logs, in the order of their names: at least `least_bytes` of them.
std::vector<std::string> LogLines(size_t least_bytes) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  std::vector<std::filesystem::path> paths;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           "/var/log", std::filesystem::directory_options::skip_permission_denied, unreadable)) {
    if (entry.path().extension() == ".log") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> lines;
  size_t bytes = 0;
  for (const auto& path : paths) {
    std::ifstream in(path);
    for (std::string line; bytes < kMostBytes && std::getline(in, line); bytes += line.size()) lines.push_back(line);
  }
  if (bytes < least_bytes) Die("this machine has no logs in /var/log to compress");
  return lines;
}

// The lines are sent as often as it takes for what a log costs once not to count; batches are too small to notice the
// repetition.
Sample MeasureLz4(size_t least_bytes, double raw_bytes) {
  const std::vector<std::string> lines = LogLines(least_bytes);
  OneLog log(Durability::kBuffered);
  Producer producer(*log.broker, {.compression = Compression::kLz4});
  double raw = 0;
  while (raw < raw_bytes) {
    for (const std::string& line : lines) {
      Done(producer.Send(log.topic, {.value = line}));
      raw += static_cast<double>(line.size());
    }
  }
  Must(producer.Close());
  return {.value = DiskBytesAfterClose(log) / raw};
}

}  // namespace

std::vector<Figure> DiskFigures(const Scale& scale) {
  const int64_t batches = scale.Of(10'000);
  const auto least_bytes = static_cast<size_t>(scale.Of(64 << 10));
  const auto raw_bytes = static_cast<double>(scale.Of(16 << 20));
  return {{.name = "disk_bytes_100",
           .what = "bytes on disk per record of 100 B, in batches of 100",
           .unit = " B",
           .must = 115,
           .aim = 115,
           .less_is_better = true,
           .measure = [=] { return MeasureBytesPerRecord(batches); }},
          {.name = "disk_lz4_ratio",
           .what = "lines of this machine's logs on disk with LZ4, to raw",
           .must = 0.35,
           .aim = 0.35,
           .less_is_better = true,
           .measure = [=] { return MeasureLz4(least_bytes, raw_bytes); }}};
}

}  // namespace moldau::bench
