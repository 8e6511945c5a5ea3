#include "log/partition_metadata.h"

#include <optional>

#include "base/check.h"
#include "base/status_builder.h"
#include "log/text_checkpoint.h"
#include "log/whole_file.h"

namespace moldau::log {
namespace {

constexpr size_t kMaxFileBytes = 4096;
constexpr std::string_view kVersionKey = "version: ";
constexpr std::string_view kTopicIdKey = "topic_id: ";

absl::Status Damaged(int line, const char* what) {
  return base::Error(absl::StatusCode::kDataLoss, "line %d: %s", line, what);
}

// Takes `key` off the front of `line`.
bool TakeKey(std::string_view& line, std::string_view key) {
  if (!line.starts_with(key)) return false;
  line.remove_prefix(key.size());
  return true;
}

}  // namespace

std::string EncodePartitionMetadata(const Uuid& topic_id) {
  MOLDAU_CHECK(!topic_id.is_zero());
  return absl::StrFormat("%s0\n%s%s", kVersionKey, kTopicIdKey, topic_id.ToString());
}

absl::StatusOr<Uuid> DecodePartitionMetadata(std::string_view text) {
  const size_t end = text.find('\n');
  std::string_view version = text.substr(0, end);
  std::string_view id = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  const std::optional<int64_t> number = TakeKey(version, kVersionKey) ? ParseDecimal(version, INT32_MAX) : std::nullopt;
  if (!number) return Damaged(1, "not a version");
  if (*number != 0) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "line 1: format version %d is newer than 0: written by a newer version", *number);
  }
  if (id.ends_with('\n')) id.remove_suffix(1);  // an editor's
  Uuid topic_id;
  if (!TakeKey(id, kTopicIdKey) || !Uuid::Parse(std::string(id), topic_id)) return Damaged(2, "not a topic id");
  if (topic_id.is_zero()) return Damaged(2, "the topic id is zero");
  return topic_id;
}

absl::StatusOr<Uuid> LoadPartitionMetadata(storage::Storage& storage, const std::string& directory) {
  const std::string path = absl::StrFormat("%s/%s", directory, kPartitionMetadataFileName);
  MOLDAU_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(storage, path, kMaxFileBytes));
  absl::StatusOr<Uuid> topic_id = DecodePartitionMetadata(text);
  if (!topic_id.ok()) return WithPath(topic_id.status(), path);
  return topic_id;
}

absl::Status StorePartitionMetadata(storage::Storage& storage, const std::string& directory, const Uuid& topic_id) {
  return ReplaceWholeFile(storage, directory, kPartitionMetadataFileName, EncodePartitionMetadata(topic_id));
}

}  // namespace moldau::log
