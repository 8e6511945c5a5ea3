// The brokers of the cluster and its controller.
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

struct DescribeClusterRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kDescribeCluster);

  bool include_cluster_authorized_operations = false;
  int8_t endpoint_type = 1;  // 1: brokers, 2: controllers

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeClusterRequest;
    v.Field("include_cluster_authorized_operations", &M::include_cluster_authorized_operations);
    v.Field("endpoint_type", &M::endpoint_type, Since(1));
  }
  friend bool operator==(const DescribeClusterRequest&, const DescribeClusterRequest&) = default;
};

struct DescribeClusterResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kDescribeCluster);

  struct Broker {
    int32_t broker_id = 0;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Broker;
      v.Field("broker_id", &M::broker_id);
      v.Field("host", &M::host);
      v.Field("port", &M::port);
      v.Field("rack", &M::rack);
    }
    friend bool operator==(const Broker&, const Broker&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  int8_t endpoint_type = 1;  // 1: brokers, 2: controllers
  std::string cluster_id;
  int32_t controller_id = -1;
  std::vector<Broker> brokers;
  int32_t cluster_authorized_operations = kOperationsNotAskedFor;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = DescribeClusterResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("error_code", &M::error_code);
    v.Field("error_message", &M::error_message);
    v.Field("endpoint_type", &M::endpoint_type, Since(1));
    v.Field("cluster_id", &M::cluster_id);
    v.Field("controller_id", &M::controller_id);
    v.Field("brokers", &M::brokers);
    v.Field("cluster_authorized_operations", &M::cluster_authorized_operations);
  }
  friend bool operator==(const DescribeClusterResponse&, const DescribeClusterResponse&) = default;
};

}  // namespace moldau::protocol
