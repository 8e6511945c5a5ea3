// Changes single values of the configuration of resources; the others stay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/values.h"

namespace moldau::protocol {

struct IncrementalAlterConfigsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kIncrementalAlterConfigs);

  struct Config {
    std::string name;
    ConfigOperation config_operation = ConfigOperation::kSet;
    std::optional<std::string> value;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Config;
      v.Field("name", &M::name);
      v.Field("config_operation", &M::config_operation);
      v.Field("value", &M::value);
    }
    friend bool operator==(const Config&, const Config&) = default;
  };

  struct Resource {
    ConfigResourceType resource_type = ConfigResourceType::kUnknown;
    std::string resource_name;
    std::vector<Config> configs;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Resource;
      v.Field("resource_type", &M::resource_type);
      v.Field("resource_name", &M::resource_name);
      v.Field("configs", &M::configs);
    }
    friend bool operator==(const Resource&, const Resource&) = default;
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = IncrementalAlterConfigsRequest;
    v.Field("resources", &M::resources);
    v.Field("validate_only", &M::validate_only);
  }
  friend bool operator==(const IncrementalAlterConfigsRequest&, const IncrementalAlterConfigsRequest&) = default;
};

struct IncrementalAlterConfigsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kIncrementalAlterConfigs);

  struct Resource {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    ConfigResourceType resource_type = ConfigResourceType::kUnknown;
    std::string resource_name;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Resource;
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message);
      v.Field("resource_type", &M::resource_type);
      v.Field("resource_name", &M::resource_name);
    }
    friend bool operator==(const Resource&, const Resource&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Resource> responses;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = IncrementalAlterConfigsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("responses", &M::responses);
  }
  friend bool operator==(const IncrementalAlterConfigsResponse&, const IncrementalAlterConfigsResponse&) = default;
};

}  // namespace moldau::protocol
