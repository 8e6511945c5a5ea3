// Beginning: recovery after a kill, opening many partitions, a whole short life.
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "absl/strings/str_format.h"
#include "harness/floors.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

constexpr int64_t kRecoveryBatches = 40'000;  // of 100 records of 100 B: 440 MB
constexpr int kTopics = 100;
constexpr int64_t kIdlePartitions = 10'000;
constexpr int kGroups = 100;

std::unique_ptr<Broker> OpenAt(const std::string& directory) { return Must(Broker::Open({.data_dir = directory})); }

// --- recovery ---

// A child: fills a log and is killed. The number of batches stands in a file, so that a smoke test is short.
int FillAndDie(const std::string& directory) {
  int64_t batches = 0;
  std::ifstream(directory + ".batches") >> batches;
  const auto broker = OpenAt(directory);
  const Topic topic = Must(broker->CreateTopic("bench", {.durability = Durability::kBuffered}));
  Partition partition = Must(topic.partition(0));
  const Messages messages(100);
  const std::vector<Record> records = messages.Records(100);
  for (int64_t i = 0; i < batches; ++i) Done(partition.Append(records));
  return raise(SIGKILL);
}

double LogBandwidth(Broker& broker, int64_t records) {
  Partition partition = Must(Must(broker.FindTopic("bench")).partition(0));
  std::vector<FetchedRecords> all;
  std::vector<std::span<const std::byte>> ranges;
  for (int64_t at = 0; at < records;) {
    all.push_back(Must(partition.Read(at)));
    ranges.push_back(all.back().batches());
    at = all.back().next_offset();
  }
  Keep(ReadBandwidth(ranges));  // maps every page
  return ReadBandwidth(ranges);
}

Sample MeasureRecovery(int64_t batches) {
  const Scratch scratch;
  const std::string directory = scratch.path() + "/data";
  std::ofstream(directory + ".batches") << batches << "\n";
  RunChildProcess("fill_and_die", directory, /*is_killed=*/true);
  std::unique_ptr<Broker> broker;
  const double seconds = SecondsOf([&] { broker = OpenAt(directory); });
  Partition partition = Must(Must(broker->FindTopic("bench")).partition(0));
  if (Must(partition.log_end_offset()) != batches * 100) Die("recovery: records are missing");
  const auto bytes = static_cast<double>(Must(partition.size_bytes()));
  if (broker->recovery().scanned_bytes < static_cast<int64_t>(bytes)) Die("recovery: not everything was scanned");
  Sample sample{.floor_before = LogBandwidth(*broker, batches * 100)};
  sample.floor_after = LogBandwidth(*broker, batches * 100);
  sample.value = bytes / seconds / ((sample.floor_before + sample.floor_after) / 2);
  return sample;
}

// --- many partitions ---

// Directories with many partitions take seconds to fill, so all repeats use one.
class ManyPartitions {
 public:
  explicit ManyPartitions(int64_t partitions) {
    const int64_t topics = std::min<int64_t>(kTopics, partitions);
    const auto broker = OpenAt(directory());
    for (int64_t t = 0; t < topics; ++t) {
      const auto count = static_cast<int32_t>(partitions / topics);
      const Topic topic = Must(broker->CreateTopic(absl::StrFormat("bench-%d", t),
                                                   {.partitions = count, .durability = Durability::kBuffered}));
      for (int32_t p = 0; p < count; ++p) Done(Must(topic.partition(p)).Append(Record{.value = "one"}));
      count_ += count;
    }
    Must(broker->Close(std::chrono::minutes(5)));  // as many flushes as partitions
  }
  [[nodiscard]] std::string directory() const { return scratch_.path() + "/data"; }
  [[nodiscard]] double count() const { return static_cast<double>(count_); }

 private:
  Scratch scratch_;
  int64_t count_ = 0;
};

int64_t StatusKib(const char* name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name, 0) == 0) return std::atoll(line.c_str() + std::string_view(name).size());
  }
  return 0;
}

int64_t OpenDescriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  int64_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

// Memory that is this process's own, page tables included.
int64_t OwnKib() { return StatusKib("RssAnon:") + StatusKib("RssShmem:") + StatusKib("VmPTE:"); }

// A child: opens, and prints seconds, bytes and descriptors.
int OpenMany(const std::string& directory) {
  const int64_t kib = OwnKib();
  const int64_t descriptors = OpenDescriptors();
  std::unique_ptr<Broker> broker;
  const double seconds = SecondsOf([&] { broker = OpenAt(directory); });
  std::printf("%.9f %lld %lld\n", seconds, static_cast<long long>((OwnKib() - kib) * 1024),
              static_cast<long long>(OpenDescriptors() - descriptors));
  return 0;
}

enum class OpenCost { kSeconds, kBytes, kDescriptors };

Sample MeasureOpen(const std::shared_ptr<std::unique_ptr<ManyPartitions>>& shared, OpenCost cost, int64_t partitions) {
  if (*shared == nullptr) *shared = std::make_unique<ManyPartitions>(partitions);
  std::istringstream printed(RunChildProcess("open_many", (*shared)->directory()));
  double seconds = 0, bytes = 0, descriptors = 0;
  printed >> seconds >> bytes >> descriptors;
  switch (cost) {
    case OpenCost::kSeconds:
      return {.value = seconds};
    case OpenCost::kBytes:
      return {.value = bytes / (*shared)->count()};
    case OpenCost::kDescriptors:
      break;
  }
  return {.value = descriptors / (*shared)->count()};
}

