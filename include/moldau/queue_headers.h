// The headers by which records and queues speak to each other: when a record may be handed out, and what became of one
// that nobody could work on.
//
// Threads: constants.   Ownership: none.   Failure: none.
#pragma once

#include <string_view>

namespace moldau {

// A record with this header, milliseconds since the Unix epoch in decimal, is not handed out earlier.
inline constexpr std::string_view kNotBeforeHeader = "moldau.not-before";

// What a dead letter has in addition to its own headers: why, how often it was handed out, and where it lay.
inline constexpr std::string_view kDeadLetterReasonHeader = "moldau.dead-letter.reason";
inline constexpr std::string_view kDeadLetterDeliveriesHeader = "moldau.dead-letter.deliveries";
inline constexpr std::string_view kDeadLetterQueueHeader = "moldau.dead-letter.queue";
inline constexpr std::string_view kDeadLetterTopicHeader = "moldau.dead-letter.topic";
inline constexpr std::string_view kDeadLetterPartitionHeader = "moldau.dead-letter.partition";
inline constexpr std::string_view kDeadLetterOffsetHeader = "moldau.dead-letter.offset";

}  // namespace moldau
