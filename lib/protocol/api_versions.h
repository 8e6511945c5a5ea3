// Which requests a broker answers, in which versions: the first thing that a client asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct ApiVersionsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kApiVersions);

  std::string client_software_name;
  std::string client_software_version;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ApiVersionsRequest;
    v.Field("client_software_name", &M::client_software_name, Since(3).Ignorable());
    v.Field("client_software_version", &M::client_software_version, Since(3).Ignorable());
  }
  friend bool operator==(const ApiVersionsRequest&, const ApiVersionsRequest&) = default;
};

struct ApiVersionsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kApiVersions);

  struct ApiVersion {
    int16_t api_key = 0;
    int16_t min_version = 0;
    int16_t max_version = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = ApiVersion;
      v.Field("api_key", &M::api_key);
      v.Field("min_version", &M::min_version);
      v.Field("max_version", &M::max_version);
    }
    friend bool operator==(const ApiVersion&, const ApiVersion&) = default;
  };

  struct SupportedFeature {
    std::string name;
    int16_t min_version = 0;
    int16_t max_version = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = SupportedFeature;
      v.Field("name", &M::name);
      v.Field("min_version", &M::min_version);
      v.Field("max_version", &M::max_version);
    }
    friend bool operator==(const SupportedFeature&, const SupportedFeature&) = default;
  };

  struct FinalizedFeature {
    std::string name;
    int16_t max_version_level = 0;
    int16_t min_version_level = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = FinalizedFeature;
      v.Field("name", &M::name);
      v.Field("max_version_level", &M::max_version_level);
      v.Field("min_version_level", &M::min_version_level);
    }
    friend bool operator==(const FinalizedFeature&, const FinalizedFeature&) = default;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersion> api_keys;
  int32_t throttle_time_ms = 0;
  std::vector<SupportedFeature> supported_features;
  int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features;
  bool zk_migration_ready = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ApiVersionsResponse;
    v.Field("error_code", &M::error_code);
    v.Field("api_keys", &M::api_keys);
    v.Field("throttle_time_ms", &M::throttle_time_ms, Since(1).Ignorable());
    v.Field("supported_features", &M::supported_features, Since(3).Tag(0).Ignorable());
    v.Field("finalized_features_epoch", &M::finalized_features_epoch, Since(3).Tag(1).Ignorable());
    v.Field("finalized_features", &M::finalized_features, Since(3).Tag(2).Ignorable());
    v.Field("zk_migration_ready", &M::zk_migration_ready, Since(3).Tag(3).Ignorable());
  }
  friend bool operator==(const ApiVersionsResponse&, const ApiVersionsResponse&) = default;
};

// What the table in api.h says.
[[nodiscard]] ApiVersionsResponse AdvertisedApis();

// The answer to a version of ApiVersions that is not spoken: in version 0, which every client reads whatever it asked
// for, it names the versions that are (KIP-511).
[[nodiscard]] ApiVersionsResponse UnsupportedApiVersions();

}  // namespace moldau::protocol
