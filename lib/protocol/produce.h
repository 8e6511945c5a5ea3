// Batches to append to partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/schema.h"

namespace moldau::protocol {

struct ProduceRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kProduce);

  struct Partition {
    int32_t index = 0;
    std::optional<Bytes> records;  // one batch

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("index", &M::index);
      v.Field("records", &M::records);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partition_data;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("partition_data", &M::partition_data);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::optional<std::string> transactional_id;
  // 0: none, and no response; 1: of the leader; -1: of all in-sync replicas
  int16_t acks = 0;
  int32_t timeout_ms = 0;  // how long the acknowledgement may take
  std::vector<Topic> topic_data;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ProduceRequest;
    v.Field("transactional_id", &M::transactional_id);
    v.Field("acks", &M::acks);
    v.Field("timeout_ms", &M::timeout_ms);
    v.Field("topic_data", &M::topic_data);
  }
  friend bool operator==(const ProduceRequest&, const ProduceRequest&) = default;
};

struct ProduceResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kProduce);

  struct RecordError {
    int32_t batch_index = 0;  // of the record in its batch
    std::optional<std::string> batch_index_error_message;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = RecordError;
      v.Field("batch_index", &M::batch_index);
      v.Field("batch_index_error_message", &M::batch_index_error_message);
    }
    friend bool operator==(const RecordError&, const RecordError&) = default;
  };

  struct Partition {
    int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int64_t base_offset = 0;
    int64_t log_append_time_ms = -1;  // -1: the records kept their own times
    int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;
    std::optional<std::string> error_message;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("index", &M::index);
      v.Field("error_code", &M::error_code);
      v.Field("base_offset", &M::base_offset);
      v.Field("log_append_time_ms", &M::log_append_time_ms);
      v.Field("log_start_offset", &M::log_start_offset, Since(5).Ignorable());
      v.Field("record_errors", &M::record_errors, Since(8).Ignorable());
      v.Field("error_message", &M::error_message, Since(8).Ignorable());
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partition_responses;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("name", &M::name);
      v.Field("partition_responses", &M::partition_responses);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  std::vector<Topic> responses;
  int32_t throttle_time_ms = 0;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = ProduceResponse;
    v.Field("responses", &M::responses);
    v.Field("throttle_time_ms", &M::throttle_time_ms);
  }
  friend bool operator==(const ProduceResponse&, const ProduceResponse&) = default;
};

}  // namespace moldau::protocol
