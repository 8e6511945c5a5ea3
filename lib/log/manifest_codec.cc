#include "log/manifest_codec.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "base/check.h"
#include "base/status_builder.h"
#include "log/segment_name.h"

namespace moldau::log {
namespace {

constexpr size_t kMaxBootId = 255;
constexpr size_t kUuidBytes = sizeof(Uuid::bytes);
constexpr size_t kSegmentBytes = 5 * 8 + 2 * 4 + 1;
constexpr size_t kEpochBytes = 4 + 8;
constexpr size_t kMinPartitionBytes = kUuidBytes + 1 + 4 + 5 * 8 + 4 + 4;  // without topic, segments and epochs
constexpr size_t kMinPartitionBytes1 = kMinPartitionBytes - 8;             // in version 1
constexpr size_t kHeadBytes = 2 * kUuidBytes + 4 + 1 + 1 + 4;              // without the boot id

// Stores fields one behind the other into room that is known to suffice.
class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}

  template <typename T>
  void Number(T value) {
    static_assert(std::is_integral_v<T>);
    std::memcpy(at_, &value, sizeof(value));
    at_ += sizeof(value);
  }
  void Bool(bool value) { Number(static_cast<uint8_t>(value)); }
  void Id(const Uuid& id) { Bytes(id.bytes.data(), id.bytes.size()); }
  void ShortText(std::string_view text) {
    Number(static_cast<uint8_t>(text.size()));
    Bytes(text.data(), text.size());
  }
  [[nodiscard]] const char* at() const { return at_; }

 private:
  void Bytes(const void* data, size_t size) {
    std::memcpy(at_, data, size);
    at_ += size;
  }
  char* at_;
};

// Takes fields one after the other. After the first that is not there it yields zeros, and ok() is false.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  T Number() {
    static_assert(std::is_integral_v<T>);
    T value = 0;
    if (const std::byte* from = Take(sizeof(value))) std::memcpy(&value, from, sizeof(value));
    return value;
  }
  bool Bool() {
    const uint8_t value = Number<uint8_t>();
    if (value > 1) Fail("a truth value is neither 0 nor 1");
    return value == 1;
  }
  Uuid Id() {
    Uuid id;
    if (const std::byte* from = Take(kUuidBytes)) std::memcpy(id.bytes.data(), from, kUuidBytes);
    return id;
  }
  std::string ShortText() {
    const size_t size = Number<uint8_t>();
    const std::byte* from = Take(size);
    return from == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(from), size);
  }
  // How many elements of at least `element_bytes` follow: never more than the bytes that are left can hold.
  size_t Count(size_t element_bytes) {
    const size_t count = Number<uint32_t>();
    if (count <= (bytes_.size() - position_) / element_bytes) return count;
    Fail("a list is longer than the file");
    return 0;
  }
  void Fail(const char* why) {
    if (ok()) why_ = why;
  }

  [[nodiscard]] bool ok() const { return why_ == nullptr; }
  [[nodiscard]] const char* why() const { return why_; }
  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] bool at_end() const { return position_ == bytes_.size(); }

 private:
  const std::byte* Take(size_t size) {
    if (size > bytes_.size() - position_) Fail("the file ends within a field");
    if (!ok()) return nullptr;
    position_ += size;
    return bytes_.data() + position_ - size;
  }

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  const char* why_ = nullptr;
};

void Write(Writer& out, const SegmentEntry& segment) {
  out.Number(segment.base_offset);
  out.Number(segment.end_offset);
  out.Number(segment.size_bytes);
  out.Number(segment.max_timestamp);
  out.Number(segment.max_timestamp_offset);
  out.Number(segment.offset_index_crc);
  out.Number(segment.time_index_crc);
  out.Bool(segment.sealed);
}

void Read(Reader& in, SegmentEntry& segment) {
  segment.base_offset = in.Number<int64_t>();
  segment.end_offset = in.Number<int64_t>();
  segment.size_bytes = in.Number<uint64_t>();
  segment.max_timestamp = in.Number<int64_t>();
  segment.max_timestamp_offset = in.Number<int64_t>();
  segment.offset_index_crc = in.Number<uint32_t>();
  segment.time_index_crc = in.Number<uint32_t>();
  segment.sealed = in.Bool();
}

void Write(Writer& out, const EpochEntry& epoch) {
  out.Number(epoch.epoch);
  out.Number(epoch.start_offset);
}

void Read(Reader& in, EpochEntry& epoch) {
  epoch.epoch = in.Number<int32_t>();
  epoch.start_offset = in.Number<int64_t>();
}

