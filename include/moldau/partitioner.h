// Which partition a record goes to. Records with a key go where Kafka's Java client would send them, so that producers
// in several languages agree; records without one fill a batch of one partition, then of the next.
//
// Threads: plain functions; a host's own partitioner is called from every thread that sends.   Ownership: none.
// Failure: none.   Source: KIP-480 and KIP-794 for records without a key; Kafka's BuiltInPartitioner and Utils.murmur2.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "moldau/record.h"

namespace moldau {

// Kafka's hash of a key: MurmurHash2 in 32 bits with the seed of the Java client.
[[nodiscard]] int32_t Murmur2(std::string_view key) noexcept;

// The partition of `key` among `partition_count` (> 0). An empty key is a key.
[[nodiscard]] int32_t PartitionForKey(std::string_view key, int32_t partition_count) noexcept;

// A host's own choice, which must lie in [0, partition_count), or be kAnyPartition for the choice that Moldau would
// make. Not asked about records that name their partition.
using Partitioner = std::function<int32_t(std::string_view topic, const Record& record, int32_t partition_count)>;

}  // namespace moldau
