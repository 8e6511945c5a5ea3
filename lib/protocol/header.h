// What stands before a message's body on a connection. Its layout follows from the key and version of the request:
// flexible ones carry tagged fields in it. The client id keeps its two-byte length even there, and an answer to
// ApiVersions never has tagged fields: its reader cannot know yet which version the server speaks (KIP-511).
//
// Threads: safe.   Ownership: values.   Failure: statuses; kInvalidRequest for bytes that are no header.
// Source: Kafka protocol guide, request and response headers; KIP-482, KIP-511.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protocol/api.h"
#include "protocol/wire_reader.h"

namespace moldau::protocol {

struct RequestHeader {
  int16_t api_key = 0;  // also one that is not in the table
  int16_t api_version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string> client_id;

  friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

// Appends to `out`. Fails, leaving it as it was, if the client id is longer than 32,767 bytes.
[[nodiscard]] absl::Status EncodeRequestHeader(const RequestHeader& header, std::string& out);

// Reads a header and leaves `in` at the body. Of a request whose key is not in the table the tagged fields stay unread.
[[nodiscard]] absl::StatusOr<RequestHeader> DecodeRequestHeader(WireReader& in);

// The header of an answer to a request of this key and version.
void EncodeResponseHeader(ApiKey key, int16_t version, int32_t correlation_id, std::string& out);

// The correlation id; leaves `in` at the body.
[[nodiscard]] absl::StatusOr<int32_t> DecodeResponseHeader(ApiKey key, int16_t version, WireReader& in);

}  // namespace moldau::protocol
