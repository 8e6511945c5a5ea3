#include "metadata/metadata_log.h"

#include <memory>

#include "base/fork_guard.h"
#include "base/logger.h"
#include "base/memory_budget.h"
#include "log/flush_gate.h"
#include "log/handle_cache.h"
#include "moldau/base/manual_clock.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"

namespace moldau::metadata {
namespace {

using Catch::Matchers::Contains;

const Uuid kId{{1}};

// A data directory in memory with nothing but the log of topics.
struct Disk {
  explicit Disk(std::unique_ptr<storage::MemoryStorage> from = std::make_unique<storage::MemoryStorage>())
      : storage(std::move(from)) {
    storage->CreateDirectory("data").IgnoreError();  // it may be there
    storage->FlushDirectory(".").IgnoreError();
  }
  absl::StatusOr<std::unique_ptr<MetadataLog>> Open() {
    return MetadataLog::Open({.storage = storage.get(),
                              .clock = &clock,
                              .executor = executor.get(),
                              .callbacks = &callbacks,
                              .logger = &logger,
                              .memory = &memory,
                              .flush_gate = &gate,
                              .handles = &handles},
                             "data", {});
  }

  std::unique_ptr<storage::MemoryStorage> storage;
  ManualClock clock;
  std::unique_ptr<ManualExecutor> executor = MakeManualExecutor(clock);
  base::TaskScope callbacks{*executor};
  base::Logger logger{clock, nullptr, LogLevel::kSilent};
  base::MemoryBudget memory{1 << 30};
  log::FlushGate gate;
  log::HandleCache handles{100};
};

std::vector<MetadataRecord> NewTopic(const std::string& name, const Uuid& id) {
  return {TopicRecord{.name = name, .id = id},
          PartitionRecord{.partition = 0, .topic_id = id, .replicas = {0}, .in_sync_replicas = {0}, .leader = 0}};
}

TEST_CASE("records that were appended are replayed", "[metadata][log]") {
  Disk disk;
  TopicImage image;
  {
    auto log = disk.Open();
    REQUIRE_OK(log);
    CHECK((*log)->image().topics().empty());
    REQUIRE_OK((*log)->Append(NewTopic("orders", kId)));
    REQUIRE_OK((*log)->Append(NewTopic("audit", Uuid{{2}})));
    REQUIRE_OK((*log)->Append(std::vector<MetadataRecord>{RemoveTopicRecord{.topic_id = kId}}));
    image = (*log)->image();
  }
  auto log = disk.Open();
  REQUIRE_OK(log);
  CHECK(((*log)->image() == image));
  CHECK((*log)->image().Find("audit") != nullptr);
  CHECK((*log)->image().WasRemoved(kId));
}

TEST_CASE("what was appended survives a power cut", "[metadata][log]") {
  Disk disk;
  auto log = disk.Open();
  REQUIRE_OK(log);
  REQUIRE_OK((*log)->Append(NewTopic("orders", kId)));
  Disk after(disk.storage->CrashImage({}));
  auto replayed = after.Open();
  REQUIRE_OK(replayed);
  CHECK(((*replayed)->image() == (*log)->image()));
}

TEST_CASE("an append that fails leaves the image as it was", "[metadata][log]") {
  Disk disk;
  auto log = disk.Open();
  REQUIRE_OK(log);
  REQUIRE_OK((*log)->Append(NewTopic("orders", kId)));
  const TopicImage before = (*log)->image();
  disk.storage->SetHook([](const storage::Operation& operation) {
    return operation.kind == storage::OperationKind::kFlush ? absl::DataLossError("disk") : absl::OkStatus();
  });
  CHECK_FALSE((*log)->Append(NewTopic("audit", Uuid{{2}})).ok());
  CHECK(((*log)->image() == before));
}

TEST_CASE("records that contradict each other keep the log from opening, with topic and offset", "[metadata][log]") {
  Disk disk;
  {
    auto log = disk.Open();
    REQUIRE_OK(log);
    REQUIRE_OK((*log)->Append(NewTopic("orders", kId)));
    const std::string again = EncodeMetadataRecord(TopicRecord{.name = "orders", .id = Uuid{{3}}});
    const Record record{.value = again};
    REQUIRE_OK((*log)->log().Append({&record, 1}));
    REQUIRE_OK((*log)->log().Flush());
  }
  const absl::Status status = disk.Open().status();
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()),
             Contains("__cluster_metadata-0") && Contains("offset 2") && Contains("orders"));
}

TEST_CASE("a record of the future keeps the log from opening", "[metadata][log][L21]") {
  Disk disk;
  {
    auto log = disk.Open();
    REQUIRE_OK(log);
    const Record record{.value = std::string_view("\x01\x1b\x00", 3)};
    REQUIRE_OK((*log)->log().Append({&record, 1}));
    REQUIRE_OK((*log)->log().Flush());
  }
  const absl::Status status = disk.Open().status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK_THAT(std::string(status.message()), Contains("offset 0") && Contains("newer version"));
}

}  // namespace
}  // namespace moldau::metadata
