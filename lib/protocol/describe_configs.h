// The configuration of topics and brokers, and where each value comes from.
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

struct DescribeConfigsRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDescribeConfigs);

  struct Resource {
    ConfigResourceType resource_type = ConfigResourceType::kUnknown;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};  // null: all

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Resource;
      v.Field("resource_type", &M::resource_type);
      v.Field("resource_name", &M::resource_name);
      v.Field("configuration_keys", &M::configuration_keys);
    }
    friend bool operator==(const Resource&, const Resource&) = default;
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeConfigsRequest;
    v.Field("resources", &M::resources);
    v.Field("include_synonyms", &M::include_synonyms);
    v.Field("include_documentation", &M::include_documentation, Since(3));
  }
  friend bool operator==(const DescribeConfigsRequest&, const DescribeConfigsRequest&) = default;
};

struct DescribeConfigsResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDescribeConfigs);

  struct Synonym {
    std::string name;
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::kUnknown;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Synonym;
      v.Field("name", &M::name);
      v.Field("value", &M::value);
      v.Field("source", &M::source);
    }
    friend bool operator==(const Synonym&, const Synonym&) = default;
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    ConfigSource config_source = ConfigSource::kUnset;
    bool is_sensitive = false;      // the value is then null
    std::vector<Synonym> synonyms;  // the values behind the one that holds, from the strongest on
    ConfigType config_type = ConfigType::kUnknown;
    std::optional<std::string> documentation;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Config;
      v.Field("name", &M::name);
      v.Field("value", &M::value);
      v.Field("read_only", &M::read_only);
      v.Field("config_source", &M::config_source);
      v.Field("is_sensitive", &M::is_sensitive);
      v.Field("synonyms", &M::synonyms);
      v.Field("config_type", &M::config_type, Since(3).Ignorable());
      v.Field("documentation", &M::documentation, Since(3).Ignorable());
    }
    friend bool operator==(const Config&, const Config&) = default;
  };

  struct Result {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    ConfigResourceType resource_type = ConfigResourceType::kUnknown;
    std::string resource_name;
    std::vector<Config> configs;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Result;
      v.Field("error_code", &M::error_code);
      v.Field("error_message", &M::error_message);
      v.Field("resource_type", &M::resource_type);
      v.Field("resource_name", &M::resource_name);
      v.Field("configs", &M::configs);
    }
    friend bool operator==(const Result&, const Result&) = default;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeConfigsResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("results", &M::results);
  }
  friend bool operator==(const DescribeConfigsResponse&, const DescribeConfigsResponse&) = default;
};

}  // namespace moldau::protocol
