#include "metadata/metadata_record.h"

#include "base/status_builder.h"
#include "protocol/wire_reader.h"
#include "protocol/wire_writer.h"

namespace moldau::metadata {
namespace {

using protocol::WireReader;
using protocol::WireWriter;

constexpr uint32_t kFrameVersion = 1;
constexpr int8_t kTopicResource = 2;  // of a ConfigRecord

enum RecordType : uint32_t { kTopic = 2, kPartition = 3, kConfig = 4, kRemoveTopic = 9, kProducerIds = 15 };

// The version of each type that is written; decoding accepts no other.
constexpr uint32_t VersionOf(uint32_t type) { return type == kPartition ? 2 : 0; }

void PutNodes(WireWriter& out, std::span<const int32_t> nodes) {
  out.CompactLength(nodes.size());
  for (const int32_t node : nodes) out.Int(node);
}

std::vector<int32_t> GetNodes(WireReader& in) {
  std::vector<int32_t> nodes(in.CompactArrayLength(sizeof(int32_t)));
  for (int32_t& node : nodes) node = in.Int<int32_t>();
  return nodes;
}

WireWriter BeginRecord(RecordType type) {
  WireWriter out;
  out.UnsignedVarint(kFrameVersion);
  out.UnsignedVarint(type);
  out.UnsignedVarint(VersionOf(type));
  return out;
}

struct Encoder {
  std::string operator()(const TopicRecord& record) const {
    WireWriter out = BeginRecord(kTopic);
    out.CompactString(record.name);
    out.Id(record.id);
    out.NoTaggedFields();
    return std::move(out).take();
  }

  std::string operator()(const PartitionRecord& record) const {
    WireWriter out = BeginRecord(kPartition);
    out.Int(record.partition);
    out.Id(record.topic_id);
    PutNodes(out, record.replicas);
    PutNodes(out, record.in_sync_replicas);
    PutNodes(out, {});  // removing
    PutNodes(out, {});  // adding
    out.Int(record.leader);
    out.Int(record.leader_epoch);
    out.Int(record.partition_epoch);
    out.CompactLength(record.directories.size());
    for (const Uuid& directory : record.directories) out.Id(directory);
    out.NoTaggedFields();
    return std::move(out).take();
  }

  std::string operator()(const ConfigRecord& record) const {
    WireWriter out = BeginRecord(kConfig);
    out.Int(kTopicResource);
    out.CompactString(record.topic);
    out.CompactString(record.name);
    if (record.value) {
      out.CompactString(*record.value);
    } else {
      out.CompactNull();
    }
    out.NoTaggedFields();
    return std::move(out).take();
  }

  std::string operator()(const RemoveTopicRecord& record) const {
    WireWriter out = BeginRecord(kRemoveTopic);
    out.Id(record.topic_id);
    out.NoTaggedFields();
    return std::move(out).take();
  }

  std::string operator()(const ProducerIdsRecord& record) const {
    WireWriter out = BeginRecord(kProducerIds);
    out.Int(record.node);
    out.Int(record.node_epoch);
    out.Int(record.next_producer_id);
    out.NoTaggedFields();
    return std::move(out).take();
  }
};

TopicRecord GetTopic(WireReader& in) {
  TopicRecord record;
  record.name = in.CompactString();
  record.id = in.Id();
  return record;
}

PartitionRecord GetPartition(WireReader& in) {
  PartitionRecord record;
  record.partition = in.Int<int32_t>();
  record.topic_id = in.Id();
  record.replicas = GetNodes(in);
  record.in_sync_replicas = GetNodes(in);
  // A reassignment under way cannot be continued by this version.
  if (!GetNodes(in).empty() || !GetNodes(in).empty()) in.Fail();
  record.leader = in.Int<int32_t>();
  record.leader_epoch = in.Int<int32_t>();
  record.partition_epoch = in.Int<int32_t>();
  record.directories.resize(in.CompactArrayLength(sizeof(Uuid)));
  for (Uuid& directory : record.directories) directory = in.Id();
  return record;
}

ConfigRecord GetConfig(WireReader& in) {
  ConfigRecord record;
  if (in.Int<int8_t>() != kTopicResource) in.Fail();
  record.topic = in.CompactString();
  record.name = in.CompactString();
  if (const auto value = in.CompactNullableString()) record.value = *value;
  return record;
}

ProducerIdsRecord GetProducerIds(WireReader& in) {
  ProducerIdsRecord record;
  record.node = in.Int<int32_t>();
  record.node_epoch = in.Int<int64_t>();
  record.next_producer_id = in.Int<int64_t>();
  return record;
}

MetadataRecord GetFields(WireReader& in, uint32_t type) {
  switch (type) {
    case kTopic:
      return GetTopic(in);
    case kPartition:
      return GetPartition(in);
    case kConfig:
      return GetConfig(in);
    case kProducerIds:
      return GetProducerIds(in);
    default:
      return RemoveTopicRecord{in.Id()};
  }
}

bool IsKnown(uint32_t type) {
  return type == kTopic || type == kPartition || type == kConfig || type == kRemoveTopic || type == kProducerIds;
}

}  // namespace

std::string EncodeMetadataRecord(const MetadataRecord& record) { return std::visit(Encoder{}, record); }

absl::StatusOr<MetadataRecord> DecodeMetadataRecord(std::string_view value) {
  WireReader in(value);
  const uint32_t frame = in.UnsignedVarint();
  const uint32_t type = in.UnsignedVarint();
  const uint32_t version = in.UnsignedVarint();
  if (!in.ok()) {
    return base::Error(absl::StatusCode::kDataLoss, "metadata record of %d bytes: its frame is cut off", value.size());
  }
  if (frame != kFrameVersion || !IsKnown(type) || version != VersionOf(type)) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "metadata record of frame %d, type %d, version %d: a newer version of moldau wrote it", frame,
                       type, version);
  }
  MetadataRecord record = GetFields(in, type);
  in.TaggedFields();
  if (!in.AtEnd()) {
    return base::Error(absl::StatusCode::kDataLoss, "metadata record of type %d, %d bytes: its fields do not fill it",
                       type, value.size());
  }
  return record;
}

}  // namespace moldau::metadata
