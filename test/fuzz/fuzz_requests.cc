// Requests and responses from any bytes, in every key and version: what is accepted means the same after it was written
// and read again, and is written to the same bytes again. The same for what consumers of a group tell each other.
//
// Input: one byte that chooses what follows. 0: a request, header and body. 1: key and version (two bytes each) and a
// response, header and body. 2: a subscription. 3: an assignment.
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "protocol/codec.h"
#include "protocol/consumer_protocol.h"
#include "protocol/header.h"
#include "protocol/messages.h"

namespace moldau::protocol {
namespace {

void RequireRefusalSaysWhy(const absl::Status& status) {
  const ErrorCode code = GetErrorCode(status);
  MOLDAU_REQUIRE(code == ErrorCode::kInvalidRequest || code == ErrorCode::kUnsupportedVersion);
  MOLDAU_REQUIRE(!status.message().empty());
}

template <typename Message>
void TryMessage(std::span<const std::byte> body, int16_t version) {
  const auto decoded = Decode<Message>(body, version);
  if (!decoded.ok()) return RequireRefusalSaysWhy(decoded.status());
  std::string bytes;
  MOLDAU_REQUIRE(Encode(*decoded, version, bytes).ok());
  const auto again = Decode<Message>(std::string_view(bytes), version);
  MOLDAU_REQUIRE(again.ok() && *again == *decoded);
  std::string same;
  MOLDAU_REQUIRE(Encode(*again, version, same).ok() && same == bytes);
}

using Try = void (*)(std::span<const std::byte> body, int16_t version);

struct Tries {
  Try request = nullptr;
  Try response = nullptr;
};

std::map<ApiKey, Tries> AllTries() {
  std::map<ApiKey, Tries> tries;
  for (const Api& api : kApis) {
    test::ForEachMessage([&]<typename Message>(const Message&) {
      if (std::string_view(Message::kSchema.name) != api.name) return;
      const bool is_request = std::string_view(Message::kSchema.kind) == "request";
      (is_request ? tries[api.key].request : tries[api.key].response) = &TryMessage<Message>;
    });
  }
  return tries;
}

const Tries& TriesOf(ApiKey key) {
  static const auto* const kTries = new std::map<ApiKey, Tries>(AllTries());
  return kTries->at(key);
}

void TryRequest(WireReader in) {
  const auto header = DecodeRequestHeader(in);
  if (!header.ok()) return RequireRefusalSaysWhy(header.status());
  std::string bytes;
  MOLDAU_REQUIRE(EncodeRequestHeader(*header, bytes).ok());
  WireReader again(bytes);
  MOLDAU_REQUIRE(DecodeRequestHeader(again).value() == *header && again.AtEnd());
  const Api* api = FindApi(header->api_key);
  if (api != nullptr) TriesOf(api->key).request(in.rest(), header->api_version);
}

void TryResponse(WireReader in) {
  const Api* api = FindApi(in.Int<int16_t>());
  const auto version = in.Int<int16_t>();
  if (api == nullptr || !DecodeResponseHeader(api->key, version, in).ok()) return;
  TriesOf(api->key).response(in.rest(), version);
}

void TrySubscription(std::string_view bytes) {
  const auto decoded = DecodeSubscription(bytes);
  if (!decoded.ok()) return RequireRefusalSaysWhy(decoded.status());
  MOLDAU_REQUIRE(DecodeSubscription(EncodeSubscription(*decoded).value()).value() == *decoded);
}

void TryAssignment(std::string_view bytes) {
  const auto decoded = DecodeAssignment(bytes);
  if (!decoded.ok()) return RequireRefusalSaysWhy(decoded.status());
  MOLDAU_REQUIRE(DecodeAssignment(EncodeAssignment(*decoded).value()).value() == *decoded);
}

}  // namespace
}  // namespace moldau::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      moldau::protocol::TryRequest(moldau::protocol::WireReader(bytes));
      break;
    case 1:
      moldau::protocol::TryResponse(moldau::protocol::WireReader(bytes));
      break;
    case 2:
      moldau::protocol::TrySubscription(bytes);
      break;
    default:
      moldau::protocol::TryAssignment(bytes);
      break;
  }
  return 0;
}
