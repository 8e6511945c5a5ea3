#include "coordinator/share_record.h"

#include "moldau/base/random.h"
#include "support/catch.h"

namespace moldau::coordinator {
namespace {

using namespace std::string_literals;

const ShareKey kKey{
    .group = "jobs", .topic_id = Uuid{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, .partition = 3};

// Laid out by hand from Kafka's message definitions of the share coordinator.
TEST_CASE("share state is written byte for byte as Kafka defines it", "[coordinator][queue]") {
  CHECK(EncodeShareKey(ShareRecordKind::kSnapshot, kKey) ==
        "\x00\x00"      // type
        "\x00\x04jobs"  // group
        "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
        "\x00\x00\x00\x03"s);  // partition
  CHECK(EncodeShareKey(ShareRecordKind::kUpdate, kKey).substr(0, 2) == "\x00\x01"s);
  const StateBatch batch{.first = 5, .last = 6, .state = DeliveryState::kAcknowledged, .delivery_count = 2};
  CHECK(EncodeShareSnapshot({.epoch = 7,
                             .state = {.start_offset = 5, .batches = {batch}},
                             .create_time = Timestamp(std::chrono::milliseconds(1)),
                             .write_time = Timestamp(std::chrono::milliseconds(2))}) ==
        "\x00\x00"                          // version
        "\x00\x00\x00\x07"                  // snapshot epoch
        "\x00\x00\x00\x00\x00\x00\x00\x00"  // state epoch, leader epoch
        "\x00\x00\x00\x00\x00\x00\x00\x05"  // start offset
        "\x00\x00\x00\x00\x00\x00\x00\x01"  // create time
        "\x00\x00\x00\x00\x00\x00\x00\x02"  // write time
        "\x02"                              // one batch
        "\x00\x00\x00\x00\x00\x00\x00\x05"
        "\x00\x00\x00\x00\x00\x00\x00\x06"
        "\x02\x00\x02\x00"  // state, delivery count, no tagged fields
        "\x00"s);           // no tagged fields
  CHECK(EncodeShareUpdate(7, -1, {}) ==
        "\x00\x00"
        "\x00\x00\x00\x07"
        "\x00\x00\x00\x00"
        "\xff\xff\xff\xff\xff\xff\xff\xff"
        "\x01\x00"s);
}

TEST_CASE("share state comes back as it was written", "[coordinator][queue]") {
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    ShareSnapshot snapshot{.epoch = static_cast<int32_t>(random.Below(1000)),
                           .state = {.start_offset = static_cast<int64_t>(random.Below(1'000'000))},
                           .create_time = Timestamp(std::chrono::milliseconds(random.Below(1'000'000))),
                           .write_time = Timestamp(std::chrono::milliseconds(random.Below(1'000'000)))};
    int64_t next = snapshot.state.start_offset;
    for (uint64_t n = random.Below(5); n > 0; --n) {
      const auto first = next + static_cast<int64_t>(random.Below(3));
      next = first + 1 + static_cast<int64_t>(random.Below(100));
      snapshot.state.batches.push_back(
          {first, next - 1, static_cast<DeliveryState>(random.Below(5)), static_cast<int16_t>(random.Below(32768))});
    }
    const auto decoded = DecodeShareSnapshot(EncodeShareSnapshot(snapshot));
    REQUIRE_OK(decoded);
    CHECK(*decoded == snapshot);

    const auto update = DecodeShareUpdate(EncodeShareUpdate(snapshot.epoch, next, snapshot.state.batches));
    REQUIRE_OK(update);
    CHECK(*update == ShareUpdate{snapshot.epoch, next, snapshot.state.batches});
  }
  for (const auto kind : {ShareRecordKind::kSnapshot, ShareRecordKind::kUpdate}) {
    const auto key = DecodeShareKey(EncodeShareKey(kind, kKey));
    REQUIRE_OK(key);
    CHECK(*key == ShareRecordKey{kind, kKey});
  }
}

TEST_CASE("keys of other kinds are not share state, and a version of the future is refused", "[coordinator][queue]") {
  const auto other = DecodeShareKey("\x00\x02 whatever"s);
  REQUIRE_OK(other);
  CHECK_FALSE(other->has_value());
  CHECK(absl::IsFailedPrecondition(DecodeShareSnapshot("\x00\x01"s).status()));
  CHECK(absl::IsFailedPrecondition(DecodeShareUpdate("\x00\x01"s).status()));
}

TEST_CASE("share state that is cut off or makes no sense is damage", "[coordinator][queue]") {
  const StateBatch batch{.first = 5, .last = 6, .state = DeliveryState::kAvailable, .delivery_count = 2};
  const std::string key = EncodeShareKey(ShareRecordKind::kUpdate, kKey);
  const std::string snapshot = EncodeShareSnapshot({.epoch = 1, .state = {.start_offset = 5, .batches = {batch}}});
  const std::string update = EncodeShareUpdate(1, 5, {&batch, 1});
  for (size_t n = 0; n < key.size(); ++n) CHECK(absl::IsDataLoss(DecodeShareKey(key.substr(0, n)).status()));
  for (size_t n = 0; n < snapshot.size(); ++n) {
    CHECK(absl::IsDataLoss(DecodeShareSnapshot(snapshot.substr(0, n)).status()));
  }
  for (size_t n = 0; n < update.size(); ++n) CHECK(absl::IsDataLoss(DecodeShareUpdate(update.substr(0, n)).status()));
  CHECK(absl::IsDataLoss(DecodeShareSnapshot(snapshot + "x").status()));

  const auto refuses = [](std::vector<StateBatch> batches) {
    return absl::IsDataLoss(DecodeShareSnapshot(EncodeShareSnapshot({.state = {0, std::move(batches)}})).status());
  };
  CHECK(refuses({{.first = 6, .last = 5}}));
  CHECK(refuses({{.first = 0, .last = 5}, {.first = 5, .last = 7}}));
  CHECK(refuses({{.first = 0, .last = 5, .state = static_cast<DeliveryState>(5)}}));
  CHECK(refuses({{.first = 0, .last = 5, .delivery_count = -1}}));
}

TEST_CASE("an update replaces what was known of its offsets and nothing else", "[coordinator][queue]") {
  constexpr auto kAvailable = DeliveryState::kAvailable;
  constexpr auto kAcknowledged = DeliveryState::kAcknowledged;
  ShareState state{.start_offset = 0, .batches = {{0, 9, kAvailable, 1}, {12, 15, kAvailable, 2}}};
  state.Apply(0, {{4, 5, kAcknowledged, 1}});
  CHECK(state.batches ==
        std::vector<StateBatch>{
            {0, 3, kAvailable, 1}, {4, 5, kAcknowledged, 1}, {6, 9, kAvailable, 1}, {12, 15, kAvailable, 2}});
  state.Apply(0, {{8, 13, kAcknowledged, 3}});
  CHECK(state.batches == std::vector<StateBatch>{{0, 3, kAvailable, 1},
                                                 {4, 5, kAcknowledged, 1},
                                                 {6, 7, kAvailable, 1},
                                                 {8, 13, kAcknowledged, 3},
                                                 {14, 15, kAvailable, 2}});
  state.Apply(10, {});
  CHECK(state == ShareState{10, {{10, 13, kAcknowledged, 3}, {14, 15, kAvailable, 2}}});
  state.Apply(-1, {{20, 20, kAvailable, 1}});
  CHECK(state.start_offset == 10);
  CHECK(state.batches.back() == StateBatch{20, 20, kAvailable, 1});
}

}  // namespace
}  // namespace moldau::coordinator
