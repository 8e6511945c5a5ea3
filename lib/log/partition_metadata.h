// The file `partition.metadata` of a partition's directory: which topic, by id, the directory belongs to, so that a
// topic deleted and created again under the same name never inherits old records.
//
// Threads: pure functions.   Ownership: values.   Failure: DataLoss for anything but what Kafka writes;
// FailedPrecondition for a newer version.   Source: Kafka's PartitionMetadataFile, KIP-516.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "moldau/storage/storage.h"
#include "moldau/types.h"

namespace moldau::log {

inline constexpr std::string_view kPartitionMetadataFileName = "partition.metadata";

// Two lines, without a newline at the end. The id must not be zero.
[[nodiscard]] std::string EncodePartitionMetadata(const Uuid& topic_id);
[[nodiscard]] absl::StatusOr<Uuid> DecodePartitionMetadata(std::string_view text);

// The file in a partition's `directory`. NotFound if there is none.
[[nodiscard]] absl::StatusOr<Uuid> LoadPartitionMetadata(storage::Storage& storage, const std::string& directory);

// Durable when it returns OK; as ReplaceWholeFile.
absl::Status StorePartitionMetadata(storage::Storage& storage, const std::string& directory, const Uuid& topic_id);

}  // namespace moldau::log
