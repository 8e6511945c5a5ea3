#include "broker_world.h"
#include "support/child_process.h"
#include "support/temp_dir.h"

namespace moldau::test {
namespace {

TEST_CASE("a forked child can do nothing with its parent's broker, and leaves it unharmed", "[broker][fork]") {
  TempDir dir;
  auto opened = Broker::Open({.data_dir = dir / "data", .log_level = LogLevel::kSilent});
  REQUIRE_OK(opened);
  std::unique_ptr<Broker> broker = *std::move(opened);
  std::optional<Topic> topic = *broker->CreateTopic("orders", kBufferedTopic);
  std::optional<Partition> partition = *topic->partition(0);
  Put(*partition, "one");
  std::optional<TailReader> tail = *partition->Tail(0);
  std::optional<Partition> unused = *(*broker->CreateTopic("unused")).partition(0);

  const ChildEnd end = RunInChild([&] {
    int failed = 0;
    const auto refused = [&](const absl::Status& status) {
      failed += status.code() == absl::StatusCode::kFailedPrecondition ? 0 : 1;
    };
    refused(broker->CreateTopic("x").status());
    refused(broker->OpenTopic("orders").status());
    refused(broker->FindTopic("orders").status());
    refused(broker->DeleteTopic("orders"));
    refused(broker->Flush());
    refused(broker->Close());
    refused(partition->Append({.value = "child"}).status());
    refused(partition->Read(0).status());
    refused(partition->Flush());
    refused(partition->BeginClaim(std::nullopt, 3).status());
    refused(unused->Append({.value = "child"}).status());
    refused(tail->Next(std::chrono::nanoseconds(0)).status());
    failed += broker->Metrics().families().empty() ? 0 : 1;
    broker.reset();
    tail.reset();
    unused.reset();
    partition.reset();
    topic.reset();
    return failed;
  });
  CHECK(end.exit_status == 0);
  CHECK(end.signal == 0);

  Put(*partition, "two");
  CHECK(ValuesOf(*partition) == Strings{"one", "two"});
  CHECK_FALSE(Broker::Open({.data_dir = dir / "data"}).ok());  // the lock is still the parent's
  CHECK_OK(broker->Close());
}

}  // namespace
}  // namespace moldau::test
