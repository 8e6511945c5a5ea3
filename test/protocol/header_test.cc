#include "protocol/header.h"

#include <set>
#include <string>
#include <string_view>

#include "messages.h"
#include "protocol/api_versions.h"
#include "support/catch.h"

namespace moldau::protocol {
namespace {

std::string Encoded(const RequestHeader& header) {
  std::string bytes;
  REQUIRE_OK(EncodeRequestHeader(header, bytes));
  return bytes;
}

std::string ResponseHeader(ApiKey key, int16_t version) {
  std::string bytes;
  EncodeResponseHeader(key, version, 7, bytes);
  return bytes;
}

TEST_CASE("a request's header has tagged fields from the first flexible version of its key on", "[protocol][header]") {
  CHECK(Encoded({12, 3, 7, "me"}) == std::string("\0\x0c\0\3\0\0\0\7\0\2me", 12));
  CHECK(Encoded({12, 4, 7, "me"}) == std::string("\0\x0c\0\4\0\0\0\7\0\2me\0", 13));
  CHECK(Encoded({12, 3, 7, std::nullopt}) == std::string("\0\x0c\0\3\0\0\0\7\xff\xff", 10));
}

TEST_CASE("a request's header is read back and leaves the reader at the body", "[protocol][header]") {
  for (const Api& api : kApis) {
    for (int16_t version = api.min_version; version <= api.max_version; ++version) {
      const RequestHeader header{static_cast<int16_t>(api.key), version, -5, "client"};
      const std::string bytes = Encoded(header);
      const std::string frame = bytes + "body";
      WireReader in(frame);
      const auto decoded = DecodeRequestHeader(in);
      REQUIRE_OK(decoded);
      CHECK(*decoded == header);
      CHECK(in.left() == 4);
      for (size_t size = 0; size < bytes.size(); ++size) {
        WireReader cut(std::string_view(bytes).substr(0, size));
        REQUIRE_FALSE(DecodeRequestHeader(cut).ok());
      }
    }
  }
}

TEST_CASE("the header of a key that is not spoken is read as far as every header goes", "[protocol][header]") {
  const std::string bytes("\x03\xe7\0\1\0\0\0\7\0\2me\0", 13);
  WireReader in(bytes);
  const auto header = DecodeRequestHeader(in);
  REQUIRE_OK(header);
  CHECK(*header == RequestHeader{999, 1, 7, "me"});
  CHECK(FindApi(header->api_key) == nullptr);
}

TEST_CASE("a client id that is too long for its header is refused", "[protocol][header]") {
  std::string bytes = "before";
  CHECK(GetErrorCode(EncodeRequestHeader({12, 4, 7, std::string(32'768, 'c')}, bytes)) == ErrorCode::kInvalidRequest);
  CHECK(bytes == "before");
}

TEST_CASE("a response's header has tagged fields in flexible versions, except in answers to ApiVersions",
          "[protocol][header]") {
  CHECK(ResponseHeader(ApiKey::kHeartbeat, 3) == std::string("\0\0\0\7", 4));
  CHECK(ResponseHeader(ApiKey::kHeartbeat, 4) == std::string("\0\0\0\7\0", 5));
  CHECK(ResponseHeader(ApiKey::kOffsetDelete, 0) == std::string("\0\0\0\7", 4));
  CHECK(ResponseHeader(ApiKey::kApiVersions, 4) == std::string("\0\0\0\7", 4));
}

TEST_CASE("a response's header is read back, its unknown tagged fields skipped", "[protocol][header]") {
  const std::string bytes("\0\0\0\7\1\x05\2ab!", 10);
  WireReader in(bytes);
  const auto correlation_id = DecodeResponseHeader(ApiKey::kHeartbeat, 4, in);
  REQUIRE_OK(correlation_id);
  CHECK(*correlation_id == 7);
  CHECK(in.left() == 1);
  WireReader cut(std::string_view(bytes).substr(0, 8));
  CHECK_FALSE(DecodeResponseHeader(ApiKey::kHeartbeat, 4, cut).ok());
}

TEST_CASE("each key of the table stands there once and has versions", "[protocol][header]") {
  std::set<ApiKey> keys;
  for (const Api& api : kApis) {
    INFO(api.name);
    CHECK(keys.insert(api.key).second);
    CHECK(api.min_version <= api.max_version);
    CHECK(api.advertised_min_version <= api.min_version);
    CHECK(FindApi(static_cast<int16_t>(api.key)) == &api);
    CHECK_FALSE(api.Supports(static_cast<int16_t>(api.min_version - 1)));
    CHECK_FALSE(api.Supports(static_cast<int16_t>(api.max_version + 1)));
  }
}

TEST_CASE("each key of the table has a request and a response, which the tests know, and they have no others",
          "[protocol][header]") {
  std::set<std::string> names;
  test::ForEachMessage([&]<typename Message>(const Message&) { names.insert(test::NameOf(Message::kSchema)); });
  std::set<std::string> expected;
  for (const Api& api : kApis) {
    expected.insert(api.name + std::string("Request"));
    expected.insert(api.name + std::string("Response"));
  }
  CHECK(names == expected);
}

TEST_CASE("ranges that librdkafka takes features from contain what it looks for", "[protocol][header]") {
  const ApiVersionsResponse advertised = AdvertisedApis();
  const auto contains = [&](ApiKey key, int16_t version) {
    for (const auto& range : advertised.api_keys) {
      if (range.api_key == static_cast<int16_t>(key)) {
        return range.min_version <= version && version <= range.max_version;
      }
    }
    return false;
  };
  CHECK(contains(ApiKey::kProduce, 0));  // or it sends uncompressed
  CHECK(contains(ApiKey::kProduce, 7));
  CHECK(contains(ApiKey::kFetch, 4));
  CHECK(contains(ApiKey::kFetch, 10));
  CHECK(contains(ApiKey::kListOffsets, 1));
  CHECK(contains(ApiKey::kOffsetCommit, 2));
  CHECK(contains(ApiKey::kOffsetFetch, 1));
  CHECK(contains(ApiKey::kOffsetForLeaderEpoch, 2));
  for (const ApiKey key : {ApiKey::kFindCoordinator, ApiKey::kJoinGroup, ApiKey::kSyncGroup, ApiKey::kHeartbeat,
                           ApiKey::kLeaveGroup, ApiKey::kInitProducerId}) {
    CHECK(contains(key, 0));
  }
}

TEST_CASE("a client that asks for too new a version of ApiVersions can read which ones there are",
          "[protocol][header]") {
  std::string bytes;
  EncodeResponseHeader(ApiKey::kApiVersions, 5, 7, bytes);
  REQUIRE_OK(Encode(UnsupportedApiVersions(), 0, bytes));
  CHECK(bytes == std::string("\0\0\0\7\0\x23\0\0\0\1\0\x12\0\0\0\4", 16));
}

}  // namespace
}  // namespace moldau::protocol
