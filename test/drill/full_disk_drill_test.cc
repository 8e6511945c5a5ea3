// A real small file system is filled to the brim and emptied again, over and over: the append that meets the end of the
// space says so, everything before it can be read, and writing goes on when there is space.
#include <iostream>

#include "moldau/moldau.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/figure.h"
#include "support/small_disk.h"

namespace moldau::test {
namespace {

// Runs in a child, since SIGBUS, the classic answer to a full disk, would take the test with it. Returns 0 if all is
// well.
int FillAndFree(const std::string& directory, const std::string& durability, int cycles) {
  auto broker = Broker::Open({.data_dir = directory + "/data", .log_level = LogLevel::kSilent});
  if (!broker.ok()) return 10;
  const TopicConfig config = {
      {"moldau.durability", durability}, {"segment.bytes", "1048576"}, {"max.message.bytes", "65536"}};
  auto topic = (*broker)->OpenTopic("drill", {.config = config});
  if (!topic.ok()) return 11;
  Partition partition = topic->partition(0).value();
  const std::string value(1000, 'v');
  int64_t appended = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const int64_t before = appended;
    absl::Status status;
    while (status.ok()) {
      const auto receipt = partition.Append(Record{.value = value});
      status = receipt.ok() ? receipt->Wait() : receipt.status();
      if (status.ok()) ++appended;
      if (appended - before > 100'000) return 12;  // the disk never became full
    }
    if (!absl::IsResourceExhausted(status)) {
      std::cerr << "cycle " << cycle << ": " << status << "\n";
      return 13;
    }
    if (appended == before) return 14;  // no space came back
    if (partition.log_end_offset().value() != appended) return 15;
    int64_t offset = partition.log_start_offset().value();
    while (offset < appended) {
      const auto records = partition.Read(offset);
      if (!records.ok() || records->empty()) return 16;
      for (const RecordView& record : *records) {
        if (record.offset() != offset++ || record.value() != value) return 17;
      }
    }
    if (!partition.Trim(appended).ok()) return 18;
  }
  return (*broker)->Close().ok() ? 0 : 19;
}

TEST_CASE("a disk that is filled twenty times never kills the process and gives its space back each time",
          "[disk-full][L1]") {
  for (const char* durability : {"buffered", "flushed"}) {
    SmallDisk disk(SmallDisk::Kind::kTmpfs, 12 * 1024);
    INFO(disk.why_not());
    REQUIRE(disk.mounted());
    const ChildEnd end = RunInChild([&] { return FillAndFree(disk / "", durability, 20); });
    INFO(durability);
    CHECK(end.signal == 0);
    CHECK(end.exit_status == 0);
  }
  Figure("full disk: 2 x 20 cycles of filling and freeing, no signal, nothing lost");
}

}  // namespace
}  // namespace moldau::test