// --- many partitions, many groups, nothing to do ---

double CpuSeconds() {
  timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// A child: every group reads every partition to its end and commits; then it prints what they take while nothing comes:
// the share of a core, and bytes of each partition of each group.
int IdleGroups(const std::string& directory) {
  const auto broker = OpenAt(directory);
  const std::vector<std::string> topics = broker->ListTopics();
  int64_t partitions = 0;
  for (const std::string& topic : topics) partitions += Must(broker->FindTopic(topic)).partition_count();
  const auto groups = static_cast<int>(std::min<int64_t>(kGroups, partitions));
  const int64_t kib = OwnKib();
  std::vector<Consumer> consumers;
  for (int group = 0; group < groups; ++group) {
    consumers.push_back(Must(
        Consumer::Subscribe(*broker, {.group = absl::StrFormat("group %d of %d", group, getpid()), .topics = topics})));
    for (int64_t left = partitions; left > 0;) {
      left -= static_cast<int64_t>(Must(consumers.back().Poll(std::chrono::seconds(10))).partitions().size());
    }
    Must(consumers.back().Commit());
  }
  const double bytes_each = static_cast<double>((OwnKib() - kib) * 1024) / static_cast<double>(partitions * groups);
  const double seconds = partitions < kIdlePartitions ? 0.1 : 10;
  const double cpu = CpuSeconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  std::printf("%.9f %.9f\n", 100 * (CpuSeconds() - cpu) / seconds, bytes_each);
  return 0;
}

enum class IdleCost { kCpuPercent, kBytes };

Sample MeasureIdle(const std::shared_ptr<std::unique_ptr<ManyPartitions>>& shared, IdleCost cost, int64_t partitions) {
  if (*shared == nullptr) *shared = std::make_unique<ManyPartitions>(partitions);
  std::istringstream printed(RunChildProcess("idle_groups", (*shared)->directory()));
  double percent = 0, bytes = 0;
  printed >> percent >> bytes;
  return {.value = cost == IdleCost::kCpuPercent ? percent : bytes};
}

// --- a short life ---

int OneRecord(const std::string& directory) {
  const auto broker = OpenAt(directory);
  const Topic topic = Must(broker->OpenTopic("orders"));
  Producer producer(*broker);
  Done(producer.Send(topic, {.key = "alice", .value = "espresso"}));
  Consumer consumer = Must(Consumer::Subscribe(*broker, {.topics = {"orders"}}));
  Must(producer.Flush());
  const ConsumerRecords records = Must(consumer.Poll(std::chrono::seconds(1)));
  return records.empty() ? 1 : 0;
}

Sample MeasureStart() {
  const Scratch scratch;
  return {.value = 1000 * SecondsOf([&] { RunChildProcess("one_record", scratch.path() + "/data"); })};
}

}  // namespace

std::vector<Figure> OpenFigures(const Scale& scale) {
  const auto shared = std::make_shared<std::unique_ptr<ManyPartitions>>();
  const int64_t partitions = scale.Of(kIdlePartitions);
  const auto open = [&](std::string name, std::string what, std::string unit, double must, double aim, OpenCost cost) {
    return Figure{.name = std::move(name),
                  .what = std::move(what),
                  .unit = std::move(unit),
                  .must = must,
                  .aim = aim,
                  .less_is_better = true,
                  .measure = [=] { return MeasureOpen(shared, cost, partitions); }};
  };
  const auto idle = [&](std::string name, std::string what, std::string unit, double must, double aim, IdleCost cost) {
    return Figure{.name = std::move(name),
                  .what = std::move(what),
                  .unit = std::move(unit),
                  .must = must,
                  .aim = aim,
                  .less_is_better = true,
                  .measure = [=] { return MeasureIdle(shared, cost, partitions); }};
  };
  return {{.name = "recovery",
           .what = "reopening after a kill, cached, to read bandwidth",
           .must = 0.30,
           .aim = 0.40,
           .measure = [=] { return MeasureRecovery(scale.Of(kRecoveryBatches)); }},
          open("open_10k_s", "opening 10,000 partitions with records", " s", 0.5, 0.3, OpenCost::kSeconds),
          open("open_10k_bytes_each", "memory of each", " B", 8192, 8192, OpenCost::kBytes),
          open("open_10k_fds_each", "descriptors of each", "", 1, 1, OpenCost::kDescriptors),
          idle("idle_groups_cpu", "of a core, while 100 groups wait for 10,000 partitions", " %", 1, 0.1,
               IdleCost::kCpuPercent),
          idle("idle_groups_bytes_each", "memory of a partition of a group", " B", 1024, 256, IdleCost::kBytes),
          {.name = "start_ms",
           .what = "a whole process: open, send a record, poll it, exit",
           .unit = " ms",
           .must = 20,
           .aim = 5,
           .less_is_better = true,
           .measure = MeasureStart}};
}

int RunChild(const std::string& name, const std::string& directory) {
  if (name == "fill_and_die") return FillAndDie(directory);
  if (name == "open_many") return OpenMany(directory);
  if (name == "idle_groups") return IdleGroups(directory);
  if (name == "one_record") return OneRecord(directory);
  return -1;
}

}  // namespace moldau::bench
