#include "coordinator/offset_record.h"

#include "base/status_builder.h"
#include "protocol/wire_reader.h"

namespace moldau::coordinator {
namespace {

using protocol::WireReader;
using protocol::WireWriter;

// The first field of a key says what it is the key of; two numbers mean a committed offset, of which 1 is written.
constexpr int16_t kOldOffsetKey = 0;
constexpr int16_t kOffsetKey = 1;
constexpr int16_t kValueVersion = 3;
constexpr int16_t kLastReadableVersion = 4;

int64_t ToMilliseconds(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

void PutOffsetKey(WireWriter& out, std::string_view group, std::string_view topic, int32_t partition) {
  out.Int(kOffsetKey);
  out.String(group);
  out.String(topic);
  out.Int(partition);
}

void PutOffsetValue(WireWriter& out, int64_t offset, int32_t leader_epoch, std::string_view metadata,
                    Timestamp commit_time) {
  out.Int(kValueVersion);
  out.Int(offset);
  out.Int(leader_epoch);
  out.String(metadata);
  out.Int(ToMilliseconds(commit_time));
}

std::string EncodeOffsetKey(std::string_view group, const TopicPartition& partition) {
  WireWriter out;
  PutOffsetKey(out, group, partition.topic, partition.partition);
  return std::move(out).take();
}

std::string EncodeOffsetValue(const CommittedOffset& committed) {
  WireWriter out;
  PutOffsetValue(out, committed.offset, committed.leader_epoch, committed.metadata, committed.commit_time);
  return std::move(out).take();
}

absl::StatusOr<std::optional<OffsetKey>> DecodeOffsetKey(std::string_view key) {
  WireReader in(key);
  const auto kind = in.Int<int16_t>();
  if (in.ok() && kind != kOldOffsetKey && kind != kOffsetKey) return std::nullopt;
  OffsetKey decoded;
  decoded.group = in.String();
  decoded.partition.topic = in.String();
  decoded.partition.partition = in.Int<int32_t>();
  if (!in.AtEnd()) {
    return base::Error(absl::StatusCode::kDataLoss, "offset key of %d bytes: its fields do not fill it", key.size());
  }
  return decoded;
}

absl::StatusOr<CommittedOffset> DecodeOffsetValue(std::string_view value) {
  WireReader in(value);
  const auto version = in.Int<int16_t>();
  if (in.ok() && (version < 0 || version > kLastReadableVersion)) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "offset value of version %d: the newest that is understood is %d", version,
                       kLastReadableVersion);
  }
  const bool flexible = version >= 4;
  CommittedOffset committed;
  committed.offset = in.Int<int64_t>();
  if (version >= 3) committed.leader_epoch = in.Int<int32_t>();
  committed.metadata = flexible ? in.CompactString() : in.String();
  committed.commit_time = Timestamp(std::chrono::milliseconds(in.Int<int64_t>()));
  if (version == 1) in.Int<int64_t>();  // when it expires: decided by the group's retention now
  if (flexible) in.TaggedFields();
  if (!in.AtEnd()) {
    return base::Error(absl::StatusCode::kDataLoss, "offset value of %d bytes: its fields do not fill it",
                       value.size());
  }
  return committed;
}

}  // namespace moldau::coordinator
