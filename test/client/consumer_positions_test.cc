#include <string>

#include "client/world.h"

namespace moldau {
namespace {

using namespace test;

const TopicPartition kOrders{"orders", 0};

// A topic of ten records, one a second.
struct TenRecords : World {
  TenRecords() {
    const Topic topic = Create("orders");
    start = clock.WallNow();
    for (int i = 0; i < 10; ++i) {
      REQUIRE_OK(topic.partition(0)->Append({.value = std::to_string(i)}));
      clock.Advance(1s);
    }
  }
  Consumer Subscribed(OffsetReset reset = OffsetReset::kEarliest) {
    auto consumer =
        Consumer::Subscribe(*broker, {.topics = {"orders"}, .auto_offset_reset = reset, .max_poll_records = 1});
    REQUIRE_OK(consumer);
    return *std::move(consumer);
  }
  Timestamp start;
};

std::string Next(Consumer& consumer) {
  const auto records = consumer.Poll(0ms);
  REQUIRE_OK(records);
  return records->empty() ? "" : std::string((*records->begin()).value());
}

TEST_CASE("a consumer reads on from wherever it is sent", "[client][consumer]") {
  TenRecords world;
  Consumer consumer = world.Subscribed();
  CHECK(Next(consumer) == "0");
  CHECK(consumer.Position(kOrders).value() == 1);
  CHECK_OK(consumer.Seek(kOrders, 7));
  CHECK(consumer.Position(kOrders).value() == 7);
  CHECK(Next(consumer) == "7");
  CHECK(Next(consumer) == "8");
  CHECK_OK(consumer.SeekToBeginning());
  CHECK(Next(consumer) == "0");
  CHECK_OK(consumer.SeekToEnd());
  CHECK(Next(consumer).empty());
  CHECK(consumer.Position(kOrders).value() == 10);
}

TEST_CASE("a consumer goes to the first record that is as late as a time", "[client][consumer]") {
  TenRecords world;
  Consumer consumer = world.Subscribed();
  CHECK_OK(consumer.SeekToTime(world.start + 4s));
  CHECK(Next(consumer) == "4");
  CHECK_OK(consumer.SeekToTime(world.start + 4s + 1ms));
  CHECK(Next(consumer) == "5");
  CHECK_OK(consumer.SeekToTime(world.start - 1h));
  CHECK(Next(consumer) == "0");
  CHECK_OK(consumer.SeekToTime(world.start + 1h));
  CHECK(Next(consumer).empty());
  CHECK(consumer.Position(kOrders).value() == 10);
}

TEST_CASE("lag is what lies between the position and the end", "[client][consumer]") {
  TenRecords world;
  world.Create("more", 2);
  auto consumer = Consumer::Subscribe(*world.broker, {.topics = {"orders", "more"}, .max_poll_records = 4});
  REQUIRE_OK(consumer);
  CHECK(consumer->Lag().value() == 10);
  REQUIRE_OK(consumer->Poll(0ms));
  CHECK(consumer->Lag(kOrders).value() == 6);
  REQUIRE_OK(world.broker->FindTopic("more")->partition(1)->Append({.value = "v"}));
  CHECK(consumer->Lag().value() == 7);
  REQUIRE_OK(world.broker->FindTopic("orders")->partition(0)->Trim(8));
  CHECK(consumer->Lag(kOrders).value() == 2);
}

TEST_CASE("without a committed offset a consumer begins where auto_offset_reset says", "[client][consumer]") {
  TenRecords world;
  Consumer earliest = world.Subscribed(OffsetReset::kEarliest);
  Consumer latest = world.Subscribed(OffsetReset::kLatest);
  Consumer none = world.Subscribed(OffsetReset::kNone);
  REQUIRE_OK(world.broker->FindTopic("orders")->partition(0)->Append({.value = "new"}));
  CHECK(Next(earliest) == "0");
  CHECK(Next(latest) == "new");
  const auto refused = none.Poll(0ms);
  CHECK(absl::IsOutOfRange(refused.status()));
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kOffsetOutOfRange);
  CHECK(refused.status().message() ==
        "consumer: no offset is committed for orders-0 and auto_offset_reset is none; seek to 0 to 11");
  CHECK_OK(none.Seek(kOrders, 3));
  CHECK(Next(none) == "3");
}

TEST_CASE("a position that is gone, or never was, is reset as asked", "[client][consumer]") {
  TenRecords world;
  const int64_t position = GENERATE(2, 99);  // trimmed away, or behind the end
  REQUIRE_OK(world.broker->FindTopic("orders")->partition(0)->Trim(5));
  Consumer earliest = world.Subscribed(OffsetReset::kEarliest);
  CHECK_OK(earliest.Seek(kOrders, position));
  CHECK(Next(earliest) == "5");
  Consumer latest = world.Subscribed(OffsetReset::kLatest);
  CHECK_OK(latest.Seek(kOrders, position));
  CHECK(Next(latest).empty());
  CHECK(latest.Position(kOrders).value() == 10);
  Consumer none = world.Subscribed(OffsetReset::kNone);
  CHECK_OK(none.Seek(kOrders, position));
  const auto refused = none.Poll(0ms);
  CHECK(absl::IsOutOfRange(refused.status()));
  CHECK(GetErrorCode(refused.status()) == ErrorCode::kOffsetOutOfRange);
}

TEST_CASE("a reader that retention has overtaken goes on with what is left", "[client][consumer]") {
  TenRecords world;
  Consumer consumer = world.Subscribed();
  CHECK(Next(consumer) == "0");
  CHECK_OK(consumer.Seek(kOrders, 1));  // forgets what was fetched ahead
  REQUIRE_OK(world.broker->FindTopic("orders")->partition(0)->Trim(6));
  CHECK(Next(consumer) == "6");
}

TEST_CASE("what is not assigned to a consumer is not its business", "[client][consumer]") {
  TenRecords world;
  Consumer consumer = world.Subscribed();
  const TopicPartition other{"orders", 1};
  CHECK(absl::IsFailedPrecondition(consumer.Seek(other, 0)));
  CHECK(absl::IsFailedPrecondition(consumer.Position(other).status()));
  CHECK(absl::IsFailedPrecondition(consumer.Lag(other).status()));
  CHECK(absl::IsFailedPrecondition(consumer.Pause({&other, 1})));
  CHECK(absl::IsInvalidArgument(consumer.Seek(kOrders, -1)));
  CHECK(consumer.Assignment() == std::vector<TopicPartition>{kOrders});
}

}  // namespace
}  // namespace moldau
