#include "coordinator/offset_store.h"

#include <map>
#include <set>

#include "coordinator/java_hash.h"
#include "coordinator/offset_logs.h"
#include "moldau/base/random.h"
#include "moldau/record/batch_view.h"

namespace moldau::coordinator {
namespace {

using namespace std::chrono_literals;

const TopicPartition kOrders0{"orders", 0};
const TopicPartition kOrders1{"orders", 1};
const TopicPartition kAudit0{"audit", 0};

TEST_CASE("what was committed is fetched, the rest is missing", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  const auto receipt =
      Commit(logs, store, "baristas",
             {{kOrders0, {.offset = 5, .leader_epoch = 2, .metadata = "m"}}, {kAudit0, {.offset = 9}}});
  REQUIRE_OK(receipt);
  const auto fetched = store.Fetch("baristas", std::vector<TopicPartition>{kOrders0, kOrders1});
  REQUIRE_OK(fetched);
  REQUIRE(fetched->size() == 1);
  CHECK(fetched->at(kOrders0).offset == 5);
  CHECK(fetched->at(kOrders0).leader_epoch == 2);
  CHECK(fetched->at(kOrders0).metadata == "m");
  CHECK(fetched->at(kOrders0).commit_time == logs.clock().WallNow());
  CHECK(store.FetchAll("baristas")->size() == 2);
  CHECK(store.FetchAll("waiters")->empty());
}

TEST_CASE("a group's later commit wins, also one that goes back", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  REQUIRE_OK(Commit(logs, store, "baristas", {{kOrders0, {.offset = 50}}}));
  REQUIRE_OK(Commit(logs, store, "baristas", {{kOrders0, {.offset = 7}}}));
  CHECK(store.FetchAll("baristas")->at(kOrders0).offset == 7);
}

TEST_CASE("asking for offsets creates nothing", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  CHECK(store.FetchAll("baristas")->empty());
  CHECK(logs.disk().List("data")->empty());
  REQUIRE_OK(Commit(logs, store, "baristas", {}));
  CHECK(logs.disk().List("data")->empty());
}

TEST_CASE("commits are one atomic batch in the partition of their group", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  REQUIRE_OK(Commit(logs, store, "baristas",
                    {{kOrders0, {.offset = 1}}, {kOrders1, {.offset = 2}}, {kAudit0, {.offset = 3}}}));
  log::Log& log = **logs.LogForReading(PartitionForGroup("baristas", kOffsetsPartitions));
  CHECK(log.log_end_offset() == 3);
  REQUIRE_OK(log.Flush());
  const auto slice = log.Read(0, 1 << 20);
  REQUIRE_OK(slice);
  CHECK(record::BatchView(slice->bytes.data()).record_count() == 3);
}

TEST_CASE("commits that are durable survive a power cut", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  const Receipt receipt = *Commit(logs, store, "baristas", {{kOrders0, {.offset = 5}}});
  REQUIRE_OK(receipt.Wait());
  OffsetLogsInMemory after(logs.disk().CrashImage({}));
  after.MarkCreated();
  OffsetStore again = after.Store();
  CHECK(again.FetchAll("baristas")->at(kOrders0).offset == 5);
}

TEST_CASE("what cannot be committed changes nothing", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  REQUIRE_OK(Commit(logs, store, "baristas", {{kOrders0, {.offset = 5}}}));
  const auto code = [&](std::string_view group, const CommittedOffsets& offsets) {
    return GetErrorCode(Commit(logs, store, group, offsets).status());
  };
  CHECK(code("", {{kOrders0, {.offset = 6}}}) == ErrorCode::kInvalidGroupId);
  CHECK(code(std::string(40'000, 'g'), {{kOrders0, {.offset = 6}}}) == ErrorCode::kInvalidGroupId);
  CHECK(code("baristas", {{kOrders0, {.offset = 6}}, {{"nosuch", 0}, {.offset = 1}}}) ==
        ErrorCode::kUnknownTopicOrPartition);
  CHECK(code("baristas", {{kOrders0, {.offset = -1}}}) == ErrorCode::kInvalidRequest);
  CHECK(code("baristas", {{kOrders0, {.offset = 6, .metadata = std::string(4097, 'm')}}}) ==
        ErrorCode::kOffsetMetadataTooLarge);
  CHECK_OK(Commit(logs, store, "waiters", {{kOrders0, {.offset = 6, .metadata = std::string(4096, 'm')}}}));
  CHECK(store.FetchAll("baristas")->at(kOrders0).offset == 5);
  CHECK_FALSE(store.FetchAll("").ok());
}

TEST_CASE("a topic that is forgotten is forgotten by every group, for good", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  {
    OffsetStore store = logs.Store();
    for (const char* group : {"a", "b", "c", "d"}) {
      const auto receipt =
          Commit(logs, store, group, {{kOrders0, {.offset = 1}}, {kOrders1, {.offset = 2}}, {kAudit0, {.offset = 3}}});
      REQUIRE_OK(receipt);
      REQUIRE_OK(receipt->Wait());
    }
  }
  OffsetStore store = logs.Store();  // nothing is in memory yet
  REQUIRE_OK(store.ForgetTopic("orders"));
  OffsetLogsInMemory after(logs.disk().CrashImage({}));
  after.MarkCreated();
  OffsetStore again = after.Store();
  for (OffsetStore* one : {&store, &again}) {
    for (const char* group : {"a", "b", "c", "d"}) {
      const auto left = one->FetchAll(group);
      REQUIRE_OK(left);
      CHECK(left->size() == 1);
      CHECK(left->contains(kAudit0));
    }
  }
}

TEST_CASE("a commit that meets the deletion of its topic does not outlive it", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  OffsetStore store = logs.Store();
  REQUIRE_OK(Commit(logs, store, "baristas", {{kOrders0, {.offset = 1}}, {kAudit0, {.offset = 1}}}));
  logs.before_write = [&] {
    logs.topics.erase("orders");
    REQUIRE_OK(store.ForgetTopic("orders"));
  };
  const auto late = Commit(logs, store, "baristas", {{kOrders0, {.offset = 2}}, {kAudit0, {.offset = 2}}});
  CHECK(GetErrorCode(late.status()) == ErrorCode::kUnknownTopicOrPartition);
  logs.topics["orders"] = 3;  // made anew
  const auto left = store.FetchAll("baristas");
  REQUIRE_OK(left);
  CHECK(left->size() == 1);
  CHECK(left->at(kAudit0).offset == 1);
}

TEST_CASE("a topic of which very much was committed is forgotten in as many batches as it takes",
          "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  logs.topics["orders"] = 60;
  const std::string group(30'000, 'g');
  OffsetStore store = logs.Store();
  for (int32_t p = 0; p < 60; ++p) REQUIRE_OK(Commit(logs, store, group, {{{"orders", p}, {.offset = 1}}}));
  REQUIRE_OK(Commit(logs, store, group, {{kAudit0, {.offset = 1}}}));
  REQUIRE_OK(store.ForgetTopic("orders"));
  OffsetStore again = logs.Store();
  for (OffsetStore* one : {&store, &again}) CHECK(one->FetchAll(group)->size() == 1);
}

TEST_CASE("records of other kinds between the offsets are left alone", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  const Record of_other_protocol{.key = std::string_view("\x00\x03\x00\x01g", 5), .value = "opaque"};
  log::Log& log = **logs.LogForWriting(PartitionForGroup("g", kOffsetsPartitions));
  REQUIRE_OK(log.Append({&of_other_protocol, 1}));
  REQUIRE_OK(log.Flush());
  OffsetStore store = logs.Store();
  REQUIRE_OK(Commit(logs, store, "g", {{kOrders0, {.offset = 1}}}));
  CHECK(store.FetchAll("g")->size() == 1);
}

TEST_CASE("a damaged offset record is reported with its place, not skipped", "[coordinator][offsets]") {
  OffsetLogsInMemory logs;
  const std::string key = EncodeOffsetKey("g", kOrders0);
  const Record damaged{.key = key, .value = "\x00\x03"};
  log::Log& log = **logs.LogForWriting(PartitionForGroup("g", kOffsetsPartitions));
  REQUIRE_OK(log.Append({&damaged, 1}));
  REQUIRE_OK(log.Flush());
  OffsetStore store = logs.Store();
  const absl::Status status = store.FetchAll("g").status();
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("offset 0"));
}

TEST_CASE("memory and log agree after any history", "[coordinator][offsets]") {
  Random random(5);
  OffsetLogsInMemory logs;
  std::map<std::string, std::map<TopicPartition, int64_t>> model;
  auto store = std::make_unique<OffsetStore>(logs, std::make_shared<base::MemoryBudget>(1 << 20));
  for (int i = 0; i < 2000; ++i) {
    const std::string group = "group" + std::to_string(random.Below(7));
    if (random.OneIn(100)) {
      const std::string topic = random.OneIn(2) ? "orders" : "audit";
      REQUIRE_OK(store->ForgetTopic(topic));
      for (auto& [name, offsets] : model)
        std::erase_if(offsets, [&](auto& entry) { return entry.first.topic == topic; });
    } else if (random.OneIn(50)) {
      for (int32_t p = 0; p < kOffsetsPartitions; ++p) {
        if (const auto log = logs.LogForReading(p); log.ok() && *log != nullptr) REQUIRE_OK((*log)->Flush());
      }
      store = std::make_unique<OffsetStore>(logs, std::make_shared<base::MemoryBudget>(1 << 20));
    } else {
      CommittedOffsets offsets;
      for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
        const TopicPartition partition{random.OneIn(2) ? "orders" : "audit", static_cast<int32_t>(random.Below(3))};
        const auto offset = static_cast<int64_t>(random.Below(1000));
        offsets[partition] = {.offset = offset};
      }
      REQUIRE_OK(Commit(logs, *store, group, offsets));
      for (const auto& [partition, committed] : offsets) model[group][partition] = committed.offset;
    }
    const auto fetched = store->FetchAll(group);
    REQUIRE_OK(fetched);
    std::map<TopicPartition, int64_t> seen;
    for (const auto& [partition, committed] : *fetched) seen[partition] = committed.offset;
    REQUIRE((seen == model[group]));
  }
}

}  // namespace
}  // namespace moldau::coordinator
