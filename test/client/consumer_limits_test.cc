// A consumer in a process that may have few descriptors.
#include <sys/resource.h>

#include <iterator>

#include "moldau/moldau.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

TEST_CASE("a consumer that has read many more partitions than there are descriptors keeps none of them from others",
          "[client][consumer][limits][L16]") {
  TempDir dir;
  constexpr int kPartitions = 100;
  const ChildEnd end = RunInChild([&]() -> int {
    const rlimit few{.rlim_cur = 64, .rlim_max = 64};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 9;
    auto broker = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
    if (!broker.ok()) return 10;
    auto topic = (*broker)->CreateTopic("orders", {.partitions = kPartitions, .durability = Durability::kBuffered});
    if (!topic.ok()) return 11;
    for (int i = 0; i < kPartitions; ++i) {
      if (!topic->partition(i)->Append({.value = "x"}).ok()) return 12;
    }
    auto consumer = Consumer::Subscribe(**broker, {.group = "readers", .topics = {"orders"}, .max_poll_records = 10});
    if (!consumer.ok()) return 13;
    for (int read = 0; read < kPartitions;) {
      const auto records = consumer->Poll(std::chrono::seconds(60));
      if (!records.ok()) return 14;
      read += static_cast<int>(std::distance(records->begin(), records->end()));
    }
    if (!consumer->Commit().ok()) return 15;
    return (*broker)->Close().ok() ? 0 : 16;
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_status == 0);
}

}  // namespace
}  // namespace moldau::test
