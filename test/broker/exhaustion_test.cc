// A process that may have few descriptors, little address space or little memory: the call that meets the limit says so
// with its numbers, and everything else goes on.
#include <sys/resource.h>

#include "broker_world.h"
#include "support/child_process.h"
#include "support/figure.h"
#include "support/scale.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

void Limit(int resource, rlim_t value) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  limit.rlim_cur = value;
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

bool Says(const absl::Status& status, std::string_view part) {
  return std::string_view(status.message().data(), status.message().size()).find(part) != std::string_view::npos;
}

TEST_CASE("64 descriptors are enough for many more partitions than that, written, read and opened again",
          "[broker][limits][L16]") {
  TempDir dir;
  const int partitions = std::max(200, Scaled(1000));
  const ChildEnd end = RunInChild([&]() -> int {
    Limit(RLIMIT_NOFILE, 64);
    for (int round = 0; round < 2; ++round) {
      auto broker = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
      if (!broker.ok()) return 10;
      auto topic = (*broker)->OpenTopic("orders", {.partitions = partitions, .durability = Durability::kBuffered});
      if (!topic.ok()) return 11;
      for (int i = 0; i < partitions; ++i) {
        Partition partition = topic->partition(i).value();
        const auto receipt = partition.Append({.value = std::to_string(i)});
        if (!receipt.ok() || receipt->offset() != round) return 12;
      }
      for (int i = 0; i < partitions; ++i) {
        const auto records = topic->partition(i)->Read(0);
        if (!records.ok() || (*records->begin()).value() != std::to_string(i)) return 13;
      }
      if (!(*broker)->Close().ok()) return 14;
    }
    return 0;
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == 0);
  Figure("64 descriptors: %d partitions written, read, closed and opened again", partitions);
}

TEST_CASE("when all descriptors are in use an append or a read names the limit, and works again with one free",
          "[broker][limits][L16]") {
  TempDir dir;
  const ChildEnd end = RunInChild([&]() -> int {
    Limit(RLIMIT_NOFILE, 64);
    auto broker = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
    if (!broker.ok()) return 10;
    auto topic = (*broker)->CreateTopic("orders", {.partitions = 80, .durability = Durability::kBuffered});
    if (!topic.ok()) return 11;
    for (int i = 0; i < 80; ++i) {
      if (!topic->partition(i)->Append({.value = "x"}).ok()) return 12;
    }
    // Views pin what they show; at some point nothing can be given back.
    std::vector<FetchedRecords> views;
    absl::Status status;
    for (int i = 0; i < 80 && status.ok(); ++i) {
      auto records = topic->partition(i)->Read(0);
      status = records.status();
      if (status.ok()) views.push_back(*std::move(records));
    }
    if (!absl::IsResourceExhausted(status)) return 13;
    if (!Says(status, "RLIMIT_NOFILE")) return 14;
    if (topic->partition(79)->Append({.value = "x"}).status().code() != absl::StatusCode::kResourceExhausted) return 15;
    const size_t seen = views.size();
    for (const FetchedRecords& records : views) {
      if ((*records.begin()).value() != "x") return 16;
    }
    views.clear();
    for (int i = 0; i < 80; ++i) {
      if (topic->partition(i)->Read(0)->empty()) return 17;
      if (!topic->partition(i)->Append({.value = "y"}).ok()) return 18;
    }
    return seen > 10 && (*broker)->Close().ok() ? 0 : 19;
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == 0);
}

TEST_CASE("an append is all or nothing when memory, mappings or descriptors cannot be had for it",
          "[broker][limits][L20]") {
  using Kind = storage::OperationKind;
  const Kind kind = GENERATE(Kind::kMap, Kind::kAllocate, Kind::kOpen, Kind::kPopulate);
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  BrokerWorld world;
  world.Open();
  Partition partition =
      PartitionOf(world.Create("orders", {.durability = durability, .config = {{"segment.bytes", "65536"}}}));
  AppendDurably(partition, "0");
  world.disk().SetHook([&](const storage::Operation& operation) {
    const bool fails = operation.kind == kind && operation.path.find("orders-0") != std::string::npos;
    return fails ? absl::ResourceExhaustedError("out of it") : absl::OkStatus();
  });
  const std::string value(1000, 'v');
  int64_t appended = 1;
  for (int i = 0; i < 300; ++i) {
    const int64_t before = *partition.log_end_offset();
    const auto receipt = partition.Append({.value = value});
    const absl::Status status = receipt.ok() ? receipt->Wait() : receipt.status();
    appended += status.ok() ? 1 : 0;
    if (!status.ok()) CHECK(status.code() == absl::StatusCode::kResourceExhausted);
    REQUIRE(*partition.log_end_offset() == before + (status.ok() ? 1 : 0));
    if (i % 50 == 0) world.Settle();
  }
  world.disk().SetHook(nullptr);
  CHECK(AppendDurably(partition, "last") == appended);
  CHECK(static_cast<int64_t>(ValuesOf(partition).size()) == appended + 1);
}

TEST_CASE("a disk without room for an index or a checkpoint costs neither appends nor reads, and is caught up with",
          "[broker][limits][L1]") {
  const char* file = GENERATE(".index", ".timeindex", "moldau.manifest", ".snapshot");
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  BrokerWorld world({.checkpoint_interval = 10s});
  world.Open();
  Partition partition = PartitionOf(world.Create(
      "orders", {.durability = durability, .config = {{"segment.bytes", "4096"}, {"index.interval.bytes", "256"}}}));
  AppendDurably(partition, "0");
  int failed = 0;
  world.disk().SetHook([&](const storage::Operation& operation) {
    const bool writes = operation.kind == storage::OperationKind::kWrite;
    if (!writes || operation.path.find(file) == std::string::npos) return absl::OkStatus();
    ++failed;
    return absl::ResourceExhaustedError("no space left");
  });
  const std::string value(900, 'v');
  for (int i = 1; i < 20; ++i) {
    AppendDurably(partition, value);
    world.Pass(5s);
  }
  REQUIRE_OK(partition.Roll());
  world.Settle();
  CHECK(ValuesOf(partition).size() == 20);
  for (int64_t offset = 0; offset < 20; ++offset) CHECK((*partition.Read(offset)->begin()).offset() == offset);
  CHECK_OK(partition.Describe()->health);
  auto image = world.AfterKill();
  world.disk().SetHook(nullptr);
  CHECK(AppendDurably(partition, "last") == 20);
  CHECK_OK(world.broker().Close());
  INFO(file << ", failed " << failed);
  CHECK(failed > 0);
  CHECK(ValuesOf(*world.Reopen().FindTopic("orders")).size() == 21);
  BrokerWorld after({}, std::move(image));
  CHECK(ValuesOf(*after.Open().FindTopic("orders")).size() == 20);
}

}  // namespace
}  // namespace moldau::test
