// Gives a producer its id, or its next epoch: what makes it idempotent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "moldau/error.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct InitProducerIdRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kInitProducerId);

  std::optional<std::string> transactional_id;
  int32_t transaction_timeout_ms = 0;
  int64_t producer_id = -1;  // that the producer had before
  int16_t producer_epoch = -1;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = InitProducerIdRequest;
    v.Field("transactional_id", &M::transactional_id);
    v.Field("transaction_timeout_ms", &M::transaction_timeout_ms);
    v.Field("producer_id", &M::producer_id, Since(3));
    v.Field("producer_epoch", &M::producer_epoch, Since(3));
  }
  friend bool operator==(const InitProducerIdRequest&, const InitProducerIdRequest&) = default;
};

struct InitProducerIdResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kInitProducerId);

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = InitProducerIdResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("error_code", &M::error_code);
    v.Field("producer_id", &M::producer_id);
    v.Field("producer_epoch", &M::producer_epoch);
  }
  friend bool operator==(const InitProducerIdResponse&, const InitProducerIdResponse&) = default;
};

}  // namespace moldau::protocol
