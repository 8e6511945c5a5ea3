#include "coordinator/group_record.h"

#include "base/status_builder.h"
#include "protocol/wire_reader.h"

namespace moldau::coordinator {
namespace {

using protocol::WireReader;
using protocol::WireWriter;

constexpr int16_t kGroupKey = 2;
constexpr int16_t kValueVersion = 3;
constexpr int16_t kLastReadableVersion = 4;
constexpr size_t kLeastMemberBytes = 16;

// Strings and bytes in the form of the record's version.
struct Fields {
  WireReader& in;
  bool flexible;

  std::string String() { return std::string(flexible ? in.CompactString() : in.String()); }
  std::optional<std::string> NullableString() {
    const std::optional<std::string_view> text = flexible ? in.CompactNullableString() : in.NullableString();
    return text ? std::optional<std::string>(*text) : std::nullopt;
  }
  std::string Bytes() { return std::string(flexible ? in.CompactString() : in.Bytes()); }
};

GroupRecord::Member DecodeMember(Fields fields, int16_t version) {
  GroupRecord::Member member;
  member.id = fields.String();
  if (version >= 3) member.instance_id = fields.NullableString();
  member.client_id = fields.String();
  member.client_host = fields.String();
  if (version >= 1) member.rebalance_timeout = std::chrono::milliseconds(fields.in.Int<int32_t>());
  member.session_timeout = std::chrono::milliseconds(fields.in.Int<int32_t>());
  if (version < 1) member.rebalance_timeout = member.session_timeout;
  member.subscription = fields.Bytes();
  member.assignment = fields.Bytes();
  if (fields.flexible) fields.in.TaggedFields();
  return member;
}

}  // namespace

void PutGroupKey(WireWriter& out, std::string_view group) {
  out.Int(kGroupKey);
  out.String(group);
}

std::string EncodeGroupKey(std::string_view group) {
  WireWriter out;
  PutGroupKey(out, group);
  return std::move(out).take();
}

std::string EncodeGroupValue(const GroupRecord& record) {
  WireWriter out;
  out.Int(kValueVersion);
  out.String(record.protocol_type);
  out.Int(record.generation);
  out.NullableString(record.protocol_name);
  out.NullableString(record.leader);
  out.Int(int64_t{record.state_since.time_since_epoch().count()});
  out.Int(static_cast<int32_t>(record.members.size()));
  for (const GroupRecord::Member& member : record.members) {
    out.String(member.id);
    out.NullableString(member.instance_id);
    out.String(member.client_id);
    out.String(member.client_host);
    out.Int(static_cast<int32_t>(member.rebalance_timeout.count()));
    out.Int(static_cast<int32_t>(member.session_timeout.count()));
    out.Bytes(member.subscription);
    out.Bytes(member.assignment);
  }
  return std::move(out).take();
}

absl::StatusOr<std::optional<std::string>> DecodeGroupKey(std::string_view key) {
  WireReader in(key);
  const auto kind = in.Int<int16_t>();
  if (in.ok() && kind != kGroupKey) return std::nullopt;
  std::string group(in.String());
  if (!in.AtEnd()) {
    return base::Error(absl::StatusCode::kDataLoss, "group key of %d bytes: its fields do not fill it", key.size());
  }
  return group;
}

absl::StatusOr<GroupRecord> DecodeGroupValue(std::string_view value) {
  WireReader in(value);
  const auto version = in.Int<int16_t>();
  if (in.ok() && (version < 0 || version > kLastReadableVersion)) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "group value of version %d: the newest that is understood is %d", version, kLastReadableVersion);
  }
  Fields fields{in, version >= 4};
  GroupRecord record;
  record.protocol_type = fields.String();
  record.generation = in.Int<int32_t>();
  record.protocol_name = fields.NullableString();
  record.leader = fields.NullableString();
  if (version >= 2) record.state_since = Timestamp(std::chrono::milliseconds(in.Int<int64_t>()));
  const size_t members = fields.flexible ? in.CompactArrayLength(kLeastMemberBytes) : in.ArrayLength(kLeastMemberBytes);
  for (size_t i = 0; i < members && in.ok(); ++i) record.members.push_back(DecodeMember(fields, version));
  if (fields.flexible) in.TaggedFields();
  if (!in.AtEnd()) {
    return base::Error(absl::StatusCode::kDataLoss, "group value of %d bytes: its fields do not fill it", value.size());
  }
  return record;
}

}  // namespace moldau::coordinator
