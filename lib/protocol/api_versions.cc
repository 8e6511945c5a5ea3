#include "protocol/api_versions.h"

#include "protocol/codec_definitions.h"

namespace moldau::protocol {
namespace {

ApiVersionsResponse::ApiVersion Advertise(const Api& api) {
  return {static_cast<int16_t>(api.key), api.advertised_min_version, api.max_version};
}

}  // namespace

ApiVersionsResponse AdvertisedApis() {
  ApiVersionsResponse response;
  for (const Api& api : kApis) response.api_keys.push_back(Advertise(api));
  return response;
}

ApiVersionsResponse UnsupportedApiVersions() {
  ApiVersionsResponse response;
  response.error_code = ErrorCode::kUnsupportedVersion;
  response.api_keys.push_back(Advertise(ApiOf(ApiKey::kApiVersions)));
  return response;
}

template struct Codec<ApiVersionsRequest>;
template struct Codec<ApiVersionsResponse>;

}  // namespace moldau::protocol
