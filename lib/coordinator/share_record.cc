#include "coordinator/share_record.h"

#include <limits>

#include "base/status_builder.h"
#include "protocol/wire_reader.h"
#include "protocol/wire_writer.h"

namespace moldau::coordinator {
namespace {

using protocol::WireReader;
using protocol::WireWriter;

constexpr int16_t kValueVersion = 0;
constexpr int32_t kEpoch = 0;  // of the state and of the leader: a node that is alone has one of each
constexpr int64_t kNoOffset = std::numeric_limits<int64_t>::max();  // so that there is one behind each
constexpr size_t kBatchBytes = 8 + 8 + 1 + 2 + 1;

int64_t ToMilliseconds(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp FromMilliseconds(int64_t time) { return Timestamp(std::chrono::milliseconds(time)); }

void WriteBatches(std::span<const StateBatch> batches, WireWriter& out) {
  out.CompactLength(batches.size());
  for (const StateBatch& batch : batches) {
    out.Int(batch.first);
    out.Int(batch.last);
    out.Int(static_cast<int8_t>(batch.state));
    out.Int(batch.delivery_count);
    out.NoTaggedFields();
  }
}

// Fails the reader unless they ascend, as a snapshot's do; those of an update may come in any order.
std::vector<StateBatch> ReadBatches(WireReader& in, bool ascending) {
  std::vector<StateBatch> batches(in.CompactArrayLength(kBatchBytes));
  for (size_t i = 0; i < batches.size(); ++i) {
    StateBatch& batch = batches[i];
    batch.first = in.Int<int64_t>();
    batch.last = in.Int<int64_t>();
    batch.state = static_cast<DeliveryState>(in.Int<int8_t>());
    batch.delivery_count = in.Int<int16_t>();
    in.TaggedFields();
    const bool is_run = batch.first >= 0 && batch.first <= batch.last && batch.last < kNoOffset;
    const bool is_known = batch.state >= DeliveryState::kAvailable && batch.state <= DeliveryState::kArchived;
    if (!is_run || !is_known || batch.delivery_count < 0 || (ascending && i > 0 && batch.first <= batches[i - 1].last))
      in.Fail();
  }
  return batches;
}

absl::Status CheckVersion(const WireReader& in, int16_t version, std::string_view what) {
  if (!in.ok() || version == kValueVersion) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, "%s of version %d: the newest that is understood is %d",
                     what, version, kValueVersion);
}

absl::Status Damaged(std::string_view what, size_t size) {
  return base::Error(absl::StatusCode::kDataLoss, "%s of %d bytes: its fields do not make one", what, size);
}

}  // namespace

std::string EncodeShareKey(ShareRecordKind kind, const ShareKey& key) {
  WireWriter out;
  out.Int(static_cast<int16_t>(kind));
  out.String(key.group);
  out.Id(key.topic_id);
  out.Int(key.partition);
  return std::move(out).take();
}

std::string EncodeShareSnapshot(const ShareSnapshot& snapshot) {
  WireWriter out;
  out.Int(kValueVersion);
  out.Int(snapshot.epoch);
  out.Int(kEpoch);
  out.Int(kEpoch);
  out.Int(snapshot.state.start_offset);
  out.Int(ToMilliseconds(snapshot.create_time));
  out.Int(ToMilliseconds(snapshot.write_time));
  WriteBatches(snapshot.state.batches, out);
  out.NoTaggedFields();
  return std::move(out).take();
}

std::string EncodeShareUpdate(int32_t snapshot_epoch, int64_t start_offset, std::span<const StateBatch> changes) {
  WireWriter out;
  out.Int(kValueVersion);
  out.Int(snapshot_epoch);
  out.Int(kEpoch);
  out.Int(start_offset);
  WriteBatches(changes, out);
  out.NoTaggedFields();
  return std::move(out).take();
}

absl::StatusOr<std::optional<ShareRecordKey>> DecodeShareKey(std::string_view key) {
  WireReader in(key);
  const auto kind = static_cast<ShareRecordKind>(in.Int<int16_t>());
  if (in.ok() && kind != ShareRecordKind::kSnapshot && kind != ShareRecordKind::kUpdate) return std::nullopt;
  ShareRecordKey decoded{.kind = kind};
  decoded.key.group = in.String();
  decoded.key.topic_id = in.Id();
  decoded.key.partition = in.Int<int32_t>();
  if (!in.AtEnd()) return Damaged("share state key", key.size());
  return decoded;
}

absl::StatusOr<ShareSnapshot> DecodeShareSnapshot(std::string_view value) {
  WireReader in(value);
  MOLDAU_RETURN_IF_ERROR(CheckVersion(in, in.Int<int16_t>(), "share snapshot"));
  ShareSnapshot snapshot;
  snapshot.epoch = in.Int<int32_t>();
  in.Int<int32_t>();  // state epoch
  in.Int<int32_t>();  // leader epoch
  snapshot.state.start_offset = in.Int<int64_t>();
  snapshot.create_time = FromMilliseconds(in.Int<int64_t>());
  snapshot.write_time = FromMilliseconds(in.Int<int64_t>());
  snapshot.state.batches = ReadBatches(in, /*ascending=*/true);
  in.TaggedFields();
  if (!in.AtEnd() || snapshot.state.start_offset < 0) return Damaged("share snapshot", value.size());
  return snapshot;
}

absl::StatusOr<ShareUpdate> DecodeShareUpdate(std::string_view value) {
  WireReader in(value);
  MOLDAU_RETURN_IF_ERROR(CheckVersion(in, in.Int<int16_t>(), "share update"));
  ShareUpdate update;
  update.snapshot_epoch = in.Int<int32_t>();
  in.Int<int32_t>();  // leader epoch
  update.start_offset = in.Int<int64_t>();
  update.changes = ReadBatches(in, /*ascending=*/false);
  in.TaggedFields();
  if (!in.AtEnd() || update.start_offset < -1) return Damaged("share update", value.size());
  return update;
}

}  // namespace moldau::coordinator