template <typename Element>
void WriteList(Writer& out, const std::vector<Element>& list) {
  out.Number(static_cast<uint32_t>(list.size()));
  for (const Element& element : list) Write(out, element);
}

template <typename Element>
void ReadList(Reader& in, size_t element_bytes, std::vector<Element>& list) {
  list.resize(in.Count(element_bytes));
  for (Element& element : list) Read(in, element);
}

void Write(Writer& out, const PartitionEntry& partition) {
  out.Id(partition.topic_id);
  out.ShortText(partition.topic);
  out.Number(partition.partition);
  out.Number(partition.recovery_point);
  out.Number(partition.log_start_offset);
  out.Number(partition.high_watermark);
  out.Number(partition.log_end_offset);
  out.Number(partition.cleaned_offset);
  WriteList(out, partition.segments);
  WriteList(out, partition.epochs);
}

void Read(Reader& in, uint32_t version, PartitionEntry& partition) {
  partition.topic_id = in.Id();
  partition.topic = in.ShortText();
  partition.partition = in.Number<int32_t>();
  partition.recovery_point = in.Number<int64_t>();
  partition.log_start_offset = in.Number<int64_t>();
  partition.high_watermark = in.Number<int64_t>();
  partition.log_end_offset = in.Number<int64_t>();
  partition.cleaned_offset = version == 1 ? 0 : in.Number<int64_t>();
  ReadList(in, kSegmentBytes, partition.segments);
  ReadList(in, kEpochBytes, partition.epochs);
}

absl::Status CheckPartition(const PartitionEntry& partition) {
  MOLDAU_RETURN_IF_ERROR(ValidateTopicName(partition.topic));
  if (partition.partition >= 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, "partition %s-%d: the number is negative", partition.topic,
                     partition.partition);
}

absl::Status Damaged(const Reader& in, size_t begin, std::string_view path, std::string_view why) {
  return base::Error(absl::StatusCode::kDataLoss, "%s: body is not valid at byte %d: %s", path, begin + in.position(),
                     why);
}

}  // namespace

absl::Status CheckManifest(const Manifest& manifest) {
  if (manifest.boot_id.size() > kMaxBootId) {
    return base::Error(absl::StatusCode::kInvalidArgument, "manifest: boot id of %d bytes is above %d",
                       manifest.boot_id.size(), kMaxBootId);
  }
  for (const PartitionEntry& partition : manifest.partitions) MOLDAU_RETURN_IF_ERROR(CheckPartition(partition));
  return absl::OkStatus();
}

size_t ManifestBodySize(const Manifest& manifest) {
  size_t size = kHeadBytes + manifest.boot_id.size() + manifest.partitions.size() * kMinPartitionBytes;
  for (const PartitionEntry& partition : manifest.partitions) {
    size += partition.topic.size() + partition.segments.size() * kSegmentBytes + partition.epochs.size() * kEpochBytes;
  }
  return size;
}

void AppendManifestBody(const Manifest& manifest, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + ManifestBodySize(manifest));
  Writer writer(out.data() + begin);
  writer.Id(manifest.cluster_id);
  writer.Id(manifest.directory_id);
  writer.Number(manifest.node_id);
  writer.Bool(manifest.clean_shutdown);
  writer.ShortText(manifest.boot_id);
  WriteList(writer, manifest.partitions);
  MOLDAU_CHECK(writer.at() == out.data() + out.size());
}

absl::StatusOr<Manifest> DecodeManifestBody(std::span<const std::byte> body, uint32_t version, size_t begin,
                                            std::string_view path) {
  Reader in(body);
  Manifest manifest;
  manifest.cluster_id = in.Id();
  manifest.directory_id = in.Id();
  manifest.node_id = in.Number<int32_t>();
  manifest.clean_shutdown = in.Bool();
  manifest.boot_id = in.ShortText();
  manifest.partitions.resize(in.Count(version == 1 ? kMinPartitionBytes1 : kMinPartitionBytes));
  for (PartitionEntry& partition : manifest.partitions) {
    Read(in, version, partition);
    if (!in.ok()) break;
    if (const absl::Status status = CheckPartition(partition); !status.ok()) {
      return Damaged(in, begin, path, std::string(status.message()));
    }
  }
  if (in.ok() && !in.at_end()) in.Fail("bytes follow the last partition");
  if (!in.ok()) return Damaged(in, begin, path, in.why());
  return manifest;
}

}  // namespace moldau::log
