// Claims and other threads: whoever holds the end of a log gives it back, and nobody waits for itself.
#include <cstring>
#include <future>
#include <latch>
#include <thread>

#include "broker_world.h"
#include "moldau/error.h"

namespace moldau::test {
namespace {

const TopicOptions kBuffered{.config = {{"moldau.durability", "buffered"}}};

Partition::Claim Claimed(Partition& partition, std::string_view value) {
  auto claim = partition.BeginClaim(std::nullopt, value.size());
  REQUIRE_OK(claim);
  std::memcpy(claim->value().data(), value.data(), value.size());
  return *std::move(claim);
}

TEST_CASE("a claim that is committed after another thread began to close is given back", "[broker][claim]") {
  storage::MemoryStorage disk;
  auto broker = *Broker::Open({.data_dir = "data", .storage = &disk, .log_level = LogLevel::kSilent});
  Partition partition = PartitionOf(*broker->CreateTopic("orders", kBuffered));
  auto claim = Claimed(partition, "one");
  CHECK(std::async(std::launch::async, [&] { return broker->Close(1ms); }).get().code() ==
        absl::StatusCode::kDeadlineExceeded);
  CHECK(claim.Commit().status().code() == absl::StatusCode::kCancelled);
  CHECK_OK(broker->Close());
}

TEST_CASE("a claim that is committed after another thread began to delete its topic is given back", "[broker][claim]") {
  storage::MemoryStorage disk;
  auto broker = *Broker::Open({.data_dir = "data", .storage = &disk, .log_level = LogLevel::kSilent});
  Partition partition = PartitionOf(*broker->CreateTopic("orders", kBuffered));
  auto claim = Claimed(partition, "one");
  auto deleted = std::async(std::launch::async, [&] { return broker->DeleteTopic("orders"); });
  while (broker->FindTopic("orders").ok()) std::this_thread::yield();
  static_cast<void>(claim.Commit());  // before or after the topic is gone, which is all the same to the other thread
  CHECK_OK(deleted.get());
}

TEST_CASE("a claim may be handed to another thread, which commits it or drops it", "[broker][claim]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  std::thread([&, claim = Claimed(partition, "one")]() mutable { CHECK_OK(claim.Commit()); }).join();
  std::thread([claim = Claimed(partition, "dropped")] {}).join();
  Put(partition, "two");
  CHECK(ValuesOf(partition) == Strings{"one", "two"});
}

TEST_CASE("the thread that holds a claim is told what it cannot do meanwhile, and does the rest", "[broker][claim]") {
  const std::string durability = GENERATE("buffered", "flushed");
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", {.config = {{"moldau.durability", durability}}}));
  AppendDurably(partition, "one");
  const Receipt open = Append(partition, "two");
  auto claim = Claimed(partition, "three");
  for (const absl::Status& status : {partition.Append({.value = "x"}).status(), partition.Flush(), partition.Roll(),
                                     partition.Trim(1), partition.BeginClaim(std::nullopt, 1).status()}) {
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  }
  if (durability == "flushed") CHECK(open.Wait().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_OK(partition.Describe());
  CHECK_OK(partition.Read(0));
  CHECK_OK(partition.FindOffset(Timestamp{}));
  const auto receipt = claim.Commit();
  REQUIRE_OK(receipt);
  CHECK_OK(receipt->Wait());
  CHECK(ValuesOf(partition) == Strings{"one", "two", "three"});
}

TEST_CASE("others read while a claim is open", "[broker][claim]") {
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  for (const char* value : {"one", "two", "three"}) Put(partition, value);
  auto claim = Claimed(partition, "four");
  Strings seen;
  std::thread([&] { seen = ValuesOf(partition); }).join();
  CHECK(seen == Strings{"one", "two", "three"});
  CHECK_OK(claim.Commit());
}

TEST_CASE("sizes beyond all limits are refused with both numbers, however they come", "[broker][claim][L19]") {
  using Catch::Matchers::Contains;
  BrokerWorld world;
  world.Open();
  Partition partition = PartitionOf(world.Create("orders", kBuffered));
  Put(partition, "one");
  const char byte = 'x';
  for (const size_t size : {size_t{3} << 30, (size_t{1} << 32) + 10}) {
    const std::string_view huge(&byte, size);  // never looked at
    const absl::Status refused = partition.Append({.value = huge}).status();
    CHECK(GetErrorCode(refused) == ErrorCode::kMessageTooLarge);
    CHECK_THAT(std::string(refused.message()), Contains("1048588"));
    const Record records[] = {{.value = "small"}, {.value = huge}};
    CHECK(GetErrorCode(partition.Append(records).status()) == ErrorCode::kMessageTooLarge);
    CHECK(GetErrorCode(partition.BeginClaim(std::nullopt, size).status()) == ErrorCode::kMessageTooLarge);
  }
  CHECK(GetErrorCode(partition.BeginClaim("0123456789", SIZE_MAX).status()) == ErrorCode::kMessageTooLarge);
  CHECK(ValuesOf(partition) == Strings{"one"});
}

}  // namespace
}  // namespace moldau::test
