#include "protocol/consumer_protocol.h"

#include <string>
#include <string_view>

#include "moldau/error.h"
#include "support/catch.h"

namespace moldau::protocol {
namespace {

ConsumerProtocolSubscription Subscription() {
  return {.topics = {"orders", "shipments"},
          .user_data = "mine",
          .owned_partitions = {{"orders", {0, 3}}},
          .generation_id = 5,
          .rack_id = "r1"};
}

TEST_CASE("a subscription says in each version what that version can say", "[protocol][consumer_protocol]") {
  for (int16_t version = 0; version <= 3; ++version) {
    const auto bytes = EncodeSubscription(Subscription(), version);
    REQUIRE_OK(bytes);
    ConsumerProtocolSubscription expected = Subscription();
    if (version < 3) expected.rack_id.reset();
    if (version < 2) expected.generation_id = -1;
    if (version < 1) expected.owned_partitions.clear();
    CHECK(DecodeSubscription(*bytes).value() == expected);
  }
}

TEST_CASE("bytes of a newer version are read as the newest that is known", "[protocol][consumer_protocol]") {
  std::string bytes = EncodeSubscription(Subscription()).value() + "appended";
  bytes[1] = 9;
  CHECK(DecodeSubscription(bytes).value() == Subscription());

  const ConsumerProtocolAssignment assignment = {.assigned_partitions = {{"orders", {1}}}, .user_data = std::nullopt};
  bytes = EncodeAssignment(assignment).value() + "appended";
  bytes[1] = 9;
  CHECK(DecodeAssignment(bytes).value() == assignment);
}

TEST_CASE("no prefix of a subscription or an assignment is taken for one", "[protocol][consumer_protocol]") {
  const std::string subscription = EncodeSubscription(Subscription()).value();
  for (size_t size = 0; size < subscription.size(); ++size) {
    CHECK_FALSE(DecodeSubscription(std::string_view(subscription).substr(0, size)).ok());
  }
  const std::string assignment = EncodeAssignment({.assigned_partitions = {{"orders", {1, 2}}}}).value();
  for (size_t size = 0; size < assignment.size(); ++size) {
    CHECK_FALSE(DecodeAssignment(std::string_view(assignment).substr(0, size)).ok());
  }
}

TEST_CASE("bytes with a negative version and versions that do not exist are refused", "[protocol][consumer_protocol]") {
  CHECK(GetErrorCode(DecodeSubscription(std::string(20, '\xff')).status()) == ErrorCode::kInvalidRequest);
  CHECK(GetErrorCode(EncodeSubscription({}, 4).status()) == ErrorCode::kUnsupportedVersion);
  CHECK(GetErrorCode(EncodeAssignment({}, -1).status()) == ErrorCode::kUnsupportedVersion);
}

}  // namespace
}  // namespace moldau::protocol
