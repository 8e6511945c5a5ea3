// Values to bytes and bytes to values, for every message: `Encode(request, 5, out)`, `Decode<JoinGroupRequest>(bytes,
// 5)`. The bytes are a message's body; what stands before it on a connection is in header.h.
//
// Threads: safe.   Ownership: a decoded message owns what it holds, but for `Bytes` members, which share the owner of
// the bytes that were decoded.   Failure: statuses.   Source: Kafka protocol guide; KIP-482.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protocol/bytes.h"

namespace moldau::protocol {

struct DecodeLimits {
  // Of the elements of all arrays in memory. An element that takes a few bytes on the wire may take a hundred here.
  size_t max_memory = size_t{256} << 20;
};

// Record batches that belong into an encoding, before its byte `position`.
struct Splice {
  size_t position;
  Bytes bytes;
};

// Instantiated beside each message, so that whoever includes a message does not compile its codec.
template <typename Message>
struct Codec {
  static absl::Status Encode(const Message& message, int16_t version, std::string& out, std::vector<Splice>* splices);
  static absl::StatusOr<Message> Decode(const Bytes& bytes, int16_t version, const DecodeLimits& limits);
};

// Appends the body of `message` to `out`. Fails, leaving `out` as it was, for a version that does not exist, a field
// that is set while this version lacks it (kUnsupportedVersion, unless the field may be dropped), null where this
// version allows none, and a string of more than 32,767 bytes (kInvalidRequest).
template <typename Message>
[[nodiscard]] absl::Status Encode(const Message& message, int16_t version, std::string& out) {
  return Codec<Message>::Encode(message, version, out, nullptr);
}

// The same, but record batches stay where they are: `splices` gets them in their order, each with the place in `out`
// that it belongs to. So a fetched slice of a log goes from its mapping to a socket.
template <typename Message>
[[nodiscard]] absl::Status EncodeAround(const Message& message, int16_t version, std::string& out,
                                        std::vector<Splice>& splices) {
  return Codec<Message>::Encode(message, version, out, &splices);
}

// Fails with kUnsupportedVersion for a version that does not exist, and with kInvalidRequest unless the bytes are one
// whole body and nothing else. Memory is reserved only for what the bytes can hold and `limits` allow. Tagged fields
// that are not known are skipped.
template <typename Message>
[[nodiscard]] absl::StatusOr<Message> Decode(const Bytes& bytes, int16_t version, const DecodeLimits& limits = {}) {
  return Codec<Message>::Decode(bytes, version, limits);
}

}  // namespace moldau::protocol
