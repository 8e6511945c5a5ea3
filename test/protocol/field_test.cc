// What becomes of single fields: ones that a version lacks, null, lengths, tags, record batches.
#include <string>
#include <string_view>
#include <vector>

#include "messages.h"
#include "protocol/codec.h"
#include "support/catch.h"

namespace moldau::protocol {
namespace {

template <typename Message>
std::string Encoded(const Message& message, int16_t version) {
  std::string bytes;
  REQUIRE_OK(Encode(message, version, bytes));
  return bytes;
}

template <typename Message>
absl::StatusOr<Message> DecodeText(std::string_view bytes, int16_t version) {
  return Decode<Message>(bytes, version);
}

TEST_CASE("a field that matters is not dropped by a version that lacks it", "[protocol][field]") {
  HeartbeatRequest request;
  request.group_id = "baristas";
  request.group_instance_id = "anna";
  std::string bytes = "before";
  const absl::Status status = Encode(request, 2, bytes);
  CHECK(GetErrorCode(status) == ErrorCode::kUnsupportedVersion);
  CHECK(status.message() == "Heartbeat request: version 2 has no field group_instance_id, which is set");
  CHECK(bytes == "before");
  CHECK(DecodeText<HeartbeatRequest>(Encoded(request, 3), 3)->group_instance_id == "anna");
}

TEST_CASE("a field that may be dropped is, and is read as its default", "[protocol][field]") {
  JoinGroupRequest request;
  request.rebalance_timeout_ms = 60'000;
  request.reason = "restarted";
  const auto decoded = DecodeText<JoinGroupRequest>(Encoded(request, 0), 0);
  REQUIRE_OK(decoded);
  CHECK(decoded->rebalance_timeout_ms == -1);
  CHECK_FALSE(decoded->reason.has_value());
}

TEST_CASE("a field that later versions dropped is refused by them", "[protocol][field]") {
  LeaveGroupRequest request;
  request.member_id = "anna-1";
  std::string bytes;
  CHECK(GetErrorCode(Encode(request, 3, bytes)) == ErrorCode::kUnsupportedVersion);
  CHECK(DecodeText<LeaveGroupRequest>(Encoded(request, 2), 2)->member_id == "anna-1");
}

TEST_CASE("null is neither written nor read in a version that does not allow it", "[protocol][field]") {
  JoinGroupResponse response;
  response.protocol_name = std::nullopt;
  std::string bytes;
  const absl::Status status = Encode(response, 5, bytes);
  CHECK(GetErrorCode(status) == ErrorCode::kUnsupportedVersion);
  CHECK(status.message() == "JoinGroup response: field protocol_name is null, which version 5 does not allow");
  CHECK_FALSE(DecodeText<JoinGroupResponse>(Encoded(response, 7), 7)->protocol_name.has_value());

  // Throttle time, error, generation, protocol name null, leader, member id, no members.
  const std::string with_null("\0\0\0\0\0\0\0\0\0\1\xff\xff\0\0\0\0\0\0\0\0", 20);
  const auto decoded = DecodeText<JoinGroupResponse>(with_null, 5);
  CHECK(GetErrorCode(decoded.status()) == ErrorCode::kInvalidRequest);
  CHECK(decoded.status().message() ==
        "JoinGroup response: version 5 in 20 bytes: field protocol_name at byte 10 does not fit");

  OffsetFetchRequest all;
  all.topics = std::nullopt;
  CHECK_FALSE(Encode(all, 1, bytes).ok());
  CHECK_FALSE(DecodeText<OffsetFetchRequest>(Encoded(all, 2), 2)->topics.has_value());
}

TEST_CASE("a version that does not exist is neither written nor read", "[protocol][field]") {
  std::string bytes;
  for (const int16_t version : {int16_t{-1}, int16_t{1}, int16_t{9}}) {
    CHECK(GetErrorCode(Encode(OffsetCommitRequest(), version, bytes)) == ErrorCode::kUnsupportedVersion);
    CHECK(GetErrorCode(DecodeText<OffsetCommitRequest>(bytes, version).status()) == ErrorCode::kUnsupportedVersion);
  }
  CHECK(bytes.empty());
}

TEST_CASE("a string that the protocol cannot carry is an error in every version", "[protocol][field]") {
  for (const int16_t version : {int16_t{3}, int16_t{4}}) {
    HeartbeatRequest request;
    request.group_id = std::string(32'767, 'g');
    CHECK(*DecodeText<HeartbeatRequest>(Encoded(request, version), version) == request);
    request.group_id += 'g';
    std::string bytes;
    const absl::Status status = Encode(request, version, bytes);
    CHECK(GetErrorCode(status) == ErrorCode::kInvalidRequest);
    CHECK(status.message() == "Heartbeat request: a string of 32768 is more than the protocol can carry");
    CHECK(bytes.empty());
  }
  // A flexible version could claim more, which no other reader would take.
  const std::string claimed = std::string("\x81\x80\x02", 3) + std::string(32'768, 'g') + std::string(8, '\0');
  CHECK_FALSE(DecodeText<HeartbeatRequest>(claimed, 4).ok());
}

TEST_CASE("a string that may be null is refused for its length as well", "[protocol][field]") {
  HeartbeatRequest request;
  request.group_instance_id = std::string(32'768, 'i');
  std::string bytes;
  CHECK(GetErrorCode(Encode(request, 4, bytes)) == ErrorCode::kInvalidRequest);
}

TEST_CASE("opaque bytes may be longer than a string", "[protocol][field]") {
  JoinGroupRequest request;
  request.protocols = {{"range", std::string(100'000, 'm')}};
  for (const int16_t version : {int16_t{5}, int16_t{6}}) {
    CHECK(*DecodeText<JoinGroupRequest>(Encoded(request, version), version) == request);
  }
}

TEST_CASE("arrays that would take more memory than the limit are refused", "[protocol][field]") {
  ListGroupsRequest request;
  request.states_filter.resize(1000);
  const std::string bytes = Encoded(request, 4);
  const size_t needed = 1000 * sizeof(std::string);
  CHECK_OK(Decode<ListGroupsRequest>(std::string_view(bytes), 4, {.max_memory = needed}));
  CHECK_FALSE(Decode<ListGroupsRequest>(std::string_view(bytes), 4, {.max_memory = needed - 1}).ok());
}

TEST_CASE("a boolean is true for every byte but zero", "[protocol][field]") {
  const auto decoded = DecodeText<DescribeGroupsRequest>(std::string_view("\0\0\0\0\x02", 5), 3);
  REQUIRE_OK(decoded);
  CHECK(decoded->include_authorized_operations);
}

TEST_CASE("tagged fields that are not known are skipped in every message", "[protocol][field]") {
  test::ForEachMessage([]<typename Message>(const Message& message) {
    for (int16_t version = Message::kSchema.min_version; version <= Message::kSchema.max_version; ++version) {
      if (!Message::kSchema.IsFlexible(version)) continue;
      INFO(test::NameOf(Message::kSchema) << " version " << version);
      std::string bytes = Encoded(message, version);
      REQUIRE(bytes.back() == '\0');
      bytes.back() = '\2';
      bytes += std::string("\x63\0\x64\3abc", 7);
      const auto decoded = DecodeText<Message>(bytes, version);
      REQUIRE_OK(decoded);
      CHECK(*decoded == message);
    }
  });
}

TEST_CASE("tagged fields are sent if they differ from their defaults, in the order of their tags",
          "[protocol][field]") {
  ApiVersionsResponse response;
  CHECK(Encoded(response, 3) == std::string("\0\0\1\0\0\0\0\0", 8));
  response.finalized_features_epoch = 7;
  response.zk_migration_ready = true;
  const std::string bytes = Encoded(response, 3);
  CHECK(bytes == std::string("\0\0\1\0\0\0\0\2\1\x08\0\0\0\0\0\0\0\7\3\1\1", 21));
  CHECK(*DecodeText<ApiVersionsResponse>(bytes, 3) == response);
}

TEST_CASE("tagged fields out of order, twice, or of another size than their value are refused", "[protocol][field]") {
  const std::string head("\0\0\1\0\0\0\0", 7);
  const std::string epoch("\1\x08\0\0\0\0\0\0\0\7", 10);
  const std::string migration("\3\1\1", 3);
  CHECK(DecodeText<ApiVersionsResponse>(head + '\2' + epoch + migration, 3).ok());
  CHECK_FALSE(DecodeText<ApiVersionsResponse>(head + '\2' + migration + epoch, 3).ok());
  CHECK_FALSE(DecodeText<ApiVersionsResponse>(head + '\2' + migration + migration, 3).ok());
  CHECK_FALSE(DecodeText<ApiVersionsResponse>(head + '\1' + std::string("\3\2\1\0", 4), 3).ok());
  CHECK_FALSE(DecodeText<ApiVersionsResponse>(head + '\1' + std::string("\3\0", 2), 3).ok());
}

FetchResponse FetchedBatches() {
  FetchResponse response;
  FetchResponse::Topic& topic = response.responses.emplace_back();
  topic.topic = "orders";
  topic.partitions.resize(3);
  topic.partitions[0].records = Bytes::Own("first batch");
  topic.partitions[1].records = std::nullopt;
  topic.partitions[2].records = Bytes::Own("second batch");
  return response;
}

TEST_CASE("record batches that are read share the memory of what they were read from", "[protocol][field]") {
  const Bytes frame = Bytes::Own(Encoded(FetchedBatches(), 12));
  const auto decoded = Decode<FetchResponse>(frame, 12);
  REQUIRE_OK(decoded);
  const Bytes& records = *decoded->responses[0].partitions[2].records;
  CHECK(records.text() == "second batch");
  CHECK(records.owner() == frame.owner());
  CHECK(records.text().data() > frame.text().data());
  CHECK(records.text().data() < frame.text().data() + frame.size());
}

TEST_CASE("record batches can stay out of an encoding, which tells where they belong", "[protocol][field]") {
  const FetchResponse response = FetchedBatches();
  for (const int16_t version : {int16_t{4}, int16_t{11}, int16_t{12}}) {
    std::string bytes = "frame";
    std::vector<Splice> splices;
    REQUIRE_OK(EncodeAround(response, version, bytes, splices));
    REQUIRE(splices.size() == 2);
    CHECK(splices[0].bytes.text().data() == response.responses[0].partitions[0].records->text().data());
    for (size_t i = splices.size(); i-- > 0;) bytes.insert(splices[i].position, splices[i].bytes.text());
    CHECK(bytes == "frame" + Encoded(response, version));
  }
}

TEST_CASE("an encoding that fails leaves the splices as they were", "[protocol][field]") {
  FetchResponse response = FetchedBatches();
  response.responses.emplace_back().topic = std::string(40'000, 't');
  std::string bytes;
  std::vector<Splice> splices(1);
  CHECK_FALSE(EncodeAround(response, 12, bytes, splices).ok());
  CHECK(bytes.empty());
  CHECK(splices.size() == 1);
}

}  // namespace
}  // namespace moldau::protocol
