// String.hashCode of Java, by which Kafka chooses the partition of an internal topic for a group.
//
// Threads: pure function.   Ownership: none.
// Failure: none; like Java's decoder it takes bytes that are no UTF-8 for U+FFFD.   Source: java.lang.String.
#pragma once

#include <cstdint>
#include <string_view>

namespace moldau::coordinator {

// Of the text as UTF-16, which is what Java strings are made of; `text` is UTF-8.
[[nodiscard]] int32_t JavaStringHash(std::string_view text);

// abs(hash) % partitions, where the absolute value of the least number is 0.
[[nodiscard]] int32_t PartitionForGroup(std::string_view group, int32_t partitions);

}  // namespace moldau::coordinator
