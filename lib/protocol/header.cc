#include "protocol/header.h"

#include <limits>
#include <utility>

#include "base/status_builder.h"
#include "protocol/wire_writer.h"

namespace moldau::protocol {
namespace {

bool RequestHeaderIsFlexible(int16_t key, int16_t version) {
  const Api* api = FindApi(key);
  return api != nullptr && api->IsFlexible(version);
}

bool ResponseHeaderIsFlexible(ApiKey key, int16_t version) {
  return key != ApiKey::kApiVersions && ApiOf(key).IsFlexible(version);
}

}  // namespace

absl::Status EncodeRequestHeader(const RequestHeader& header, std::string& out) {
  if (header.client_id && header.client_id->size() > static_cast<size_t>(std::numeric_limits<int16_t>::max())) {
    return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                       "client id: %d bytes are more than the protocol can carry", header.client_id->size());
  }
  WireWriter writer(std::move(out));
  writer.Int(header.api_key);
  writer.Int(header.api_version);
  writer.Int(header.correlation_id);
  header.client_id ? writer.String(*header.client_id) : writer.Int(int16_t{-1});
  if (RequestHeaderIsFlexible(header.api_key, header.api_version)) writer.NoTaggedFields();
  out = std::move(writer).take();
  return absl::OkStatus();
}

absl::StatusOr<RequestHeader> DecodeRequestHeader(WireReader& in) {
  const size_t size = in.left();
  RequestHeader header;
  header.api_key = in.Int<int16_t>();
  header.api_version = in.Int<int16_t>();
  header.correlation_id = in.Int<int32_t>();
  header.client_id = in.NullableString();
  if (RequestHeaderIsFlexible(header.api_key, header.api_version)) in.TaggedFields();
  if (in.ok()) return header;
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                     "request header: %d bytes do not begin with one (key %d, version %d)", size, header.api_key,
                     header.api_version);
}

void EncodeResponseHeader(ApiKey key, int16_t version, int32_t correlation_id, std::string& out) {
  WireWriter writer(std::move(out));
  writer.Int(correlation_id);
  if (ResponseHeaderIsFlexible(key, version)) writer.NoTaggedFields();
  out = std::move(writer).take();
}

absl::StatusOr<int32_t> DecodeResponseHeader(ApiKey key, int16_t version, WireReader& in) {
  const size_t size = in.left();
  const auto correlation_id = in.Int<int32_t>();
  if (ResponseHeaderIsFlexible(key, version)) in.TaggedFields();
  if (in.ok()) return correlation_id;
  return base::Error(absl::StatusCode::kInvalidArgument, ErrorCode::kInvalidRequest,
                     "%s response header: %d bytes do not begin with one of version %d", ApiOf(key).name, size,
                     version);
}

}  // namespace moldau::protocol
