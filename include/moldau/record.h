// A record on its way into a topic: key, value, headers and time, all borrowed from the caller for the length of one
// call. Records on their way out are moldau::RecordView (moldau/record/record_view.h).
//
// Threads: plain values.   Ownership: borrows; what it points to must live until the call it is passed to returns.
// Failure: none here; limits are checked where a record is appended.   Source: Kafka record batch v2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "moldau/record/record_view.h"
#include "moldau/types.h"

namespace moldau {

using record::HeaderView;
using record::RecordView;

// A header of a record: the key is never null, the value may be.
struct Header {
  std::string_view key;
  std::optional<std::string_view> value;
};

// A record to append or send. A null value is a tombstone; an empty one is not.
struct Record {
  std::optional<std::string_view> key = std::nullopt;
  std::optional<std::string_view> value = std::nullopt;
  std::span<const Header> headers = {};
  Timestamp timestamp = kNoTimestamp;  // unset: the time of the append
  int32_t partition = kAnyPartition;   // Producer::Send only; an explicit partition overrides the partitioner
};

}  // namespace moldau
