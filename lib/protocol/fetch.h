// Batches from partitions, for a consumer or a follower; waits until there are enough. A session (KIP-227) lets a
// request name only the partitions that changed.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "moldau/error.h"
#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/schema.h"
#include "protocol/values.h"

namespace moldau::protocol {

struct FetchRequest {
  static constexpr Schema kSchema = RequestSchema(ApiKey::kFetch);

  struct Partition {
    int32_t partition = 0;
    int32_t current_leader_epoch = -1;  // that the fetcher knows; another is refused
    int64_t fetch_offset = 0;
    int32_t last_fetched_epoch = -1;  // a follower's: finds where its log diverged
    int64_t log_start_offset = -1;    // a follower's
    int32_t partition_max_bytes = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition", &M::partition);
      v.Field("current_leader_epoch", &M::current_leader_epoch, Since(9).Ignorable());
      v.Field("fetch_offset", &M::fetch_offset);
      v.Field("last_fetched_epoch", &M::last_fetched_epoch, Since(12));
      v.Field("log_start_offset", &M::log_start_offset, Since(5).Ignorable());
      v.Field("partition_max_bytes", &M::partition_max_bytes);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  struct ForgottenTopic {
    std::string topic;
    std::vector<int32_t> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = ForgottenTopic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const ForgottenTopic&, const ForgottenTopic&) = default;
  };

  std::optional<std::string> cluster_id;
  int32_t replica_id = -1;  // of a follower
  int32_t max_wait_ms = 0;
  int32_t min_bytes = 0;
  int32_t max_bytes = std::numeric_limits<int32_t>::max();
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  int32_t session_id = 0;
  int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;  // that leave the session
  std::string rack_id;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = FetchRequest;
    v.Field("cluster_id", &M::cluster_id, Since(12).Tag(0).Ignorable());
    v.Field("replica_id", &M::replica_id);
    v.Field("max_wait_ms", &M::max_wait_ms);
    v.Field("min_bytes", &M::min_bytes);
    v.Field("max_bytes", &M::max_bytes);
    v.Field("isolation_level", &M::isolation_level);
    v.Field("session_id", &M::session_id, Since(7).Ignorable());
    v.Field("session_epoch", &M::session_epoch, Since(7).Ignorable());
    v.Field("topics", &M::topics);
    v.Field("forgotten_topics_data", &M::forgotten_topics_data, Since(7));
    v.Field("rack_id", &M::rack_id, Since(11).Ignorable());
  }
  friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
};

struct FetchResponse {
  static constexpr Schema kSchema = ResponseSchema(ApiKey::kFetch);

  // Where the follower's log and the leader's part.
  struct EpochEndOffset {
    int32_t epoch = -1;
    int64_t end_offset = -1;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = EpochEndOffset;
      v.Field("epoch", &M::epoch);
      v.Field("end_offset", &M::end_offset);
    }
    friend bool operator==(const EpochEndOffset&, const EpochEndOffset&) = default;
  };

  struct LeaderIdAndEpoch {
    int32_t leader_id = -1;
    int32_t leader_epoch = -1;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = LeaderIdAndEpoch;
      v.Field("leader_id", &M::leader_id);
      v.Field("leader_epoch", &M::leader_epoch);
    }
    friend bool operator==(const LeaderIdAndEpoch&, const LeaderIdAndEpoch&) = default;
  };

  struct SnapshotId {
    int64_t end_offset = -1;
    int32_t epoch = -1;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = SnapshotId;
      v.Field("end_offset", &M::end_offset);
      v.Field("epoch", &M::epoch);
    }
    friend bool operator==(const SnapshotId&, const SnapshotId&) = default;
  };

  struct AbortedTransaction {
    int64_t producer_id = 0;
    int64_t first_offset = 0;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = AbortedTransaction;
      v.Field("producer_id", &M::producer_id);
      v.Field("first_offset", &M::first_offset);
    }
    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
  };

  struct Partition {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    int64_t high_watermark = 0;
    int64_t last_stable_offset = -1;
    int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch;
    LeaderIdAndEpoch current_leader;
    SnapshotId snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions = std::vector<AbortedTransaction>{};
    int32_t preferred_read_replica = -1;
    std::optional<Bytes> records;  // whole batches; the last may be cut

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Partition;
      v.Field("partition_index", &M::partition_index);
      v.Field("error_code", &M::error_code);
      v.Field("high_watermark", &M::high_watermark);
      v.Field("last_stable_offset", &M::last_stable_offset);
      v.Field("log_start_offset", &M::log_start_offset, Since(5).Ignorable());
      v.Field("diverging_epoch", &M::diverging_epoch, Since(12).Tag(0));
      v.Field("current_leader", &M::current_leader, Since(12).Tag(1));
      v.Field("snapshot_id", &M::snapshot_id, Since(12).Tag(2));
      v.Field("aborted_transactions", &M::aborted_transactions);
      v.Field("preferred_read_replica", &M::preferred_read_replica, Since(11));
      v.Field("records", &M::records);
    }
    friend bool operator==(const Partition&, const Partition&) = default;
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    template <typename Visitor>
    static void Fields(Visitor& v) {
      using M = Topic;
      v.Field("topic", &M::topic);
      v.Field("partitions", &M::partitions);
    }
    friend bool operator==(const Topic&, const Topic&) = default;
  };

  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t session_id = 0;
  std::vector<Topic> responses;

  template <typename Visitor>
  static void Fields(Visitor& v) {
    using M = FetchResponse;
    v.Field("throttle_time_ms", &M::throttle_time_ms);
    v.Field("error_code", &M::error_code, Since(7).Ignorable());
    v.Field("session_id", &M::session_id, Since(7));
    v.Field("responses", &M::responses);
  }
  friend bool operator==(const FetchResponse&, const FetchResponse&) = default;
};

}  // namespace moldau::protocol
